#include "fakes/fake_log.h"

namespace coffer::fakes {

Result<void> FakeLog::append(std::span<const audit::Line> lines, bool sync) {
  const std::lock_guard lock(mutex_);
  ++appends_;
  if (appends_ >= fail_from_ && appends_ < fail_until_) {
    return make_error(ErrorCode::unavailable, "cannot write the audit log: disk full", "ENOSPC");
  }
  lines_.insert(lines_.end(), lines.begin(), lines.end());
  if (sync) ++syncs_;
  if (on_append) on_append();
  return {};
}

std::uint64_t FakeLog::next_sequence() const {
  const std::lock_guard lock(mutex_);
  return lines_.size() + 1;
}

audit::LogHead FakeLog::head() {
  const std::lock_guard lock(mutex_);
  return {lines_.size(), std::string(64, 'f')};
}

Result<void> FakeLog::check() {
  const std::lock_guard lock(mutex_);
  if (!lost_) return {};
  return make_error(ErrorCode::unavailable, "the audit log file was unlinked");
}

void FakeLog::fail_from(int nth, int times) {
  const std::lock_guard lock(mutex_);
  fail_from_ = appends_ + nth;
  fail_until_ = fail_from_ + times;
}

void FakeLog::lose_file(bool lost) {
  const std::lock_guard lock(mutex_);
  lost_ = lost;
}

std::vector<audit::Line> FakeLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

int FakeLog::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

}  // namespace coffer::fakes
