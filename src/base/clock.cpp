#include "coffer/base/clock.h"

#include <array>
#include <cstdint>
#include <ctime>

namespace coffer {
namespace {

std::chrono::nanoseconds read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);  // can't fail for these two clocks
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return WallTime(read_clock(CLOCK_REALTIME)); }
  [[nodiscard]] std::chrono::nanoseconds boottime() const override {
    return read_clock(CLOCK_BOOTTIME);
  }
};

/// The last digits of a number, with leading zeros, ahead of `end`.
void put_digits(char* end, std::uint64_t value, int digits) {
  for (; digits > 0; --digits, value /= 10) *--end = static_cast<char>('0' + value % 10);
}

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

// Digit by digit: printf costs several times as much, and each request renders three of these.
std::string to_rfc3339(WallTime time) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00.000000000Z";
  constexpr std::size_t kYear = 4;
  constexpr std::size_t kSecond = 19;
  constexpr std::size_t kFraction = 29;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  const auto number = [](auto value) { return static_cast<std::uint64_t>(value); };
  std::string out(kPattern);
  char* const at = out.data();
  // A WallTime can hold the years 1677 to 2262: all have four digits.
  put_digits(at + kYear, number(static_cast<int>(date.year())), 4);
  put_digits(at + 7, number(static_cast<unsigned>(date.month())), 2);
  put_digits(at + 10, number(static_cast<unsigned>(date.day())), 2);
  put_digits(at + 13, number(clock.hours().count()), 2);
  put_digits(at + 16, number(clock.minutes().count()), 2);
  put_digits(at + kSecond, number(clock.seconds().count()), 2);
  put_digits(at + kFraction, number((time - seconds).count()), 9);
  std::size_t size = kFraction;
  while (at[size - 1] == '0') --size;
  if (size == kSecond + 1) size = kSecond;
  out.resize(size);
  out.push_back('Z');
  return out;
}

}  // namespace coffer
