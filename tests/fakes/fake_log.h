// An audit log in memory that fails when it is told to.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "coffer/audit/log.h"

namespace coffer::fakes {

class FakeLog final : public audit::Log {
 public:
  /// Called at each successful append, before it returns.
  std::function<void()> on_append;

  [[nodiscard]] Result<void> append(std::span<const audit::Line> lines, bool sync) override;
  [[nodiscard]] std::uint64_t next_sequence() const override;
  [[nodiscard]] audit::LogHead head() override;
  [[nodiscard]] Result<void> check() override;

  /// From the nth append (1: the next one) on, `times` appends fail.
  void fail_from(int nth, int times);
  void lose_file(bool lost);

  [[nodiscard]] std::vector<audit::Line> lines() const;
  [[nodiscard]] int syncs() const;

 private:
  mutable std::mutex mutex_;
  std::vector<audit::Line> lines_;
  int appends_ = 0;
  int syncs_ = 0;
  int fail_from_ = 0;
  int fail_until_ = 0;
  bool lost_ = false;
};

}  // namespace coffer::fakes
