#include "coffer/audit/event.h"

#include <algorithm>
#include <array>

#include "coffer/model/json_tree.h"
#include "each_line.h"

namespace coffer::audit {
namespace {

using model::Json;

constexpr std::array<std::string_view, 4> kRoutine = {"heartbeat", kSegment, "store", "anchor"};
/// What each line has.
constexpr std::array<std::string_view, 6> kOfTheLine = {"time", "type", "node",
                                                        "seq",  "open", "prev"};

std::string detail_of(const Json& line) {
  if (const Json* detail = line.find("detail"); detail != nullptr) return detail->text();
  std::string told;
  for (const auto& [name, value] : line.members()) {
    const bool own = std::find(kOfTheLine.begin(), kOfTheLine.end(), name) != kOfTheLine.end();
    if (own || value.is_object() || value.is_array()) continue;
    told.append(told.empty() ? "" : ", ").append(name).append(" ").append(value.text());
  }
  return told;
}

bool is_within(std::string_view time, const std::optional<std::int64_t>& since,
               const std::optional<std::int64_t>& until) {
  if (!since && !until) return true;
  const auto seconds = seconds_of(time);
  return seconds && (!since || *seconds >= *since) && (!until || *seconds < *until);
}

}  // namespace

bool is_routine(std::string_view type) noexcept {
  return std::find(kRoutine.begin(), kRoutine.end(), type) != kRoutine.end();
}

Result<void> find_events(const std::string& directory, const std::optional<std::int64_t>& since,
                         const std::optional<std::int64_t>& until,
                         const std::function<void(const Event&)>& found) {
  const auto take = [&](const LogLine& line) -> Result<void> {
    const Head& head = line.parsed.head;
    if (head.kind != Line::Kind::system || is_routine(head.type)) return {};
    if (!is_within(head.time, since, until)) return {};
    const Result<Json> json = Json::parse(line.raw.text);
    if (!json.ok()) return make_error(ErrorCode::corrupt, "the line is no JSON object");
    found({.sequence = line.parsed.sequence,
           .time = std::string(head.time),
           .type = std::string(head.type),
           .detail = detail_of(*json)});
    return {};
  };
  COFFER_CHECK(each_line(directory, {}, take));
  return {};
}

}  // namespace coffer::audit
