// The token: the one place where key-encryption keys exist. A blocking interface, coarse enough to
// stand behind a process boundary: no handle, session or mechanism shows.
//
// Implementations: pkcs11::open_token() over a PKCS#11 module, and a fake for tests; both pass
// tests/contract/token_contract.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coffer/base/secure_bytes.h"
#include "coffer/crypto/digest.h"

namespace coffer::pkcs11 {

/// A key by its CKA_ID, which must match exactly one object of its class.
struct KeyRef {
  Bytes id;
};

enum class KeyRole : std::uint8_t {
  kek,   ///< AES-256 that encrypts and decrypts, or an RSA pair that decrypts; nothing else
  sign,  ///< EC P-256, or RSA where the token has no curves; signs, nothing else
};

/// How a kek wraps. Stored in records by this name; mechanism numbers belong to the token room.
inline constexpr std::string_view kWrapAesGcm = "aes-gcm";
inline constexpr std::string_view kWrapRsaOaepSha256 = "rsa-oaep-sha256";
inline constexpr std::string_view kWrapRsaOaepSha1 = "rsa-oaep-sha1";

/// Bytes that can be wrapped at once: data keys and the keyring, never payload (some HSMs end at
/// 16 KiB a call).
inline constexpr std::size_t kMaxWrapSize = 8192;
/// Bytes of one random().
inline constexpr std::size_t kMaxRandomSize = 4096;
/// Bytes of one data object's value, and of its label.
inline constexpr std::size_t kMaxDataSize = 2048;
inline constexpr std::size_t kMaxDataLabel = 64;
/// CKA_APPLICATION of our data objects.
inline constexpr std::string_view kDataApplication = "coffer";

/// What a token says of wrong PINs that somebody tried (CKF_USER_PIN_…, CKF_SO_PIN_…); sent by
/// these numbers.
enum class PinTries : std::uint8_t { plenty = 0, few = 1, one_left = 2, locked = 3 };

/// What a token says of itself (CK_TOKEN_INFO, blanks trimmed). Names are for people: identity is
/// the serial together with a signature by the `sign` key.
struct TokenInfo {
  std::string label;
  std::string manufacturer;
  std::string model;
  std::string serial;
  PinTries pin_tries = PinTries::plenty;  ///< as of this call
  std::string profile{};                  ///< how its make is spoken to (profile.h)
  std::string firmware{};                 ///< "2.6"
  std::string hardware{};
  PinTries so_pin_tries = PinTries::plenty;  ///< as of this call
};

/// An attribute of the object that does a key's work, as the token gave it: "CKA_EXTRACTABLE" and
/// "false". Numbers are decimal, bytes hex; "" is one that the token doesn't know or give.
struct KeyAttribute {
  std::string name;
  std::string value;
  bool operator==(const KeyAttribute&) const = default;
};
inline constexpr std::size_t kMaxAttributes = 64;

/// A key that is there, whoever made it: a secret key, or the private half of a pair.
struct ListedKey {
  Bytes id;           ///< CKA_ID, its first kMaxListedText bytes
  std::string label;  ///< as much of CKA_LABEL
  bool secret = false;
  bool operator==(const ListedKey&) const = default;
};
struct ListedKeys {
  std::vector<ListedKey> keys;
  bool more = false;  ///< than kMaxListedKeys, which are given
};
inline constexpr std::size_t kMaxListedKeys = 256;
inline constexpr std::size_t kMaxListedText = 64;

/// How a kek wraps; with a key pair's public half, whoever has it wraps without the token.
struct KekInfo {
  std::string algorithm;  ///< one of kWrap…
  Bytes public_key{};     ///< SubjectPublicKeyInfo, DER; empty for `aes-gcm`
};

/// A wrapped data key under `aes-gcm`: IV (12) ‖ ciphertext ‖ tag (16); under `rsa-oaep-…` one
/// block as long as the modulus (wrap.h). Thread-safe. Errors: `unavailable` token away or session
/// lost; `not_found` no such key (which may also mean that the token went away: never delete on
/// it); `corrupt` what was unwrapped isn't what was wrapped; `precondition` a key on the token
/// isn't what its role demands (the text names the attribute); `resource_exhausted` no session free
/// within the deadline.
class Token {
 public:
  virtual ~Token() = default;

  [[nodiscard]] virtual Result<TokenInfo> info() = 0;

  /// Makes a key on the token by the template of its role (docs/keys.md), and proves it. `conflict`
  /// if the id is taken; half a pair, as one that was cut short leaves it, is destroyed instead.
  [[nodiscard]] virtual Result<void> generate(KeyRole role, const KeyRef& key,
                                              std::string_view label) = 0;
  /// Finds exactly one key and checks every attribute that its role demands.
  [[nodiscard]] virtual Result<void> verify(KeyRole role, const KeyRef& key) = 0;
  /// The attributes that verify() looks at, as they are at this moment, whatever they are.
  [[nodiscard]] virtual Result<std::vector<KeyAttribute>> attributes(KeyRole role,
                                                                     const KeyRef& key) = 0;
  /// The keys that this login sees, others' too, in no order. What isn't among them may have gone
  /// with the token: never act on that alone.
  [[nodiscard]] virtual Result<ListedKeys> list_keys() = 0;
  /// Destroys the one key of this role and id, both halves of a pair, for good, and sees that it is
  /// gone. The caller knows that nothing refers to it any more: there is no way back.
  [[nodiscard]] virtual Result<void> destroy(KeyRole role, const KeyRef& key) = 0;

  [[nodiscard]] virtual Result<KekInfo> describe_kek(const KeyRef& kek) = 0;

  /// `aad` may not be empty: a wrap is always bound to its context.
  [[nodiscard]] virtual Result<Bytes> wrap(const KeyRef& kek, const SecureBytes& data_key,
                                           ByteView aad) = 0;
  [[nodiscard]] virtual Result<SecureBytes> unwrap(const KeyRef& kek, ByteView wrapped,
                                                   ByteView aad) = 0;

  /// As crypto::verify() takes it: ECDSA on P-256, or RSASSA-PSS, by the kind of the key. The token
  /// gets the digest alone, so that a message has no limit of ours.
  [[nodiscard]] Result<Bytes> sign(const KeyRef& key, ByteView message) {
    COFFER_TRY(const crypto::Sha256 digest, crypto::sha256(message));
    return sign_digest(key, digest);
  }
  [[nodiscard]] virtual Result<Bytes> sign_digest(const KeyRef& key,
                                                  const crypto::Sha256& digest) = 0;
  /// SubjectPublicKeyInfo, DER.
  [[nodiscard]] virtual Result<Bytes> public_key(const KeyRef& key) = 0;

  [[nodiscard]] virtual Result<SecureBytes> random(std::size_t size) = 0;

  // Data objects (CKO_DATA of kDataApplication, private, on the token) are found by their label
  // alone, anew at each call. For both: `invalid_argument` a label that isn't 1 to kMaxDataLabel
  // printable ASCII characters; `conflict` two objects have the label, and neither is touched;
  // `unsupported` this make of token doesn't hold data objects; `precondition` it refuses this one
  // as it is now.

  /// The value of the one with this label; nullopt: there is none (which may also mean that the
  /// token went away: never take it for proof that there was none). One that was seen before
  /// through this Token and isn't found is `unavailable`. `corrupt`: longer than kMaxDataSize.
  /// Another process that is writing it may make it seem absent for a moment.
  [[nodiscard]] virtual Result<std::optional<Bytes>> read_data(std::string_view label) = 0;
  /// Makes it, or puts `value` in place of the old one; read back before this returns. `too_large`.
  /// `conflict` also while another call writes it. After any other failure the old value, the new
  /// one or none is there: tokens that can't change a value have the object destroyed and made
  /// anew.
  [[nodiscard]] virtual Result<void> write_data(std::string_view label, ByteView value) = 0;
};

/// Where a token is and how to log in.
struct TokenConfig {
  std::string module_path;
  std::string uri;               ///< RFC 7512, names the token: "pkcs11:serial=…" or "token=…"
  std::size_t max_sessions = 8;  ///< beside the keeper session
  /// How long a call waits for a session before it is resource_exhausted.
  std::chrono::milliseconds session_wait{1000};
  /// Of a token in a worker process: how long one call may take before the worker counts as hung;
  /// generate() and write_data() may take twelve times as long. An in-process token waits for ever.
  std::chrono::milliseconds call_deadline{5000};
  /// For tokens made of files, which don't sync (SoftHSM): after a key was generated or data
  /// written, and before that is proven, the file system of this directory is synced. Empty: no.
  std::string sync_directory{};
  /// Log in although the token says that wrong PINs were tried (CKF_USER_PIN_COUNT_LOW). Never with
  /// one try left.
  bool accept_low_pin_count = false;
  /// How this make of token is spoken to (profile.h), or "auto": by what it says of itself.
  std::string profile = "auto";
  /// For C_Initialize (CK_C_INITIALIZE_ARGS::pReserved): NSS wants to know its directory there.
  std::string init_string{};
  /// Use a token of a make that doesn't keep its keys from leaving. For tests.
  bool accept_insecure_token = false;
};

/// Loads the module, finds exactly one token that matches, logs in once with `pin` (not kept).
/// A wrong PIN is `permission_denied` and is never tried again. One Token per process and module; a
/// second is `conflict`. `not_found` and `unavailable` are given after about three seconds of
/// trying again. A Token that stays `unavailable` (pulled, reset) is cured by destroying it and
/// opening it anew. Destroy it after its last call has returned; not in a forked child.
[[nodiscard]] Result<std::unique_ptr<Token>> open_token(const TokenConfig& config,
                                                        const SecureBytes& pin);

/// How far an opening that failed had come with the PIN: may it be tried again?
enum class LoginOutcome : std::uint8_t {
  not_tried = 0,  ///< no C_Login was made
  unknown = 1,    ///< one was made, and gave no verdict on the PIN
  refused = 2,    ///< the token says that the PIN is wrong
};
/// The same, and says so in `outcome`.
[[nodiscard]] Result<std::unique_ptr<Token>> open_token(const TokenConfig& config,
                                                        const SecureBytes& pin,
                                                        LoginOutcome& outcome);

/// Initialises the one uninitialised slot with this label and PINs (C_InitToken, C_InitPIN) and
/// gives back the new token's serial. For development tokens and ceremonies. `sync_directory` as in
/// TokenConfig.
[[nodiscard]] Result<std::string> initialise_token(const std::string& module_path,
                                                   std::string_view label,
                                                   const SecureBytes& so_pin,
                                                   const SecureBytes& user_pin,
                                                   const std::string& sync_directory = {});

/// Whether TokenConfig::uri can be one, without a module: invalid_argument says why not.
[[nodiscard]] Result<void> check_token_uri(std::string_view uri);

/// The key that a PKCS#11 URI names, by `id=` alone: "pkcs11:id=%01%02". invalid_argument.
[[nodiscard]] Result<KeyRef> key_from_uri(std::string_view uri);

}  // namespace coffer::pkcs11
