#include "coffer/model/duration.h"

#include <charconv>
#include <cmath>

namespace coffer::model {
namespace {

constexpr double kMinute = 60;
constexpr double kHour = 3600;
constexpr double kDay = 24 * kHour;

Error refused() {
  return make_error(ErrorCode::invalid_argument,
                    "not a duration: wanted seconds, or numbers with units as in 1h30m");
}

/// Seconds of one unit; 0: there is no such unit.
double unit_seconds(std::string_view unit) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"s", 1},     {"m", kMinute}, {"h", kHour}, {"d", kDay},
      {"ms", 1e-3}, {"us", 1e-6},   {"ns", 1e-9}, {"\xc2\xb5s", 1e-6}};
  for (const auto& [name, seconds] : kUnits) {
    if (name == unit) return seconds;
  }
  return 0;
}

/// Takes "1.5" off the front. `text` begins with a digit or a point, so from_chars sees no sign,
/// no "inf" and no "nan".
Result<double> take_number(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const char* end = text.data() + size;
  const auto [stop, problem] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (size == 0 || problem != std::errc{} || stop != end) return refused();
  text.remove_prefix(size);
  return number;
}

Result<double> take_part(std::string_view& text, bool alone) {
  COFFER_TRY(const double number, take_number(text));
  if (text.empty() && alone) return number;
  const std::size_t size = std::min(text.find_first_of("0123456789."), text.size());
  const double unit = unit_seconds(text.substr(0, size));
  if (unit == 0) return refused();
  text.remove_prefix(size);
  return number * unit;
}

}  // namespace

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::chrono::seconds(0);
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return refused();
  double total = 0;
  for (bool alone = true; !text.empty(); alone = false) {
    COFFER_TRY(const double part, take_part(text, alone));
    total += part;
  }
  if (!(total <= static_cast<double>(kLongestDuration.count()))) return refused();
  // A tenth of a nanosecond less, so that what rounding added to a whole number doesn't count.
  const std::chrono::seconds seconds(static_cast<std::int64_t>(std::ceil(total - 1e-10)));
  return negative ? -seconds : seconds;
}

std::string to_text(std::chrono::seconds duration) {
  std::string text(duration.count() < 0 ? "-" : "");
  const std::int64_t seconds = std::abs(duration.count());
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) text += std::to_string(seconds % 3600 / 60) + "m";
  return text + std::to_string(seconds % 60) + "s";
}

}  // namespace coffer::model
