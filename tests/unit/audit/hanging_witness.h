// A witness that keeps whoever asks it waiting.
#pragma once

#include <atomic>
#include <string>

#include "coffer/audit/witness.h"

namespace coffer::audit::test {

/// Answers only once it is hurried.
class HangingWitness final : public Witness {
 public:
  explicit HangingWitness(std::atomic<int>& asked) : asked_(asked) {}
  std::string name() const override { return "hangs"; }
  bool wants_proof() const override { return false; }
  Result<WitnessAnswer> add(const GrowthProof&) override {
    ++asked_;
    hurried_.wait(false);
    return make_error(ErrorCode::unavailable, "it hung");
  }
  void hurry() noexcept override {
    hurried_ = true;
    hurried_.notify_all();
  }

 private:
  std::atomic<int>& asked_;
  std::atomic<bool> hurried_ = false;
};

}  // namespace coffer::audit::test
