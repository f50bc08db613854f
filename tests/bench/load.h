// A closed loop over keep-alive connections: each sends its next request when the answer to the
// last one is whole. One epoll a thread, no pipelining.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "answers.h"
#include "requests.h"

namespace coffer::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Load {
  std::string socket;
  std::size_t connections = 1;
  std::size_t threads = 1;
  AnswerState (*scan)(std::string_view) noexcept = scan_http;
  const RequestText* text = nullptr;
  std::uint64_t first = 0;  ///< the first request's number
  /// How many requests in all; then it ends, before its time too.
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
};

/// Answers that came within [begin, end); what came before was warming up.
struct Tally {
  std::vector<std::uint32_t> nanoseconds;  ///< of each good answer, at most 4.2 s
  std::uint64_t refused = 0;
  std::uint64_t lost = 0;  ///< connections that couldn't be made, broke or were closed
  std::string example;     ///< the start of the first refused answer, printable

  void add(Tally other);
  [[nodiscard]] std::uint64_t errors() const noexcept { return refused + lost; }
};

/// The part of one of `load.threads` threads; blocks until `end`, or all requests are answered, or
/// all connections lost.
[[nodiscard]] Tally drive(const Load& load, std::size_t thread, SteadyTime begin, SteadyTime end);

}  // namespace coffer::bench
