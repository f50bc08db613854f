#include "recipient.h"

#include "coffer/pkcs11/wrap.h"

namespace coffer::envelope {
namespace {

/// Data keys and keyring keys alike.
constexpr std::size_t kWrappedSize = 32;

}  // namespace

void pack(Packer& out, const Recipient& recipient) {
  out.raw(recipient.token)
      .u32(recipient.kek_version)
      .text(recipient.algorithm)
      .blob(recipient.wrapped);
}

Result<Recipient> read_recipient(Reader& in) {
  Recipient recipient;
  COFFER_TRY(const ByteView token, in.raw(recipient.token.bytes.size()));
  COFFER_TRY(recipient.token, uuid_from(token));
  COFFER_TRY(recipient.kek_version, in.u32());
  COFFER_TRY(recipient.algorithm, in.text());
  COFFER_TRY(recipient.wrapped, in.blob());
  return recipient;
}

Result<void> check_wrapped(const Recipient& recipient) {
  const std::string_view algorithm = recipient.algorithm;
  if (algorithm != pkcs11::kWrapAesGcm && algorithm != pkcs11::kWrapRsaOaepSha256 &&
      algorithm != pkcs11::kWrapRsaOaepSha1) {
    return make_error(ErrorCode::corrupt, "a key is wrapped by an algorithm that isn't known here");
  }
  if (pkcs11::is_wrapped_size(algorithm, kWrappedSize, recipient.wrapped.size())) return {};
  return make_error(ErrorCode::corrupt, "a wrapped key hasn't the length that its algorithm has");
}

}  // namespace coffer::envelope
