#include "coffer/audit/store_line.h"

#include <charconv>

#include "coffer/model/json_tree.h"
#include "look_back.h"
#include "render.h"

namespace coffer::audit {
namespace {

using model::Json;

constexpr std::string_view kType = "\"type\":\"store\"";

Error unreadable() {
  return make_error(ErrorCode::corrupt, "a line of the audit log about the store can't be read");
}

/// nullopt: another type, whatever its data say.
Result<std::optional<StoreLine>> parse(std::string_view text) {
  const Result<Json> line = Json::parse(text);
  if (!line.ok()) return unreadable();
  const Json* type = line->find("type");
  if (type == nullptr || type->text() != "store") return std::optional<StoreLine>();
  const Json* sequence = line->find_path({"store", "sequence"});
  const Json* commitment = line->find_path({"store", "commitment"});
  if (sequence == nullptr || commitment == nullptr) return unreadable();
  StoreLine said{.commitment = commitment->text()};
  const std::string& digits = sequence->text();
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), said.sequence);
  if (problem != std::errc() || end != digits.data() + digits.size()) return unreadable();
  return std::optional(std::move(said));
}

}  // namespace

Line store_line(const StoreLine& said, WallTime now) {
  Line line{Line::Kind::system, {}, "{"};
  append_member(line.body, "time", to_rfc3339(now));
  append_member(line.body, "type", "store");
  std::string store = "{\"sequence\":" + std::to_string(said.sequence);
  append_member(store, "commitment", said.commitment);
  append_raw_member(line.body, "store", store + "}");
  return line;
}

Result<std::optional<StoreLine>> last_store_line(const std::string& directory) {
  std::optional<StoreLine> last;
  const auto take = [&last](std::string_view line) -> Result<bool> {
    COFFER_TRY(const auto said, parse(line));
    if (!said) return false;
    last = *said;
    return true;
  };
  COFFER_CHECK(look_back(directory, kType, take));
  return last;
}

}  // namespace coffer::audit
