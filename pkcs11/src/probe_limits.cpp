#include "probe_limits.h"

#include <array>
#include <optional>

#include "session.h"

namespace coffer::pkcs11 {
namespace {

CK_BBOOL yes = CK_TRUE;
CK_BBOOL no = CK_FALSE;

/// A session of its own for each: a refused call may leave it unfit.
class Trial final {
 public:
  static std::optional<Trial> start(const Module& module, CK_SLOT_ID slot, bool aes) {
    auto session = Session::open(module, slot, Access::read_write);
    if (!session.ok()) return std::nullopt;
    Trial trial(*std::move(session));
    const CK_RV made = aes ? trial.make_aes() : trial.make_rsa();
    if (made != CKR_OK) return std::nullopt;
    return trial;
  }
  Session& session() noexcept { return session_; }
  [[nodiscard]] CK_OBJECT_HANDLE key() const noexcept { return key_; }

 private:
  explicit Trial(Session session) : session_(std::move(session)) {}

  CK_RV make_aes() {
    CK_ULONG size = 32;
    std::array<CK_ATTRIBUTE, 7> wanted = {{{CKA_TOKEN, &no, sizeof no},
                                           {CKA_PRIVATE, &yes, sizeof yes},
                                           {CKA_SENSITIVE, &yes, sizeof yes},
                                           {CKA_EXTRACTABLE, &no, sizeof no},
                                           {CKA_MODIFIABLE, &no, sizeof no},
                                           {CKA_ENCRYPT, &yes, sizeof yes},
                                           {CKA_VALUE_LEN, &size, sizeof size}}};
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    return session_.invoke(&CK_FUNCTION_LIST::C_GenerateKey, &mechanism, wanted.data(),
                           CK_ULONG{wanted.size()}, &key_);
  }

  CK_RV make_rsa() {
    CK_ULONG bits = 2048;
    std::array<CK_BYTE, 3> exponent = {1, 0, 1};
    std::array<CK_ATTRIBUTE, 3> wanted_public = {
        {{CKA_TOKEN, &no, sizeof no},
         {CKA_MODULUS_BITS, &bits, sizeof bits},
         {CKA_PUBLIC_EXPONENT, exponent.data(), exponent.size()}}};
    std::array<CK_ATTRIBUTE, 6> wanted = {{{CKA_TOKEN, &no, sizeof no},
                                           {CKA_PRIVATE, &yes, sizeof yes},
                                           {CKA_SENSITIVE, &yes, sizeof yes},
                                           {CKA_EXTRACTABLE, &no, sizeof no},
                                           {CKA_MODIFIABLE, &no, sizeof no},
                                           {CKA_DECRYPT, &yes, sizeof yes}}};
    CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
    CK_OBJECT_HANDLE other = 0;
    return session_.invoke(&CK_FUNCTION_LIST::C_GenerateKeyPair, &mechanism, wanted_public.data(),
                           CK_ULONG{wanted_public.size()}, wanted.data(), CK_ULONG{wanted.size()},
                           &other, &key_);
  }

  Session session_;
  CK_OBJECT_HANDLE key_ = 0;
};

CK_RV read_value(Trial& trial, bool aes) {
  std::array<CK_BYTE, 512> value{};
  CK_ATTRIBUTE asked{aes ? CK_ATTRIBUTE_TYPE{CKA_VALUE} : CK_ATTRIBUTE_TYPE{CKA_PRIVATE_EXPONENT},
                     value.data(), value.size()};
  const CK_RV rv = trial.session().invoke(&CK_FUNCTION_LIST::C_GetAttributeValue, trial.key(),
                                          &asked, CK_ULONG{1});
  wipe(value);
  return rv;
}

/// A copy that may be extracted is as good as the value.
CK_RV copy_as_extractable(Trial& trial, bool) {
  std::array<CK_ATTRIBUTE, 2> wanted = {
      {{CKA_EXTRACTABLE, &yes, sizeof yes}, {CKA_TOKEN, &no, sizeof no}}};
  CK_OBJECT_HANDLE copy = 0;
  return trial.session().invoke(&CK_FUNCTION_LIST::C_CopyObject, trial.key(), wanted.data(),
                                CK_ULONG{wanted.size()}, &copy);
}

CK_RV change_label(Trial& trial, bool) {
  std::array<CK_BYTE, 4> label = {'x', 'y', 'z', 'x'};
  CK_ATTRIBUTE wanted{CKA_LABEL, label.data(), label.size()};
  return trial.session().invoke(&CK_FUNCTION_LIST::C_SetAttributeValue, trial.key(), &wanted,
                                CK_ULONG{1});
}

CK_RV seal(Trial& trial, CK_ULONG iv_size, CK_ULONG tag_bits) {
  std::array<CK_BYTE, 12> iv = {1};
  std::array<CK_BYTE, 32> plain{};
  std::array<CK_BYTE, 80> out{};
  CK_GCM_PARAMS params{};
  params.pIv = iv_size == 0 ? nullptr : iv.data();
  params.ulIvLen = iv_size;
  params.ulIvBits = iv_size * 8;
  params.ulTagBits = tag_bits;
  CK_MECHANISM mechanism{CKM_AES_GCM, &params, sizeof params};
  const CK_RV begun =
      trial.session().invoke(&CK_FUNCTION_LIST::C_EncryptInit, &mechanism, trial.key());
  if (begun != CKR_OK) return begun;
  CK_ULONG written = out.size();
  return trial.session().invoke(&CK_FUNCTION_LIST::C_Encrypt, plain.data(), CK_ULONG{plain.size()},
                                out.data(), &written);
}

CK_RV take_an_empty_iv(Trial& trial, bool) { return seal(trial, 0, 128); }
CK_RV take_a_short_tag(Trial& trial, bool) { return seal(trial, 12, 8); }
CK_RV seal_rightly(Trial& trial, bool) { return seal(trial, 12, 128); }

using Attempt = CK_RV (*)(Trial&, bool);
struct Limit {
  std::string_view check;
  Attempt attempt;
};

constexpr std::array kLimits = {
    Limit{"a sensitive value can't be read", read_value},
    Limit{"a key can't be copied as extractable", copy_as_extractable},
    Limit{"an unmodifiable key can't be changed", change_label},
};
constexpr std::array kGcmLimits = {
    Limit{"an empty IV is refused", take_an_empty_iv},
    Limit{"an 8-bit tag is refused", take_a_short_tag},
};

class Limits final {
 public:
  Limits(const Module& module, CK_SLOT_ID slot, bool aes) noexcept
      : module_(module), slot_(slot), aes_(aes) {}

  [[nodiscard]] bool can(Attempt attempt) const {
    auto trial = Trial::start(module_, slot_, aes_);
    return trial && attempt(*trial, aes_) == CKR_OK;
  }
  [[nodiscard]] Finding of(const Limit& limit) const {
    auto trial = Trial::start(module_, slot_, aes_);
    Finding finding{std::string(limit.check), Verdict::cannot, "no key to try it with"};
    if (!trial) return finding;
    const CK_RV rv = limit.attempt(*trial, aes_);
    finding.verdict = rv == CKR_OK ? Verdict::ignored : Verdict::works;
    finding.cause = rv == CKR_OK ? "CKR_OK, where a refusal was wanted" : rv_name(rv);
    return finding;
  }

 private:
  const Module& module_;
  CK_SLOT_ID slot_;
  bool aes_;
};

}  // namespace

Result<void> try_limits(const Module& module, CK_SLOT_ID slot, std::vector<Finding>& findings) {
  const bool aes = Trial::start(module, slot, true).has_value();
  const Limits limits(module, slot, aes);
  for (const Limit& limit : kLimits) findings.push_back(limits.of(limit));
  if (!aes || !limits.can(seal_rightly)) return {};
  for (const Limit& limit : kGcmLimits) findings.push_back(limits.of(limit));
  return {};
}

}  // namespace coffer::pkcs11
