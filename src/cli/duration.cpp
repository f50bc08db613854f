#include "duration.h"

#include <charconv>

namespace coffer::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::hours(24 * 366);

Error refused() {
  return make_error(ErrorCode::invalid_argument,
                    "not a duration: want seconds, or numbers with h, m, s or ms, as 1h30m");
}

/// Takes one number and its unit off the front. A bare number is seconds only when `alone`.
Result<milliseconds> take_part(std::string_view& text, bool alone) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > kLongest.count()) return refused();
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::size_t unit_size = std::min(text.find_first_of("0123456789"), text.size());
  const std::string_view unit = text.substr(0, unit_size);
  text.remove_prefix(unit_size);
  // A number is at most 366 days of milliseconds, so no product overflows.
  if (unit == "h") return milliseconds(std::chrono::hours(number));
  if (unit == "m") return milliseconds(std::chrono::minutes(number));
  if (unit == "s" || (unit.empty() && alone)) return milliseconds(std::chrono::seconds(number));
  if (unit == "ms") return milliseconds(number);
  return refused();
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

}  // namespace coffer::cli
