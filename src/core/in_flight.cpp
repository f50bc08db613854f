#include "coffer/core/in_flight.h"

namespace coffer::core {

InFlight::Presence::Presence(InFlight& all, const model::Request& request, const model::Peer& peer)
    : all_(all) {
  entry_.push_back({.id = request.id,
                    .start = request.time,
                    .operation = request.operation,
                    .path = request.path,
                    .uid = peer.uid,
                    .pid = peer.pid});
  place_ = entry_.begin();
  const MutexLock lock(all_.mutex_);
  all_.entries_.splice(all_.entries_.end(), entry_);
}

InFlight::Presence::~Presence() {
  const MutexLock lock(all_.mutex_);
  entry_.splice(entry_.end(), all_.entries_, place_);
}

std::vector<InFlight::Entry> InFlight::all() const {
  const MutexLock lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

}  // namespace coffer::core
