#include "login.h"

#include <set>

#include "coffer/base/mutex.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"

namespace coffer::pkcs11 {
namespace {

Error denied(std::string_view text, std::string_view cause) {
  return make_error(ErrorCode::permission_denied, text, cause);
}

/// Which PINs failed on which tokens, under a key of this process: a plain hash of a PIN is as good
/// as the PIN. A daemon that tries again and again with one wrong PIN would lock the token.
class FailedPins final {
 public:
  Result<bool> contains(ByteView serial, const SecureBytes& pin) {
    COFFER_TRY(const crypto::Sha256 mark, mark_of(serial, pin));
    const MutexLock lock(mutex_);
    return marks_.contains(mark);
  }
  Result<void> add(ByteView serial, const SecureBytes& pin) {
    COFFER_TRY(const crypto::Sha256 mark, mark_of(serial, pin));
    const MutexLock lock(mutex_);
    marks_.insert(mark);
    return {};
  }

 private:
  Result<crypto::Sha256> mark_of(ByteView serial, const SecureBytes& pin) {
    const MutexLock lock(mutex_);
    const Reveal why{"whether this PIN failed before is looked up by its HMAC"};
    if (key_.empty()) {
      COFFER_TRY(key_, crypto::random_secret(32));
    }
    // The serial has a fixed length, so the two parts can't shift.
    return crypto::hmac_sha256(key_.expose(why), {serial, pin.expose(why)});
  }
  Mutex mutex_;
  SecureBytes key_ COFFER_GUARDED_BY(mutex_);
  std::set<crypto::Sha256> marks_ COFFER_GUARDED_BY(mutex_);
};

/// Never destroyed, so that it needn't be in order with other statics.
FailedPins& failed_pins() {
  static auto* const instance = new FailedPins;
  return *instance;
}

Result<void> check_flags(CK_FLAGS flags, FewTries few) {
  if ((flags & CKF_USER_PIN_LOCKED) != 0) {
    return denied("the token's user PIN is locked", "CKF_USER_PIN_LOCKED");
  }
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    return denied("the token has one PIN try left: log in by hand first", "CKF_USER_PIN_FINAL_TRY");
  }
  if ((flags & CKF_USER_PIN_TO_BE_CHANGED) != 0) {
    return denied("the token wants its user PIN changed first", "CKF_USER_PIN_TO_BE_CHANGED");
  }
  if ((flags & CKF_USER_PIN_COUNT_LOW) != 0 && few == FewTries::refuse) {
    return denied("the token says that wrong PINs were tried: log in by hand first, or allow it",
                  "CKF_USER_PIN_COUNT_LOW");
  }
  return {};
}

}  // namespace

Result<void> log_in(Session& session, const CK_TOKEN_INFO& info, const SecureBytes& pin,
                    FewTries few) {
  const ByteView serial(info.serialNumber, sizeof info.serialNumber);
  if (pin.empty()) return make_error(ErrorCode::invalid_argument, "an empty PIN");
  COFFER_CHECK(check_flags(info.flags, few));
  COFFER_TRY(const bool failed_before, failed_pins().contains(serial, pin));
  if (failed_before) {
    return denied("this PIN was refused by this token before and isn't tried again",
                  "no C_Login was made");
  }
  const ByteView digits = pin.expose(Reveal{"the PIN goes to the token"});
  const CK_RV rv = session.invoke(&CK_FUNCTION_LIST::C_Login, CK_USER_TYPE{CKU_USER}, in(digits),
                                  CK_ULONG{digits.size()});
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return {};
  if (rv == CKR_USER_PIN_NOT_INITIALIZED) {
    // Also what SoftHSM says while another process logs in and rewrites the token's file.
    return make_error(ErrorCode::unavailable, "the token has no user PIN",
                      "C_Login: " + rv_name(rv));
  }
  if (code_of(rv) == ErrorCode::permission_denied) {
    COFFER_CHECK(failed_pins().add(serial, pin));
    if (rv == CKR_PIN_INCORRECT) return denied("wrong PIN", "C_Login: " + rv_name(rv));
  }
  return ck_error("C_Login", rv);
}

/// All that C_Login itself said begins with its name; a PIN that is locked or too old may be right.
LoginOutcome outcome_of(const Error& error) {
  if (!error.cause.starts_with("C_Login: ")) return LoginOutcome::not_tried;
  const bool verdict = error.code == ErrorCode::permission_denied &&
                       !error.cause.ends_with("CKR_PIN_LOCKED") &&
                       !error.cause.ends_with("CKR_PIN_EXPIRED");
  return verdict ? LoginOutcome::refused : LoginOutcome::unknown;
}

}  // namespace coffer::pkcs11
