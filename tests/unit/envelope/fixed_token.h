// A token whose two keys the test chooses. For worked examples; everything else uses FakeToken.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "coffer/envelope/keyring.h"
#include "coffer/pkcs11/data.h"
#include "fakes/soft_crypto.h"

namespace coffer::envelope {

class FixedToken final : public pkcs11::Token {
 public:
  FixedToken(std::string serial, const Uuid& vault, const fakes::Block32& kek,
             const fakes::Block32& sign, std::uint32_t kek_version = 1,
             std::uint32_t sign_version = 1)
      : serial_(std::move(serial)),
        kek_id_(kek_ref(vault, kek_version).id),
        sign_id_(sign_ref(vault, sign_version).id),
        kek_(kek),
        sign_(sign) {}

  Result<pkcs11::TokenInfo> info() override {
    return pkcs11::TokenInfo{"fixed", "Coffer", "fixed", serial_};
  }
  Result<void> generate(pkcs11::KeyRole, const pkcs11::KeyRef&, std::string_view) override {
    return make_error(ErrorCode::conflict, "this token's keys are fixed");
  }
  Result<void> verify(pkcs11::KeyRole role, const pkcs11::KeyRef& key) override {
    return find(key, role == pkcs11::KeyRole::kek ? kek_id_ : sign_id_);
  }
  Result<std::vector<pkcs11::KeyAttribute>> attributes(pkcs11::KeyRole,
                                                       const pkcs11::KeyRef&) override {
    return make_error(ErrorCode::internal, "this token's keys have no attributes");
  }
  Result<pkcs11::ListedKeys> list_keys() override {
    return make_error(ErrorCode::internal, "this token's keys aren't listed");
  }
  Result<void> destroy(pkcs11::KeyRole, const pkcs11::KeyRef&) override {
    return make_error(ErrorCode::internal, "this token's keys are fixed");
  }
  Result<pkcs11::KekInfo> describe_kek(const pkcs11::KeyRef& kek) override {
    COFFER_CHECK(find(kek, kek_id_));
    return pkcs11::KekInfo{.algorithm = std::string(pkcs11::kWrapAesGcm)};
  }
  Result<Bytes> wrap(const pkcs11::KeyRef& kek, const SecureBytes& data_key,
                     ByteView aad) override {
    COFFER_CHECK(find(kek, kek_id_));
    const Bytes iv(12, ++wraps_);
    return fakes::soft_gcm_seal(kek_, iv, aad, data_key.expose(Reveal{"test wraps"}));
  }
  Result<SecureBytes> unwrap(const pkcs11::KeyRef& kek, ByteView wrapped, ByteView aad) override {
    COFFER_CHECK(find(kek, kek_id_));
    return fakes::soft_gcm_open(kek_, aad, wrapped);
  }
  Result<Bytes> sign_digest(const pkcs11::KeyRef& key, const crypto::Sha256& digest) override {
    COFFER_CHECK(find(key, sign_id_));
    return fakes::soft_p256_sign_digest(sign_, digest);
  }
  Result<Bytes> public_key(const pkcs11::KeyRef& key) override {
    COFFER_CHECK(find(key, sign_id_));
    return fakes::soft_p256_public(sign_);
  }
  Result<SecureBytes> random(std::size_t size) override { return SecureBytes::allocate(size); }
  Result<std::optional<Bytes>> read_data(std::string_view label) override {
    COFFER_CHECK(pkcs11::check_data_label(label));
    const auto found = data_.find(label);
    return found == data_.end() ? std::optional<Bytes>() : std::optional<Bytes>(found->second);
  }
  Result<void> write_data(std::string_view label, ByteView value) override {
    COFFER_CHECK(pkcs11::check_data(label, value));
    data_.insert_or_assign(std::string(label), to_bytes(value));
    return {};
  }

 private:
  static Result<void> find(const pkcs11::KeyRef& asked, const Bytes& there) {
    if (asked.id == there) return {};
    return make_error(ErrorCode::not_found, "no such key on the token");
  }

  std::string serial_;
  Bytes kek_id_;
  Bytes sign_id_;
  fakes::Block32 kek_;
  fakes::Block32 sign_;
  std::uint8_t wraps_ = 0;
  std::map<std::string, Bytes, std::less<>> data_;
};

}  // namespace coffer::envelope
