#include "enrolment.h"

#include "coffer/base/terminal.h"
#include "coffer/crypto/signer.h"
#include "coffer/model/json_writer.h"

namespace coffer::ceremony {
namespace {

/// The first versions: a token's count begins with its enrolment.
constexpr std::uint32_t kVersion = 1;

/// A key that is there already is one of an earlier try, and as good if it is what its role asks.
Result<void> make_key(pkcs11::Token& token, pkcs11::KeyRole role, const pkcs11::KeyRef& key,
                      std::string_view label) {
  const Result<void> made = token.generate(role, key, label);
  if (!made.ok() && made.error().code != ErrorCode::conflict) return made;
  return token.verify(role, key);
}

}  // namespace

Result<envelope::Enrolment> make_enrolment(pkcs11::Token& token, const Uuid& vault) {
  const pkcs11::KeyRef kek = envelope::kek_ref(vault, kVersion);
  const pkcs11::KeyRef sign = envelope::sign_ref(vault, kVersion);
  COFFER_CHECK(make_key(token, pkcs11::KeyRole::kek, kek, "coffer kek v1"));
  COFFER_CHECK(make_key(token, pkcs11::KeyRole::sign, sign, "coffer sign v1"));
  COFFER_TRY(const pkcs11::TokenInfo info, token.info());
  COFFER_TRY(pkcs11::KekInfo described, token.describe_kek(kek));
  if (described.public_key.empty()) {
    return make_error(ErrorCode::precondition,
                      "the token has an AES key for this vault; a further token needs an RSA pair");
  }
  envelope::Enrolment enrolment{.vault = vault,
                                .serial = info.serial,
                                .label = info.label,
                                .algorithm = described.algorithm,
                                .kek_public_key = std::move(described.public_key),
                                .sign_public_key = {},
                                .signature = {}};
  COFFER_TRY(enrolment.sign_public_key, token.public_key(sign));
  const std::string message = envelope::enrolment_message(enrolment);
  COFFER_TRY(enrolment.signature, token.sign(sign, as_bytes(message)));
  COFFER_CHECK(envelope::check_enrolment(enrolment, vault));
  return enrolment;
}

std::string enrolment_json(const envelope::Enrolment& enrolment) {
  model::JsonWriter json;
  json.begin_object().key("vault").string(to_string(enrolment.vault));
  json.key("serial").string(enrolment.serial).key("label").string(enrolment.label);
  json.key("algorithm").string(enrolment.algorithm);
  json.key("kek_public_key").string(crypto::pem_from_spki(enrolment.kek_public_key));
  json.key("sign_public_key").string(crypto::pem_from_spki(enrolment.sign_public_key));
  json.key("signature").string(to_base64(enrolment.signature)).end_object();
  return json_for_terminal(json.view()) + "\n";
}

}  // namespace coffer::ceremony
