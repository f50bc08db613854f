// A token in memory, over OpenSSL, with the same promises as the real one (both pass
// tests/contract/token_contract.h), that fails when a test says so.
//
// With a seed everything that it makes is a function of the seed and of the calls so far: keys,
// IVs, random bytes. Signatures are deterministic always (the nonce comes from key and message). So
// golden files can be made again.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/pkcs11/token.h"

namespace coffer::fakes {

/// Thread-safe.
class FakeToken final : public pkcs11::Token {
 public:
  enum class Method : std::uint8_t {
    info,
    generate,
    verify,
    destroy,
    describe_kek,
    wrap,
    unwrap,
    sign,
    public_key,
    random,
    read_data,
    write_data,
    attributes,
    list_keys,
  };
  struct Options {
    std::string serial = "fake-0001";
    std::string label = "fake";
    std::optional<std::uint64_t> seed{};
    /// Keks are RSA pairs (rsa-oaep-sha256), from soft_rsa_pair() on from this number.
    std::optional<std::size_t> rsa{};
  };

  explicit FakeToken(Options options);
  FakeToken() : FakeToken(Options{}) {}
  ~FakeToken() override;

  /// The nth call of `method` from now (1 is the next one) fails with `error`, once. Several may be
  /// pending.
  void fail_nth(Method method, std::size_t n, Error error);
  /// What is pending won't come to pass. False: nothing was.
  bool forget_faults();
  /// Every call fails with `unavailable`, until insert(). Keys stay.
  void pull();
  void insert();
  /// Calls since construction, failed ones too.
  [[nodiscard]] std::size_t calls(Method method) const;
  /// All later signatures are these bytes, whatever is signed; nullopt ends that.
  void set_fixed_signature(std::optional<Bytes> signature);
  /// As if another program had destroyed the key.
  void forget(const pkcs11::KeyRef& key);
  /// As if another program had destroyed the data object.
  void forget_data(std::string_view label);
  /// As if another program had changed an attribute: verify and every use give `precondition`.
  void spoil(const pkcs11::KeyRef& key, std::string_view attribute);
  /// What info() tells of wrong PINs.
  void set_pin_tries(pkcs11::PinTries left);
  void set_so_pin_tries(pkcs11::PinTries left);

  Result<pkcs11::TokenInfo> info() override;
  Result<void> generate(pkcs11::KeyRole role, const pkcs11::KeyRef& key,
                        std::string_view label) override;
  Result<void> verify(pkcs11::KeyRole role, const pkcs11::KeyRef& key) override;
  /// Those of a good key; of a spoilt one, the attribute that was spoilt says so.
  Result<std::vector<pkcs11::KeyAttribute>> attributes(pkcs11::KeyRole role,
                                                       const pkcs11::KeyRef& key) override;
  Result<pkcs11::ListedKeys> list_keys() override;
  Result<void> destroy(pkcs11::KeyRole role, const pkcs11::KeyRef& key) override;
  Result<pkcs11::KekInfo> describe_kek(const pkcs11::KeyRef& kek) override;
  Result<Bytes> wrap(const pkcs11::KeyRef& kek, const SecureBytes& data_key, ByteView aad) override;
  Result<SecureBytes> unwrap(const pkcs11::KeyRef& kek, ByteView wrapped, ByteView aad) override;
  Result<Bytes> sign_digest(const pkcs11::KeyRef& key, const crypto::Sha256& digest) override;
  Result<Bytes> public_key(const pkcs11::KeyRef& key) override;
  Result<SecureBytes> random(std::size_t size) override;
  Result<std::optional<Bytes>> read_data(std::string_view label) override;
  Result<void> write_data(std::string_view label, ByteView value) override;

 private:
  static constexpr std::size_t kMethods = 14;
  using Secret = std::array<std::uint8_t, 32>;
  struct Key {
    pkcs11::KeyRole role{};
    Secret secret{};  ///< AES key, or private scalar
    std::string spoilt;
    std::string label{};
    std::optional<std::size_t> rsa{};
  };
  struct Fault {
    Method method{};
    std::size_t at_call = 0;
    Error error;
  };

  Result<void> enter(Method method) COFFER_REQUIRES(mutex_);
  /// Of a kek that is an RSA pair, its number.
  std::optional<std::size_t> rsa_of(const pkcs11::KeyRef& kek) const COFFER_REQUIRES(mutex_);
  Result<Secret> find(pkcs11::KeyRole role, const pkcs11::KeyRef& key) const
      COFFER_REQUIRES(mutex_);
  void fill(MutableByteView out) COFFER_REQUIRES(mutex_);
  Secret make_secret(pkcs11::KeyRole role, const pkcs11::KeyRef& key) COFFER_REQUIRES(mutex_);

  const Options options_;
  mutable Mutex mutex_;
  pkcs11::PinTries pin_tries_ COFFER_GUARDED_BY(mutex_) = pkcs11::PinTries::plenty;
  pkcs11::PinTries so_pin_tries_ COFFER_GUARDED_BY(mutex_) = pkcs11::PinTries::plenty;
  std::map<Bytes, Key> keys_ COFFER_GUARDED_BY(mutex_);
  std::map<std::string, Bytes, std::less<>> data_ COFFER_GUARDED_BY(mutex_);
  std::vector<Fault> faults_ COFFER_GUARDED_BY(mutex_);
  std::array<std::size_t, kMethods> calls_ COFFER_GUARDED_BY(mutex_){};
  std::optional<Bytes> fixed_signature_ COFFER_GUARDED_BY(mutex_);
  std::size_t rsa_made_ COFFER_GUARDED_BY(mutex_) = 0;
  std::uint64_t drawn_ COFFER_GUARDED_BY(mutex_) = 0;
  bool pulled_ COFFER_GUARDED_BY(mutex_) = false;
};

}  // namespace coffer::fakes
