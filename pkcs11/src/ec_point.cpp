#include "ec_point.h"

#include "coffer/crypto/signer.h"
#include "objects.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::size_t kPointSize = 65;
constexpr std::uint8_t kUncompressed = 0x04;  // SEC 1 section 2.3.3
constexpr std::uint8_t kOctetString = 0x04;   // X.690: the same number, by chance

}  // namespace

Result<ByteView> unwrap_ec_point(ByteView attribute) {
  if (attribute.size() == kPointSize + 2 && attribute[0] == kOctetString &&
      attribute[1] == kPointSize) {
    attribute = attribute.subspan(2);
  }
  if (attribute.size() != kPointSize || attribute[0] != kUncompressed) {
    return make_error(
        ErrorCode::precondition,
        "a key on the token isn't what its role demands: CKA_EC_POINT isn't a point of P-256");
  }
  return attribute;
}

Result<Bytes> read_public_key(Session& session, CK_OBJECT_HANDLE key) {
  COFFER_TRY(const Bytes attribute, read_attribute(session, key, CKA_EC_POINT));
  COFFER_TRY(const ByteView point, unwrap_ec_point(attribute));
  return crypto::spki_from_p256_point(point);
}

}  // namespace coffer::pkcs11
