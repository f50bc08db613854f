// What the rows of this room have in common: times, durations, lists. docs/formats/auth.md.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/codec.h"

namespace coffer::auth {

inline void put_time(Writer& row, WallTime time) {
  row.u64(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

inline Result<WallTime> get_time(Reader& row) {
  COFFER_TRY(const std::uint64_t count, row.u64());
  return WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(count)));
}

inline void put_seconds(Writer& row, std::chrono::seconds duration) {
  row.u64(static_cast<std::uint64_t>(duration.count()));
}

inline Result<std::chrono::seconds> get_seconds(Reader& row) {
  COFFER_TRY(const std::uint64_t count, row.u64());
  return std::chrono::seconds(static_cast<std::int64_t>(count));
}

inline void put_strings(Writer& row, const std::vector<std::string>& strings) {
  row.u32(static_cast<std::uint32_t>(strings.size()));
  for (const std::string& text : strings) row.text(text);
}

inline Result<std::vector<std::string>> get_strings(Reader& row) {
  std::vector<std::string> strings;
  COFFER_TRY(const std::uint32_t count, row.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::string_view text, row.text());
    strings.emplace_back(text);
  }
  return strings;
}

inline void put_numbers(Writer& row, const std::vector<std::uint32_t>& numbers) {
  row.u32(static_cast<std::uint32_t>(numbers.size()));
  for (const std::uint32_t number : numbers) row.u32(number);
}

inline Result<std::vector<std::uint32_t>> get_numbers(Reader& row) {
  std::vector<std::uint32_t> numbers;
  COFFER_TRY(const std::uint32_t count, row.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::uint32_t number, row.u32());
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace coffer::auth
