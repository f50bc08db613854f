#include "rfc3339.h"

#include <chrono>

namespace coffer::model {
namespace {

constexpr int kNoNumber = -1;
constexpr std::size_t kSecondsEnd = 19;  // behind "2006-01-02T15:04:05"
constexpr std::size_t kMaxFraction = 9;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

int number_at(std::string_view text, std::size_t at, std::size_t digits) noexcept {
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (!is_digit(c)) return kNoNumber;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool is_time(int hour, int minute, int second) noexcept {
  return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
}

bool is_date(std::string_view text) noexcept {
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  if (year < 0 || month < 0 || day < 0) return false;
  return std::chrono::year_month_day(std::chrono::year(year),
                                     std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day)))
      .ok();
}

/// `Z`, or `+hh:mm`.
bool is_zone(std::string_view zone) noexcept {
  if (zone == "Z") return true;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return false;
  return is_time(number_at(zone, 1, 2), number_at(zone, 4, 2), 0);
}

}  // namespace

bool is_rfc3339(std::string_view text) noexcept {
  if (text.size() <= kSecondsEnd || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':') {
    return false;
  }
  if (!is_date(text)) return false;
  if (!is_time(number_at(text, 11, 2), number_at(text, 14, 2), number_at(text, 17, 2))) {
    return false;
  }
  text.remove_prefix(kSecondsEnd);
  if (text.front() == '.') {
    std::size_t digits = 0;
    while (digits + 1 < text.size() && is_digit(text[digits + 1])) ++digits;
    if (digits == 0 || digits > kMaxFraction) return false;
    text.remove_prefix(digits + 1);
  }
  return is_zone(text);
}

}  // namespace coffer::model
