// What differs between makes of tokens, as data: everything that the code asks about a make is a
// field here, so that nobody compares names. docs/tokens.md tells where the values come from.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

enum class WrapScheme : std::uint8_t { aes_gcm, rsa_oaep_sha256, rsa_oaep_sha1 };

enum class SignScheme : std::uint8_t { ecdsa_p256, rsa_pss };

/// Who chooses the IV of AES-GCM.
enum class IvHabit : std::uint8_t {
  ours,          ///< we do, at random
  written_back,  ///< the token does: it takes zeros, and writes its own over them
  appended,      ///< the token does, and appends it to the ciphertext and tag
};

struct Profile {
  std::string_view name;
  /// In a sentence, for people.
  std::string_view about;
  /// "auto" takes the first profile whose library and model (of CK_INFO and CK_TOKEN_INFO) begin
  /// so. Without a library: never taken by itself.
  std::string_view library{};
  std::string_view model{};
  /// How new keks wrap. A kek that is there keeps its kind, AES or RSA; the hash of OAEP isn't an
  /// attribute of a key, so it stays as it is for as long as a vault has wraps by it.
  WrapScheme wrap = WrapScheme::aes_gcm;
  /// Of new key pairs, in bits.
  unsigned long rsa_bits = 3072;
  /// Of new signing keys; one that is there keeps its kind.
  SignScheme sign = SignScheme::ecdsa_p256;
  IvHabit iv = IvHabit::ours;
  /// CKM_AES_GCM, or the vendor's own number for it.
  unsigned long gcm_mechanism = 0x1087;
  /// Whether CKA_ALLOWED_MECHANISMS is in the template of a new key. A token that knows it and gets
  /// none is found out when the key is read back.
  bool allowed_mechanisms = true;
  /// Whether a key can be told not to sign, verify, encrypt or decrypt. Where the make refuses that
  /// and reports more uses than were asked for, CKA_ALLOWED_MECHANISMS alone holds a key to one.
  bool states_usages_off = true;
  /// Attributes (CKA_…) that this make neither takes nor keeps, so that nothing can be demanded.
  /// What they would have guarded is in `about` and in docs/tokens.md.
  std::span<const unsigned long> lacks{};
  /// The module breaks when two threads are in it, whatever it promised at C_Initialize.
  bool one_at_a_time = false;
  /// Whether it holds private data objects (CKO_DATA), for good and each as itself:
  /// Token::read_data() and write_data().
  bool holds_data = true;
  /// Keys can leave it although they may not: refused unless TokenConfig::accept_insecure_token.
  bool insecure = false;
};

/// The names that TokenConfig::profile may have, beside "auto".
[[nodiscard]] std::span<const Profile> all_profiles() noexcept;

/// Whether TokenConfig::profile can have this value. invalid_argument lists those that it can.
[[nodiscard]] Result<void> check_profile_name(std::string_view name);

/// What a module and a token say of themselves: enough to know a make by, nothing to trust.
struct Make {
  std::string library;  ///< CK_INFO: manufacturer and description, with a blank between
  std::string model;    ///< CK_TOKEN_INFO
};

/// By name, or by the make for "auto". invalid_argument for another name.
[[nodiscard]] Result<Profile> choose_profile(std::string_view name, const Make& make);

}  // namespace coffer::pkcs11
