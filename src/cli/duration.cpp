#include "duration.h"

#include <charconv>

namespace coffer::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::hours(24 * 36600);

Error refused() {
  return make_error(ErrorCode::invalid_argument,
                    "not a duration: want seconds, or numbers with d, h, m, s or ms, as 1h30m");
}

/// Zero: no such unit. A bare number is seconds only when `alone`.
milliseconds unit_of(std::string_view unit, bool alone) {
  if (unit == "d") return std::chrono::hours(24);
  if (unit == "h") return std::chrono::hours(1);
  if (unit == "m") return std::chrono::minutes(1);
  if (unit == "s" || (unit.empty() && alone)) return std::chrono::seconds(1);
  if (unit == "ms") return milliseconds(1);
  return milliseconds(0);
}

/// Takes one number and its unit off the front.
Result<milliseconds> take_part(std::string_view& text, bool alone) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return refused();
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::size_t unit_size = std::min(text.find_first_of("0123456789"), text.size());
  const milliseconds unit = unit_of(text.substr(0, unit_size), alone);
  text.remove_prefix(unit_size);
  if (unit.count() == 0 || number > kLongest / unit) return refused();
  return number * unit;
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return refused();
  milliseconds total{0};
  for (bool first = true; !text.empty(); first = false) {
    COFFER_TRY(const milliseconds part, take_part(text, first));
    total += part;
    if (total > kLongest) return refused();
  }
  return total;
}

std::string format_duration(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds <= 0) return std::to_string(seconds) + "s";
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds % 3600 >= 60) text += std::to_string(seconds % 3600 / 60) + "m";
  if (seconds % 60 != 0) text += std::to_string(seconds % 60) + "s";
  return text;
}

std::string wire_duration(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) text += std::to_string(seconds % 3600 / 60) + "m";
  return text + std::to_string(seconds % 60) + "s";
}

}  // namespace coffer::cli
