// P11Token's data objects. Nothing of them is cached: only that a label was there, so that a token
// which finds nothing any more isn't taken for one on which nothing was written.
#include <algorithm>

#include "coffer/pkcs11/data.h"
#include "data_objects.h"
#include "p11_token.h"
#include "sync.h"

namespace coffer::pkcs11 {

/// Keeps two threads from making an object of one label, which PKCS#11 allows, without holding a
/// lock while the token works.
class P11Token::Writing final {
 public:
  Writing(P11Token& token, std::string_view label) : token_(token), label_(label) {
    const MutexLock lock(token_.mutex_);
    alone_ = token_.writing_.insert(label_).second;
  }
  ~Writing() {
    if (!alone_) return;
    const MutexLock lock(token_.mutex_);
    token_.writing_.erase(label_);
  }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;
  [[nodiscard]] bool alone() const noexcept { return alone_; }

 private:
  P11Token& token_;
  const std::string label_;
  bool alone_ = false;
};

Result<void> P11Token::check_holds_data() const {
  if (profile_.holds_data) return {};
  return make_error(ErrorCode::unsupported, "this make of token doesn't hold data objects",
                    std::string(profile_.name));
}

void P11Token::note_data(std::string_view label, bool there) {
  const MutexLock lock(mutex_);
  if (there) {
    known_data_.emplace(label);
  } else {
    known_data_.erase(std::string(label));
  }
}

Result<void> P11Token::check_absence(std::string_view label) {
  // As explain_absence() for keys: a pulled SoftHSM finds nothing and says CKR_OK.
  COFFER_CHECK(info());
  COFFER_CHECK(check_login());
  const MutexLock lock(mutex_);
  if (!known_data_.contains(label)) return {};
  return make_error(ErrorCode::unavailable,
                    "a data object that was on the token isn't found: open the token again",
                    std::string(label));
}

Result<std::optional<Bytes>> P11Token::read_data(std::string_view label) {
  COFFER_CHECK(check_data_label(label));
  COFFER_CHECK(check_holds_data());
  for (bool again = true;; again = false) {
    std::optional<Result<std::optional<Bytes>>> read;
    CK_RV failure = CKR_OK;
    {
      COFFER_TRY(SessionPool::Lease lease, pool_.lease());
      read = read_by(lease.session(), label);
      failure = lease.session().failure();
    }
    if (read->ok()) {
      if (!**read) COFFER_CHECK(check_absence(label));
      if (**read) note_data(label, true);
      return *std::move(read);
    }
    // A handle goes stale if the object is written between finding and reading it.
    if (!again || !(is_dead_session(failure) || is_stale_handle(failure))) return *std::move(read);
    pool_.drop_idle();
  }
}

Result<std::optional<Bytes>> P11Token::read_by(Session& session, std::string_view label) {
  COFFER_TRY(const std::optional<CK_OBJECT_HANDLE> object, find_data(session, label));
  if (!object) return std::optional<Bytes>();
  COFFER_TRY(Bytes value, read_value(session, *object));
  return std::optional<Bytes>(std::move(value));
}

Result<void> P11Token::put_data(std::string_view label, ByteView value) {
  COFFER_TRY(Session session,
             Session::open(*connection_.module, connection_.slot, Access::read_write));
  COFFER_TRY(const std::optional<CK_OBJECT_HANDLE> object, find_data(session, label));
  if (!object) {
    // A token that has lost its objects for the moment must not be given a second one of a label.
    COFFER_CHECK(check_absence(label));
    return create_data(session, label, value);
  }
  note_data(label, true);
  const CK_RV rv = set_value(session, *object, value);
  if (!refuses_change(rv)) return ck_check("C_SetAttributeValue", rv);
  COFFER_TRY(session, Session::open(*connection_.module, connection_.slot, Access::read_write));
  COFFER_CHECK(session.call("C_DestroyObject", &CK_FUNCTION_LIST::C_DestroyObject, *object));
  auto made = create_data(session, label, value);
  // There is none now, and that is no news to anybody: the next write may make it.
  if (!made.ok()) note_data(label, false);
  return made;
}

Result<void> P11Token::prove_data(std::string_view label, ByteView value) {
  COFFER_CHECK(sync_file_system(sync_directory_));
  // Sessions that were opened before it was written say less about what is on the token.
  pool_.drop_idle();
  COFFER_TRY(Session session,
             Session::open(*connection_.module, connection_.slot, Access::read_only));
  COFFER_TRY(const std::optional<Bytes> read, read_by(session, label));
  if (read && std::ranges::equal(*read, value)) return {};
  return make_error(ErrorCode::unavailable,
                    "the token has taken a data object, and doesn't give it back as it was");
}

Result<void> P11Token::write_data(std::string_view label, ByteView value) {
  COFFER_CHECK(check_data(label, value));
  COFFER_CHECK(check_holds_data());
  const Writing writing(*this, label);
  if (!writing.alone()) {
    return make_error(ErrorCode::conflict, "this data object is being written by another call");
  }
  COFFER_CHECK(put_data(label, value));
  COFFER_CHECK(prove_data(label, value));
  note_data(label, true);
  return {};
}

}  // namespace coffer::pkcs11
