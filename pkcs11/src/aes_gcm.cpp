#include "aes_gcm.h"

#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {
namespace {

/// SP 800-38D. The token isn't trusted to refuse a short IV or tag: SoftHSM takes an empty IV,
/// which repeats the key stream, and an 8-bit tag. Both lengths are constants here and in no
/// message.
CK_GCM_PARAMS parameters(ByteView iv, ByteView aad) {
  CK_GCM_PARAMS params{};
  params.pIv = in(iv);
  params.ulIvLen = kIvSize;
  params.ulIvBits = kIvSize * 8;
  params.pAAD = in(aad);
  params.ulAADLen = aad.size();
  params.ulTagBits = kTagSize * 8;
  return params;
}

Error nonsense(Session& session, std::string_view function) {
  session.distrust();
  return make_error(ErrorCode::unavailable, "the token's answer makes no sense",
                    std::string(function) + ": wrong length");
}

/// What the token wrapped wrongly would be lost with the only copy of its key, and nobody the wiser
/// until it is read: so a wrap counts once it was opened again.
Result<void> read_back(Session& session, const Key& kek, const SecureBytes& data_key,
                       ByteView wrapped, ByteView aad) {
  const auto opened = gcm_unwrap(session, kek, wrapped, aad);
  const Reveal why{"a data key is compared with what the token opens"};
  if (opened.ok() && crypto::equal_constant_time(opened->expose(why), data_key.expose(why))) {
    return {};
  }
  const bool failed = !opened.ok();
  if (!failed) session.distrust();
  return make_error(ErrorCode::unavailable, "the token can't open what it wrapped just now",
                    failed ? opened.error().cause : "C_Decrypt: other bytes than went in");
}

}  // namespace

Result<void> check_wrap_input(std::size_t size, ByteView aad) {
  if (aad.empty()) return make_error(ErrorCode::invalid_argument, "a wrap needs a context");
  if (size == 0) return make_error(ErrorCode::invalid_argument, "nothing to wrap");
  if (size > kMaxWrapSize) {
    return make_error(ErrorCode::too_large, "too much to wrap on a token");
  }
  return {};
}

Result<void> check_unwrap_input(std::size_t size, ByteView aad) {
  if (aad.empty()) return make_error(ErrorCode::invalid_argument, "an unwrap needs a context");
  return check_gcm_size(size);
}

Result<void> check_gcm_size(std::size_t size) {
  constexpr std::size_t kOverhead = kIvSize + kTagSize;
  if (size <= kOverhead || size > kMaxWrapSize + kOverhead) {
    return make_error(ErrorCode::corrupt, "a wrapped key has a length that no wrap has");
  }
  return {};
}

Result<Bytes> gcm_wrap(Session& session, const Key& kek, const SecureBytes& data_key,
                       ByteView aad) {
  const IvHabit habit = kek.gcm.iv;
  const std::size_t sealed_size = data_key.size() + kTagSize;
  // IV ‖ what C_Encrypt writes, which may be an IV longer at its end.
  Bytes wrapped(kIvSize + sealed_size + (habit == IvHabit::appended ? kIvSize : 0));
  const MutableByteView iv = MutableByteView(wrapped).first(kIvSize);
  const MutableByteView out = MutableByteView(wrapped).subspan(kIvSize);
  if (habit == IvHabit::ours) COFFER_CHECK(crypto::random_fill(iv));
  CK_GCM_PARAMS params = parameters(iv, aad);
  CK_MECHANISM mechanism{kek.gcm.mechanism, &params, sizeof params};
  COFFER_CHECK(
      session.call("C_EncryptInit", &CK_FUNCTION_LIST::C_EncryptInit, &mechanism, kek.handle));
  const ByteView plain = data_key.expose(Reveal{"a data key goes to the token to be wrapped"});
  CK_ULONG written = out.size();
  COFFER_CHECK(session.call("C_Encrypt", &CK_FUNCTION_LIST::C_Encrypt, in(plain), plain.size(),
                            out.data(), &written));
  if (written != out.size()) return nonsense(session, "C_Encrypt");
  if (habit == IvHabit::appended) {
    const MutableByteView theirs = out.subspan(sealed_size);
    std::copy(theirs.begin(), theirs.end(), iv.begin());
    wrapped.resize(kIvSize + sealed_size);
  }
  // Of a token that was to write its own and didn't, every IV would be this one.
  const ByteView used = ByteView(wrapped).first(kIvSize);
  if (std::all_of(used.begin(), used.end(), [](std::uint8_t byte) { return byte == 0; })) {
    session.distrust();
    return make_error(ErrorCode::precondition, "a wrap has an IV of zeros: wrong token profile?");
  }
  COFFER_CHECK(read_back(session, kek, data_key, wrapped, aad));
  return wrapped;
}

Result<SecureBytes> gcm_unwrap(Session& session, const Key& kek, ByteView wrapped, ByteView aad) {
  const ByteView body = wrapped.subspan(kIvSize);
  // SoftHSM wants room for the tag too, and writes none of it.
  COFFER_TRY(SecureBytes plain, SecureBytes::allocate(body.size()));
  CK_GCM_PARAMS params = parameters(wrapped.first(kIvSize), aad);
  CK_MECHANISM mechanism{kek.gcm.mechanism, &params, sizeof params};
  COFFER_CHECK(
      session.call("C_DecryptInit", &CK_FUNCTION_LIST::C_DecryptInit, &mechanism, kek.handle));
  const MutableByteView out = plain.expose_mutable(Reveal{"the token unwraps a data key"});
  CK_ULONG written = out.size();
  COFFER_CHECK(session.call("C_Decrypt", &CK_FUNCTION_LIST::C_Decrypt, in(body), body.size(),
                            out.data(), &written));
  if (written != body.size() - kTagSize) return nonsense(session, "C_Decrypt");
  plain.shrink(written);
  return plain;
}

}  // namespace coffer::pkcs11
