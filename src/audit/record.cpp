#include "coffer/audit/record.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "coffer/model/json_tree.h"
#include "record_line.h"

namespace coffer::audit {
namespace {

using model::Json;

constexpr std::array<std::pair<Ending, std::string_view>, 4> kEndings = {{
    {Ending::served, "served"},
    {Ending::denied, "denied"},
    {Ending::failed, "failed"},
    {Ending::interrupted, "interrupted"},
}};
/// As the daemon answers 403.
constexpr std::string_view kDenied = "permission denied";

std::string text_at(const Json& line, std::initializer_list<std::string_view> names) {
  const Json* found = line.find_path(names);
  if (found == nullptr || found->is_object() || found->is_array()) return {};
  return found->text();
}

std::int64_t number_at(const Json& line, std::initializer_list<std::string_view> names) {
  const std::string text = text_at(line, names);
  std::int64_t number = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? number : -1;
}

Ending ending_of(const Json& line, const Record& record, std::string_view type) {
  if (type == kInterrupted) return Ending::interrupted;
  if (record.error.empty()) return Ending::served;
  const bool refused = text_at(line, {"auth", "policy_results", "allowed"}) == "false";
  return refused || record.error.starts_with(kDenied) ? Ending::denied : Ending::failed;
}

/// What stands behind the seconds: `Z`, or a fraction and that.
bool is_utc_tail(std::string_view text) {
  if (text == "Z") return true;
  const std::size_t end = text.find_first_not_of("0123456789", 1);
  return text.starts_with('.') && end > 1 && end != std::string_view::npos &&
         text.substr(end) == "Z";
}

/// `*` stands for any characters.
bool fits(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  for (;;) {
    const std::size_t next = pattern.find('*');
    const std::string_view piece = pattern.substr(0, next);
    if (next == std::string_view::npos) return text.ends_with(piece);
    const std::size_t at = text.find(piece);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + piece.size());
    pattern.remove_prefix(next + 1);
  }
}

}  // namespace

std::string_view to_string(Ending ending) noexcept {
  return kEndings[static_cast<std::size_t>(ending)].second;
}

std::optional<Ending> parse_ending(std::string_view text) {
  for (const auto& [ending, name] : kEndings) {
    if (name == text) return ending;
  }
  return std::nullopt;
}

std::string Record::caller() const {
  if (!display_name.empty()) return display_name;
  if (!unit.empty()) return unit;
  return uid < 0 ? std::string() : "uid " + std::to_string(uid);
}

Result<Record> read_record(std::string_view line, const ParsedLine& parsed) {
  const Result<Json> json = Json::parse(line);
  if (!json.ok()) return make_error(ErrorCode::corrupt, "the line is no JSON object");
  Record record;
  record.sequence = parsed.sequence;
  record.time = parsed.head.time;
  record.request = to_string(parsed.head.request);
  record.operation = text_at(*json, {"request", "operation"});
  record.path = text_at(*json, {"request", "path"});
  record.accessor = text_at(*json, {"auth", "accessor"});
  record.display_name = text_at(*json, {"auth", "display_name"});
  if (const Json* policies = json->find_path({"auth", "policies"}); policies != nullptr) {
    for (const Json& policy : policies->elements()) record.policies.push_back(policy.text());
  }
  record.uid = number_at(*json, {"peer", "uid"});
  record.unit = text_at(*json, {"peer", "unit"});
  record.rule = text_at(*json, {"rule", "path"});
  record.policy = text_at(*json, {"rule", "policy"});
  record.error = text_at(*json, {"error"});
  record.ending = ending_of(*json, record, parsed.head.type);
  return record;
}

bool matches(const RecordFilter& filter, const Record& record) {
  const auto same = [](const std::string& wanted, const std::string& is) {
    return wanted.empty() || wanted == is;
  };
  if (!filter.path.empty() && !fits(filter.path, record.path)) return false;
  if (!same(filter.accessor, record.accessor) || !same(filter.operation, record.operation)) {
    return false;
  }
  if (!same(filter.policy, record.policy)) return false;
  if (!filter.caller.empty() && filter.caller != record.display_name &&
      filter.caller != record.unit && filter.caller != std::to_string(record.uid)) {
    return false;
  }
  if (filter.ending && *filter.ending != record.ending) return false;
  if (!filter.since && !filter.until) return true;
  const auto time = seconds_of(record.time);
  return time && (!filter.since || *time >= *filter.since) &&
         (!filter.until || *time < *filter.until);
}

Result<std::int64_t> parse_moment(std::string_view text) {
  constexpr std::size_t kDay = 10;
  constexpr std::size_t kWhole = 19;
  const std::string whole = std::string(text) + (text.size() == kDay ? "T00:00:00Z" : "");
  const auto seconds = seconds_of(whole);
  if (seconds && is_utc_tail(std::string_view(whole).substr(kWhole))) return *seconds;
  return make_error(ErrorCode::invalid_argument,
                    "a time must be in UTC, as 2026-01-02T03:04:05Z or 2026-01-02, of a day that "
                    "the calendar has");
}

}  // namespace coffer::audit
