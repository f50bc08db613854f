// What a token that isn't here says of itself.
#include "coffer/crypto/rsa.h"
#include "coffer/envelope/key_changes.h"
#include "contexts.h"
#include "packer.h"

namespace coffer::envelope {
namespace {

constexpr std::size_t kLongestName = 64;

Error wrong(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

}  // namespace

std::string enrolment_message(const Enrolment& enrolment) {
  return Packer(1024)
      .text(kEnrolmentLabel)
      .blob(enrolment.vault)
      .text(enrolment.serial)
      .text(enrolment.label)
      .text(enrolment.algorithm)
      .blob(enrolment.kek_public_key)
      .blob(enrolment.sign_public_key)
      .take();
}

Result<void> check_enrolment(const Enrolment& enrolment, const Uuid& vault) {
  if (enrolment.vault != vault) return wrong("field \"vault\": the enrolment is for another vault");
  if (enrolment.serial.empty() || enrolment.serial.size() > kLongestName) {
    return wrong("field \"serial\" must have 1 to 64 characters");
  }
  if (enrolment.label.size() > kLongestName) return wrong("field \"label\" is too long");
  if (enrolment.algorithm != pkcs11::kWrapRsaOaepSha256 &&
      enrolment.algorithm != pkcs11::kWrapRsaOaepSha1) {
    return wrong("field \"algorithm\" must be rsa-oaep-sha256 or rsa-oaep-sha1");
  }
  if (!crypto::rsa_modulus_size(enrolment.kek_public_key).ok()) {
    return wrong("field \"kek_public_key\" isn't an RSA key of 2048 to 8192 bits");
  }
  // Who made this has both keys on one token: the one vouches for the other.
  const std::string message = enrolment_message(enrolment);
  const auto signed_by =
      crypto::verify(enrolment.sign_public_key, as_bytes(message), enrolment.signature);
  if (signed_by.ok()) return {};
  return wrong("field \"signature\" isn't by this sign_public_key over these fields");
}

}  // namespace coffer::envelope
