// How many requests of each kind ended how, since the daemon started: for sys/metrics.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "coffer/base/error.h"
#include "coffer/model/request.h"

namespace coffer::core {

/// Thread-safe, without a lock.
class Tally final {
 public:
  /// Of Vault's status codes' classes: 2xx; 403; another 4xx; 5xx.
  enum class Outcome : std::uint8_t { served, denied, refused, failed };
  static constexpr std::size_t kOutcomes = 4;
  static constexpr std::size_t kOperations = 9;

  void add(model::Operation operation, Outcome outcome) noexcept {
    counts_[index(operation, outcome)].fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t of(model::Operation operation, Outcome outcome) const noexcept {
    return counts_[index(operation, outcome)].load(std::memory_order_relaxed);
  }
  [[nodiscard]] static Outcome outcome_of(const Result<model::Response>& response) noexcept;

 private:
  static std::size_t index(model::Operation operation, Outcome outcome) noexcept {
    return static_cast<std::size_t>(operation) * kOutcomes + static_cast<std::size_t>(outcome);
  }
  std::array<std::atomic<std::uint64_t>, kOperations * kOutcomes> counts_{};
};

}  // namespace coffer::core
