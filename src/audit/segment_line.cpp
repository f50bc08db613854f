// The first line of a segment, which carries the tree over: so a log whose first segments were
// archived still has the hashes that its roots need.
#include <chrono>

#include "line.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kTree = ",\"type\":\"segment\",\"tree\":[";
constexpr std::size_t kHexHash = 64;

/// Two digits at `at`, at most `most`; -1 else.
int two_digits(std::string_view text, std::size_t at, int most) noexcept {
  const auto digit = [&](std::size_t i) {
    return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -1000;
  };
  const int value = 10 * digit(at) + digit(at + 1);
  return value < 0 || value > most ? -1 : value;
}

}  // namespace

Line segment_line(WallTime time, const Frontier& tree) {
  Line line;
  line.body.append("{\"time\":\"").append(to_rfc3339(time)).append("\"").append(kTree);
  bool first = true;
  for (const TreeHash& hash : tree.hashes()) {
    line.body.append(first ? "\"" : ",\"").append(to_hex(hash)).append("\"");
    first = false;
  }
  line.body.append("]");
  return line;
}

Result<Frontier> told_tree(std::string_view line, const ParsedLine& parsed) {
  const auto wrong = [] {
    return make_error(
        ErrorCode::corrupt,
        "the first line of the segment does not tell the tree of the lines before it");
  };
  const std::size_t at = line.find(kTree);
  if (parsed.head.type != kSegment || at == std::string_view::npos) return wrong();
  std::string_view rest = line.substr(at + kTree.size());
  std::vector<TreeHash> hashes;
  while (rest.starts_with('"') && hashes.size() < 64) {
    const auto bytes = from_hex(rest.substr(1, kHexHash));
    if (!bytes.ok() || bytes->size() != std::tuple_size_v<TreeHash>) return wrong();
    TreeHash hash;
    std::copy(bytes->begin(), bytes->end(), hash.begin());
    hashes.push_back(hash);
    if (!rest.substr(1 + kHexHash).starts_with('"')) return wrong();
    rest.remove_prefix(2 + kHexHash);
    if (rest.starts_with(",\"")) rest.remove_prefix(1);
  }
  if (!rest.starts_with(']')) return wrong();
  auto tree = Frontier::from(parsed.sequence - 1, hashes);
  if (!tree.ok()) return wrong();
  return tree;
}

std::optional<std::int64_t> seconds_of(std::string_view time) {
  constexpr std::size_t kWhole = 19;  // 2026-01-02T03:04:05
  if (time.size() <= kWhole || time[4] != '-' || time[7] != '-' || time[10] != 'T' ||
      time[13] != ':' || time[16] != ':') {
    return std::nullopt;
  }
  const int century = two_digits(time, 0, 99);
  const int year = two_digits(time, 2, 99);
  const int month = two_digits(time, 5, 12);
  const int day = two_digits(time, 8, 31);
  const int hour = two_digits(time, 11, 23);
  const int minute = two_digits(time, 14, 59);
  const int second = two_digits(time, 17, 60);
  if (century < 0 || year < 0 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(100 * century + year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;  // the thirtieth of February
  const std::chrono::seconds of_day =
      std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  return (std::chrono::sys_seconds(std::chrono::sys_days(date)) + of_day)
      .time_since_epoch()
      .count();
}

}  // namespace coffer::audit
