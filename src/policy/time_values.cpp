#include "time_values.h"

#include <charconv>
#include <limits>

namespace coffer::policy {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kFractionDigits = 9;

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

// "ms" before "m": the first that fits counts.
constexpr Unit kUnits[] = {
    {"ns", 1},           {"us", 1'000},         {"ms", 1'000'000},      {"s", kSecond},
    {"m", 60 * kSecond}, {"h", 3600 * kSecond}, {"d", 86'400 * kSecond}};

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes the digits at the front; nullopt: none, or too many for 64 bits.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// Takes ".25" as billionths; digits beyond the ninth say nothing that a nanosecond could tell.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  std::int64_t billionths = 0;
  std::size_t digits = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits) {
    if (digits < kFractionDigits) billionths = billionths * 10 + (text.front() - '0');
  }
  if (digits == 0) return std::nullopt;
  for (; digits < kFractionDigits; ++digits) billionths *= 10;
  return billionths;
}

const Unit* take_unit(std::string_view& text) {
  for (const Unit& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return &unit;
  }
  return nullptr;
}

/// count.billionths units, added to `total`; false: too much.
bool add(std::int64_t& total, std::int64_t count, std::int64_t billionths, std::int64_t unit) {
  std::int64_t whole = 0;
  // Units are at most 86,400 seconds: the fraction's product is taken in two steps to fit.
  const std::int64_t part =
      unit >= kSecond ? billionths * (unit / kSecond) : billionths * unit / kSecond;
  return !__builtin_mul_overflow(count, unit, &whole) &&
         !__builtin_add_overflow(total, whole, &total) &&
         !__builtin_add_overflow(total, part, &total);
}

std::optional<int> fixed_number(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// `Z`, or `+hh:mm`, in minutes.
std::optional<int> parse_zone(std::string_view zone) {
  if (zone == "Z") return 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return {};
  const auto hours = fixed_number(zone, 1, 2);
  const auto minutes = fixed_number(zone, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const int offset = *hours * 60 + *minutes;
  return zone[0] == '-' ? -offset : offset;
}

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  const auto year = fixed_number(text, 0, 4);
  const auto month = fixed_number(text, 5, 2);
  const auto day = fixed_number(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  // What 64 bits of nanoseconds hold, with a day to spare for the offset.
  if (!date.ok() || *year < 1970 || *year > 2261) return std::nullopt;
  return std::chrono::sys_days(date);
}

}  // namespace

std::optional<nanoseconds> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  bool first = true;
  while (!text.empty()) {
    const auto count = take_number(text);
    if (!count) return std::nullopt;
    if (first && text.empty()) {  // digits alone are seconds
      if (!add(total, *count, 0, kSecond)) return std::nullopt;
      return nanoseconds(total);
    }
    const auto billionths = take_fraction(text);
    const Unit* unit = take_unit(text);
    if (!billionths || unit == nullptr) return std::nullopt;
    if (!add(total, *count, *billionths, unit->nanoseconds)) return std::nullopt;
    first = false;
  }
  if (first) return std::nullopt;
  return nanoseconds(total);
}

std::optional<WallTime> parse_time(std::string_view text) {
  constexpr std::size_t kSecondsEnd = 19;  // behind "2006-01-02T15:04:05"
  if (text.size() <= kSecondsEnd || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto date = parse_date(text);
  const auto hour = fixed_number(text, 11, 2);
  const auto minute = fixed_number(text, 14, 2);
  const auto second = fixed_number(text, 17, 2);
  if (!date || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  text.remove_prefix(kSecondsEnd);
  const auto fraction = take_fraction(text);
  const auto zone = parse_zone(text);
  if (!fraction || !zone) return std::nullopt;
  return WallTime(*date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute - *zone) +
         std::chrono::seconds(*second) + nanoseconds(*fraction);
}

}  // namespace coffer::policy
