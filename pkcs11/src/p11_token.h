// The Token over a PKCS#11 module.
#pragma once

#include <memory>
#include <set>

#include "coffer/base/mutex.h"
#include "coffer/pkcs11/profile.h"
#include "coffer/pkcs11/token.h"
#include "connect.h"
#include "key_cache.h"
#include "keygen.h"
#include "session_pool.h"

namespace coffer::pkcs11 {

/// Destroyed after all calls have returned. Keeps no PIN: a token whose login was lost (pulled,
/// reset) gives `unavailable` until its owner destroys this and opens a new one.
class P11Token final : public Token {
 public:
  P11Token(Connection connection, const TokenConfig& config);

  Result<TokenInfo> info() override;
  Result<void> generate(KeyRole role, const KeyRef& key, std::string_view label) override;
  Result<void> verify(KeyRole role, const KeyRef& key) override;
  Result<std::vector<KeyAttribute>> attributes(KeyRole role, const KeyRef& key) override;
  Result<ListedKeys> list_keys() override;
  Result<void> destroy(KeyRole role, const KeyRef& key) override;
  Result<KekInfo> describe_kek(const KeyRef& kek) override;
  Result<Bytes> wrap(const KeyRef& kek, const SecureBytes& data_key, ByteView aad) override;
  Result<SecureBytes> unwrap(const KeyRef& kek, ByteView wrapped, ByteView aad) override;
  Result<Bytes> sign_digest(const KeyRef& key, const crypto::Sha256& digest) override;
  Result<Bytes> public_key(const KeyRef& key) override;
  Result<SecureBytes> random(std::size_t size) override;
  Result<std::optional<Bytes>> read_data(std::string_view label) override;
  Result<void> write_data(std::string_view label, ByteView value) override;

 private:
  using KeyPointer = std::shared_ptr<const Key>;
  class Claim;
  class Writing;

  /// From the cache, or inspected now.
  Result<KeyPointer> find_key(KeyRole role, const KeyRef& key);
  Result<KeyPointer> look_up(KeyRole role, const KeyRef& key);
  /// What to say when no object has the id: mostly that the token is away.
  Error explain_absence(KeyRole role, const KeyRef& key, Error not_found);
  Result<void> check_login();
  /// `operation(Session&, const Key&)`, run again once if session or handle turned out dead.
  template <typename Operation>
  auto with_key(KeyRole role, const KeyRef& key, Operation operation)
      -> decltype(operation(std::declval<Session&>(), std::declval<const Key&>()));

  Result<MadeKey> make(Session& session, KeyRole role, const KeyRef& key, std::string_view label);
  Result<void> prove(KeyRole role, const KeyRef& key);
  /// Destroys what a generate() that was cut short left of a pair; conflict if `present`, which is
  /// all that has the id, is anything else.
  Result<void> clear_half(Session& session, KeyRole role, const KeyRef& key,
                          const std::vector<CK_OBJECT_HANDLE>& present);
  /// In this order. `session` is read-write, and another one after it.
  Result<void> destroy_objects(Session& session, KeyRole role, const KeyRef& key,
                               const std::vector<CK_OBJECT_HANDLE>& objects);

  [[nodiscard]] Result<void> check_holds_data() const;
  /// Whether "there is none" can be believed.
  Result<void> check_absence(std::string_view label) COFFER_EXCLUDES(mutex_);
  void note_data(std::string_view label, bool there) COFFER_EXCLUDES(mutex_);
  static Result<std::optional<Bytes>> read_by(Session& session, std::string_view label);
  Result<void> put_data(std::string_view label, ByteView value);
  Result<void> prove_data(std::string_view label, ByteView value);

  Connection connection_;
  const std::string serial_;
  const std::string sync_directory_;
  const Profile profile_;
  KeyCache cache_;
  SessionPool pool_;
  Mutex mutex_;
  std::set<Bytes> claimed_ COFFER_GUARDED_BY(mutex_);        ///< ids that generate() is busy with
  std::set<std::string> writing_ COFFER_GUARDED_BY(mutex_);  ///< labels that write_data() is at
  /// Labels that were on the token.
  std::set<std::string, std::less<>> known_data_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::pkcs11
