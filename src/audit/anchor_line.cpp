#include "coffer/audit/anchor_line.h"

#include <charconv>

#include "coffer/model/json_tree.h"
#include "look_back.h"
#include "render.h"

namespace coffer::audit {
namespace {

using model::Json;

constexpr std::string_view kMark = "\"type\":\"anchor\"";
/// One is written each five minutes, and at each stop: older ones say little of the token.
constexpr std::size_t kMostSegments = 2;

bool read_number(const Json* from, std::uint64_t& into) {
  if (from == nullptr) return false;
  const std::string& digits = from->text();
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
  return problem == std::errc() && end == digits.data() + digits.size();
}

}  // namespace

Line anchor_line(const AnchorLine& said, WallTime now) {
  Line line{Line::Kind::system, {}, "{"};
  append_member(line.body, "time", to_rfc3339(now));
  append_member(line.body, "type", kAnchorType);
  std::string anchor = "{\"number\":" + std::to_string(said.number);
  anchor += ",\"sequence\":" + std::to_string(said.sequence);
  anchor += ",\"lines\":" + std::to_string(said.lines);
  append_member(anchor, "object", said.object);
  append_raw_member(line.body, "anchor", anchor + "}");
  return line;
}

Result<AnchorLine> read_anchor_line(std::string_view line) {
  AnchorLine said;
  const Result<Json> read = Json::parse(line);
  const Json* const object = read.ok() ? read->find_path({"anchor", "object"}) : nullptr;
  if (object == nullptr || !read_number(read->find_path({"anchor", "number"}), said.number) ||
      !read_number(read->find_path({"anchor", "sequence"}), said.sequence) ||
      !read_number(read->find_path({"anchor", "lines"}), said.lines)) {
    return make_error(ErrorCode::corrupt, "a line about the token's anchor can't be read");
  }
  said.object = object->text();
  return said;
}

Result<std::optional<AnchorLine>> last_anchor_line(const std::string& directory,
                                                   const IsOurs& ours) {
  std::optional<AnchorLine> last;
  const auto take = [&](std::string_view line) -> Result<bool> {
    // Data of a request that look like it are no member of the line.
    const Result<Json> read = Json::parse(line);
    const Json* const type = read.ok() ? read->find("type") : nullptr;
    if (type == nullptr || type->text() != kAnchorType) return false;
    COFFER_TRY(AnchorLine said, read_anchor_line(line));
    if (!ours(said)) return false;
    last = std::move(said);
    return true;
  };
  COFFER_CHECK(look_back(directory, kMark, take, kMostSegments));
  return last;
}

}  // namespace coffer::audit
