// P11Token::generate: claim the id, make the key, make it durable, prove it.
#include "coffer/base/log.h"
#include "objects.h"
#include "p11_token.h"
#include "sync.h"

namespace coffer::pkcs11 {

/// Keeps two threads from making keys of one id, which PKCS#11 allows, without holding a lock while
/// the token works.
class P11Token::Claim final {
 public:
  Claim(P11Token& token, const Bytes& id) : token_(token), id_(id) {
    const MutexLock lock(token_.mutex_);
    made_ = token_.claimed_.insert(id_).second;
  }
  ~Claim() {
    if (!made_) return;
    const MutexLock lock(token_.mutex_);
    token_.claimed_.erase(id_);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  [[nodiscard]] bool made() const noexcept { return made_; }

 private:
  P11Token& token_;
  const Bytes& id_;
  bool made_ = false;
};

namespace {

Error id_taken() {
  return make_error(ErrorCode::conflict, "the token already has a key of this id");
}

}  // namespace

/// It does no work, and blocks its id for ever. Of one that was whole to us the other half is
/// hidden, or was taken away: nothing that a making leaves. Nor is a private half seen without a
/// login.
Result<void> P11Token::clear_half(Session& session, KeyRole role, const KeyRef& key,
                                  const std::vector<CK_OBJECT_HANDLE>& present) {
  if (present.size() != 1 || cache_.was_known(role, key.id)) return id_taken();
  COFFER_TRY(const CK_OBJECT_CLASS half, class_of_object(session, present.front()));
  if (half != CKO_PUBLIC_KEY && half != CKO_PRIVATE_KEY) return id_taken();
  COFFER_CHECK(info());
  COFFER_CHECK(check_login());
  log::warn("half a key pair on the token, left by a making that was cut short, is destroyed");
  return destroy_objects(session, role, key, present);
}

Result<MadeKey> P11Token::make(Session& session, KeyRole role, const KeyRef& key,
                               std::string_view label) {
  const KeyKind kind = kind_for(role, profile_);
  Result<MadeKey> made = make_key(session, kind, profile_, key, label, Offers::with);
  if (made.ok() || !may_dislike_offers(session.failure())) return made;
  COFFER_TRY(session, Session::open(*connection_.module, connection_.slot, Access::read_write));
  return make_key(session, kind, profile_, key, label, Offers::without);
}

Result<void> P11Token::prove(KeyRole role, const KeyRef& key) {
  COFFER_CHECK(sync_file_system(sync_directory_));
  // Sessions that were opened before the key was made say less about what is on the token.
  pool_.drop_idle();
  return verify(role, key);
}

Result<void> P11Token::generate(KeyRole role, const KeyRef& key, std::string_view label) {
  if (key.id.empty()) return make_error(ErrorCode::invalid_argument, "a key id can't be empty");
  const Claim claim(*this, key.id);
  if (!claim.made()) return id_taken();
  COFFER_TRY(Session session,
             Session::open(*connection_.module, connection_.slot, Access::read_write));
  COFFER_TRY(const auto present, find_objects(session, std::nullopt, key.id));
  if (!present.empty()) {
    COFFER_CHECK(clear_half(session, role, key, present));
    COFFER_TRY(session, Session::open(*connection_.module, connection_.slot, Access::read_write));
  }
  COFFER_TRY(const MadeKey made, make(session, role, key, label));
  auto proven = prove(role, key);
  if (proven.ok()) return {};
  // Nothing is wrapped by it yet but its canary; left behind it would block the id for ever.
  log::warn("a new key on the token failed its proof and is destroyed again");
  cache_.forget_all();
  destroy_key(session, made);
  return proven;
}

}  // namespace coffer::pkcs11
