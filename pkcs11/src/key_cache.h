// Keys that were found and checked, by role and CKA_ID.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "coffer/base/mutex.h"
#include "coffer/pkcs11/token.h"
#include "rules.h"

namespace coffer::pkcs11 {

struct GcmHabits {
  CK_MECHANISM_TYPE mechanism = CKM_AES_GCM;
  IvHabit iv = IvHabit::ours;
};

/// A key whose attributes are those of its role and that did its work once.
struct Key {
  CK_OBJECT_HANDLE handle = 0;
  KeyKind kind{};
  Bytes public_key;              ///< of a pair: SubjectPublicKeyInfo
  std::string_view algorithm;    ///< kek: one of kWrap…
  GcmHabits gcm;                 ///< kek of AES
  std::size_t modulus_size = 0;  ///< of RSA, in bytes
  Bytes canary_wrapped;          ///< kek: opens to `canary` for as long as key and token are well
  SecureBytes canary;
};

/// Thread-safe. Handles die all at once (a token that was pulled, another login), so the cache has
/// an epoch: what was looked up before forget_all() isn't entered after it.
class KeyCache final {
 public:
  [[nodiscard]] std::shared_ptr<const Key> find(KeyRole role, const Bytes& id) const;
  [[nodiscard]] std::uint64_t epoch() const;
  void enter(KeyRole role, const Bytes& id, std::shared_ptr<const Key> key, std::uint64_t epoch);
  void forget(KeyRole role, const Bytes& id);
  void forget_all();
  /// It was destroyed, by us: that it isn't found from now on is no wonder.
  void forget_for_good(KeyRole role, const Bytes& id);
  /// Whether the key was ever entered: if such a key isn't found any more, it isn't we who say that
  /// it was deleted.
  [[nodiscard]] bool was_known(KeyRole role, const Bytes& id) const;

 private:
  using Name = std::pair<KeyRole, Bytes>;
  mutable Mutex mutex_;
  std::map<Name, std::shared_ptr<const Key>> keys_ COFFER_GUARDED_BY(mutex_);
  std::set<Name> known_ COFFER_GUARDED_BY(mutex_);
  std::uint64_t epoch_ COFFER_GUARDED_BY(mutex_) = 0;
};

}  // namespace coffer::pkcs11
