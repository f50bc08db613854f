#include "call_table.h"

#include <algorithm>

#include "coffer/base/codec.h"

namespace coffer::pkcs11 {

Result<CallTable::Waiter*> CallTable::begin() {
  const MutexLock lock(mutex_);
  if (death_) return why_dead();
  if (waiting_.size() >= kMostCalls) {
    return make_error(ErrorCode::resource_exhausted, "too many calls wait for the token");
  }
  if (free_.empty()) {
    all_.push_back(std::make_unique<Waiter>());
    free_.push_back(all_.back().get());
  }
  Waiter* const waiter = free_.back();
  free_.pop_back();
  waiter->id_ = next_id_++;
  waiter->place_ = waiting_.size();
  waiter->signal_.lower();
  waiting_.push_back(waiter);
  return waiter;
}

void CallTable::finish(Waiter& waiter) {
  const MutexLock lock(mutex_);
  waiting_.back()->place_ = waiter.place_;
  std::swap(waiting_[waiter.place_], waiting_.back());
  waiting_.pop_back();
  waiter.answer_.reset();
  free_.push_back(&waiter);
}

CallTable::Turn CallTable::next_turn(Waiter& waiter) {
  const MutexLock lock(mutex_);
  if (waiter.answer_) return Turn::done;
  if (death_) return Turn::dead;
  if (reading_) return Turn::sleep;
  reading_ = true;
  return Turn::read;
}

Result<SecureBytes> CallTable::await(Waiter& waiter, Instant deadline) {
  for (;;) {
    switch (next_turn(waiter)) {
      case Turn::read: read(waiter, deadline); break;
      case Turn::sleep:
        if (!waiter.signal_.wait_until(deadline)) {
          die(make_error(ErrorCode::unavailable, "the token didn't answer in time",
                         "a call's deadline passed"));
        }
        break;
      case Turn::done: {
        const MutexLock lock(mutex_);
        return *std::move(waiter.answer_);
      }
      case Turn::dead: {
        const MutexLock lock(mutex_);
        return why_dead();
      }
    }
  }
}

void CallTable::read(const Waiter& own, Instant deadline) {
  const Reveal why{"answers of the token's worker come in here and are wiped"};
  for (bool more = true; more;) {
    const MutableByteView room = buffer_.expose_mutable(why);
    const Result<std::size_t> size = socket_.receive(room, deadline);
    if (!size.ok()) {
      die(size.error());
      break;
    }
    if (*size == 0) {
      die(make_error(ErrorCode::unavailable, "the token's worker is gone", "end of its socket"));
      break;
    }
    more = !deliver(room.first(*size), own);
    wipe(room.first(*size));
  }
  const MutexLock lock(mutex_);
  reading_ = false;
  hand_on();
}

bool CallTable::deliver(ByteView packet, const Waiter& own) {
  Reader reader(packet);
  const Result<std::uint64_t> id = reader.u64();
  Result<SecureBytes> copy = SecureBytes::copy_of(packet);
  if (!id.ok() || !copy.ok()) {
    die(id.ok() ? copy.error() : id.error());
    return true;
  }
  Waiter* found = nullptr;
  {
    const MutexLock lock(mutex_);
    const auto place = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const Waiter* each) { return each->id_ == *id; });
    if (place != waiting_.end() && !(*place)->answer_) {
      found = *place;
      found->answer_ = std::move(*copy);
    }
  }
  if (found == nullptr) {
    die(make_error(ErrorCode::internal, "the token's worker answered what nobody asked"));
    return true;
  }
  if (found == &own) return true;
  found->signal_.raise();
  return false;
}

/// To one who still waits: whoever has the answer already will find it.
void CallTable::hand_on() {
  if (death_) return;
  const auto next = std::find_if(waiting_.begin(), waiting_.end(),
                                 [](const Waiter* each) { return !each->answer_; });
  if (next != waiting_.end()) (*next)->signal_.raise();
}

void CallTable::die(const Error& why) {
  const MutexLock lock(mutex_);
  if (death_) return;
  death_ = why;
  socket_.shut();
  for (Waiter* const waiter : waiting_) waiter->signal_.raise();
}

bool CallTable::dead() const {
  {
    const MutexLock lock(mutex_);
    if (death_) return true;
  }
  return socket_.hung_up();
}

Error CallTable::why_dead() {
  Error error = *death_;
  error.code = ErrorCode::unavailable;
  return error;
}

}  // namespace coffer::pkcs11
