#include "coffer/audit/anchor_line.h"

#include <charconv>

#include "coffer/model/json_tree.h"
#include "render.h"

namespace coffer::audit {
namespace {

using model::Json;

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

}  // namespace coffer::audit
