// The content keys of records that were opened a little while ago: they spare the token its unwrap,
// and us the MAC and HKDF. Private to the room.
#pragma once

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <unordered_map>

#include "coffer/base/mutex.h"
#include "record.h"

namespace coffer::envelope {

/// A key, and all that it was derived from beside data key and bind key. It is good for a record
/// and a context only if all of that is the same, byte for byte: then deriving again would give the
/// same. So a record that was moved, or any byte of whose head is another, never finds it.
struct KnownContentKey {
  std::string head;     ///< Record::head
  std::string context;  ///< content_context()
  SecureBytes key;

  [[nodiscard]] bool is_of(const Record& record, std::string_view wanted_context) const noexcept {
    return head == as_text(record.head) && context == wanted_context;
  }
  /// The same but for recipients and mac: who has seen that the mac is right for them needn't ask
  /// the token, for a rewrap gives another wrap of the same data key.
  [[nodiscard]] bool is_of_rewrapped(const Record& record,
                                     std::string_view wanted_context) const noexcept {
    const std::string_view now = as_text(record.head);
    const std::size_t before = record.fixed.size();
    const std::size_t after = record.salt.size() + record.commitment.size();
    if (head.size() < before + after || now.size() < before + after) return false;
    return head.compare(0, before, now.substr(0, before)) == 0 &&
           std::string_view(head).substr(head.size() - after) == now.substr(now.size() - after) &&
           context == wanted_context;
  }
};

/// Shared so that a reader needs no copy; wiped with its last owner.
using SharedContentKey = std::shared_ptr<const KnownContentKey>;

/// Bounded in number (the least recently used goes first) and in age since the token unwrapped,
/// which use doesn't prolong. Thread-safe. The clock outlives it.
class ContentKeyCache final {
 public:
  ContentKeyCache(const CacheConfig& config, const Clock& clock)
      : config_(config), max_age_(config.max_age.count()), clock_(clock) {}

  /// nullptr if it isn't there, or too old. The id comes out of a record that nobody has believed
  /// yet: ask is_of().
  [[nodiscard]] SharedContentKey find(const Uuid& record);

  /// To be taken before the token is asked: a key that was unwrapped before a purge isn't put in
  /// after it.
  [[nodiscard]] std::uint64_t generation() const;
  void put(const Uuid& record, SharedContentKey key, std::uint64_t generation);
  /// In place of the one that is there, as old as that. None is there: nothing happens.
  void replace(const Uuid& record, SharedContentKey key);

  /// Drops one, and keeps whoever unwraps it at this moment from putting it in again. Called while
  /// the erasure of its record is staged: should that come to nothing, reads ask the token.
  void forget(const Uuid& record);
  void purge();
  /// For the keys that are in it too.
  void set_max_age(std::chrono::seconds max_age);
  /// Drops what is too old, so that an idle vault keeps no keys either.
  void sweep();
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool enabled() const noexcept;

 private:
  struct Entry {
    Uuid record;
    SharedContentKey key;
    std::chrono::nanoseconds unwrapped_at{};
  };
  using Entries = std::list<Entry>;  ///< most recently used first
  struct Hash {
    std::size_t operator()(const Uuid& id) const noexcept;
  };

  /// More than can be erased while one unwrap is under way.
  static constexpr std::size_t kForgotten = 256;

  [[nodiscard]] bool forgotten(const Uuid& record) const COFFER_REQUIRES(mutex_);
  [[nodiscard]] bool usable() const;
  [[nodiscard]] bool too_old(const Entry& entry) const;
  Entries::iterator drop(Entries::iterator entry) COFFER_REQUIRES(mutex_);

  const CacheConfig config_;
  std::atomic<std::chrono::seconds::rep> max_age_;  ///< seconds; in place of config_'s
  const Clock& clock_;
  mutable Mutex mutex_;
  Entries entries_ COFFER_GUARDED_BY(mutex_);
  std::unordered_map<Uuid, Entries::iterator, Hash> index_ COFFER_GUARDED_BY(mutex_);
  std::uint64_t generation_ COFFER_GUARDED_BY(mutex_) = 0;
  /// The last ones, overwritten in turn; nil where there was none yet. Ids never come back.
  std::array<Uuid, kForgotten> forgotten_ COFFER_GUARDED_BY(mutex_){};
  std::size_t next_forgotten_ COFFER_GUARDED_BY(mutex_) = 0;
};

}  // namespace coffer::envelope
