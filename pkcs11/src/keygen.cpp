#include "keygen.h"

#include <vector>

namespace coffer::pkcs11 {
namespace {

/// CK_ATTRIBUTEs and the values that they point to.
class Template final {
 public:
  Template(const Rules& rules, ByteView id, ByteView label, Offers offers) {
    for (const Rule& rule : rules) {
      if (!rule.in_template()) continue;
      if (rule.kind == Rule::Kind::offered && offers == Offers::without) continue;
      add(rule.type, encode(rule));
    }
    add(CKA_ID, to_bytes(id));
    add(CKA_LABEL, to_bytes(label));
  }
  // The values' buffers move with the vector, and so stay where the attributes point.
  [[nodiscard]] CK_ATTRIBUTE* data() noexcept { return attributes_.data(); }
  [[nodiscard]] CK_ULONG size() const noexcept { return attributes_.size(); }

 private:
  void add(CK_ATTRIBUTE_TYPE type, Bytes value) {
    values_.push_back(std::move(value));
    attributes_.push_back({type, values_.back().data(), values_.back().size()});
  }
  std::vector<Bytes> values_;
  std::vector<CK_ATTRIBUTE> attributes_;
};

CK_MECHANISM_TYPE pair_mechanism(KeyKind kind) noexcept {
  return kind == KeyKind::sign_p256 ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN;
}

}  // namespace

Result<MadeKey> make_key(Session& session, KeyKind kind, const Profile& profile, const KeyRef& key,
                         std::string_view label, Offers offers) {
  MadeKey made;
  Template wanted(private_rules(kind, profile), key.id, as_bytes(label), offers);
  if (kind == KeyKind::kek_aes) {
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    COFFER_CHECK(session.call("C_GenerateKey", &CK_FUNCTION_LIST::C_GenerateKey, &mechanism,
                              wanted.data(), wanted.size(), &made.key));
    return made;
  }
  Template wanted_public(public_rules(kind, profile), key.id, as_bytes(label), offers);
  CK_MECHANISM mechanism{pair_mechanism(kind), nullptr, 0};
  CK_OBJECT_HANDLE public_key = 0;
  COFFER_CHECK(session.call("C_GenerateKeyPair", &CK_FUNCTION_LIST::C_GenerateKeyPair, &mechanism,
                            wanted_public.data(), wanted_public.size(), wanted.data(),
                            wanted.size(), &public_key, &made.key));
  made.public_key = public_key;
  return made;
}

bool may_dislike_offers(CK_RV rv) noexcept {
  // NSS answers CKR_GENERAL_ERROR to CKA_ALLOWED_MECHANISMS of a token key.
  return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
         rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_GENERAL_ERROR;
}

void destroy_key(Session& session, const MadeKey& made) noexcept {
  static_cast<void>(session.invoke(&CK_FUNCTION_LIST::C_DestroyObject, made.key));
  if (made.public_key) {
    static_cast<void>(session.invoke(&CK_FUNCTION_LIST::C_DestroyObject, *made.public_key));
  }
}

}  // namespace coffer::pkcs11
