// For work of the vault's own that goes through the Door and waits there for its end. Private to
// the room.
#pragma once

#include <unistd.h>

#include "coffer/base/log.h"
#include "coffer/core/door.h"

namespace coffer::core {

/// The daemon itself, as the kernel would name it.
[[nodiscard]] inline model::Peer own_peer() {
  return {.uid = ::geteuid(), .gid = ::getegid(), .pid = ::getpid(), .groups = {}, .unit = {}};
}

/// How the Door ended one request, for the thread that waits for it. Thread-safe; outlives its
/// Note.
class AtTheDoor final {
 public:
  enum class End : std::uint8_t { open, done, again, failed };

  class Note final : public Reply {
   public:
    explicit Note(AtTheDoor& waiting) : waiting_(waiting) {}
    void fail(const Error& error) override {
      log::error(error);
      failed_ = true;
    }
    bool settle(bool again) override {
      const MutexLock lock(waiting_.mutex_);
      waiting_.end_ = failed_ ? End::failed : again ? End::again : End::done;
      waiting_.settled_.notify_all();
      return true;
    }

   private:
    AtTheDoor& waiting_;
    bool failed_ = false;
  };

  End wait() COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    while (end_ == End::open) settled_.wait(mutex_);
    return end_;
  }

 private:
  Mutex mutex_;
  CondVar settled_;
  End end_ COFFER_GUARDED_BY(mutex_) = End::open;
};

}  // namespace coffer::core
