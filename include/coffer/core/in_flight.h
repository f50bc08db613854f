// The requests that workers have in their hands right now.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/base/uuid.h"
#include "coffer/model/peer.h"
#include "coffer/model/request.h"

namespace coffer::core {

/// Thread-safe.
class InFlight final {
 public:
  struct Entry {
    Uuid id;
    WallTime start;
    model::Operation operation = model::Operation::read;
    std::string path;
    uid_t uid = 0;
    pid_t pid = 0;
  };

  /// There as long as this lives.
  class Presence final {
   public:
    Presence(InFlight& all, const model::Request& request, const model::Peer& peer);
    ~Presence();
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    InFlight& all_;
    std::list<Entry> entry_;  ///< made and freed outside of the lock
    std::list<Entry>::iterator place_;
  };

  [[nodiscard]] std::vector<Entry> all() const COFFER_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::list<Entry> entries_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
