#include "coffer/base/clock.h"

#include <ctime>

#include <cstdio>

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

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

std::string to_rfc3339(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  char text[48];
  int size = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>((time - seconds).count()));
  while (text[size - 1] == '0') --size;
  if (text[size - 1] == '.') --size;
  std::string out(text, static_cast<std::size_t>(size));
  out.push_back('Z');
  return out;
}

}  // namespace coffer
