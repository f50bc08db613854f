// For ceremonies: what a key must be and is, attribute by attribute, in words that a plan can hold;
// what tokens say of themselves before anyone logs in; PINs; and what goes with a vault that ends.
// In this process, while no other Token of the module is open.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

/// Names are PKCS#11's, for the public half of a pair behind "public "; values are true, false, a
/// decimal number, a name (CKK_AES), or bytes in hexadecimal.
struct StatedAttribute {
  std::string name;
  std::string value;
  /// A token that doesn't know the attribute is as good.
  bool may_be_absent = false;
  bool operator==(const StatedAttribute&) const = default;
};

/// What generate() makes a key of that role with, and what is read back of it. invalid_argument
/// for a profile that there isn't, "auto" among them: what that takes isn't known beforehand.
[[nodiscard]] Result<std::vector<StatedAttribute>> key_template(KeyRole role,
                                                                std::string_view profile);

struct KeyToRead {
  KeyRole role{};
  KeyRef key;
};
/// The attributes of key_template() as the token has them, for each key; one that it doesn't know
/// has the value "absent". Opens the token by itself: no other Token of the module may be open.
/// Errors as open_token() and Token::verify().
[[nodiscard]] Result<std::vector<std::vector<StatedAttribute>>> read_attributes(
    const TokenConfig& config, const SecureBytes& pin, std::span<const KeyToRead> keys);

/// A slot with a token in it, as it is before a login (CK_TOKEN_INFO).
struct TokenLook {
  TokenInfo info;
  bool initialised = false;
  bool user_pin_set = false;
  std::string flags;  ///< by their names, with blanks between
};
/// Of all slots, without a login.
[[nodiscard]] Result<std::vector<TokenLook>> look_at_tokens(const std::string& module_path);

/// As initialise_token(), on the blank token with that serial alone: C_InitToken can't be undone,
/// so which one it is must be known before. not_found if no blank token has it. With an empty
/// serial, for tokens that get theirs only now, the one blank token that there is.
[[nodiscard]] Result<std::string> initialise_token_with_serial(
    const std::string& module_path, std::string_view serial, std::string_view label,
    const SecureBytes& so_pin, const SecureBytes& user_pin, const std::string& sync_directory = {});

/// What is left to do of an initialise_token() that ended between C_InitToken and C_InitPIN: the
/// token of that serial, which has no user PIN yet, gets it. One attempt with the SO PIN.
/// precondition: it has one. permission_denied.
[[nodiscard]] Result<void> finish_initialisation(const std::string& module_path,
                                                 const std::string& serial,
                                                 const SecureBytes& so_pin,
                                                 const SecureBytes& user_pin,
                                                 const std::string& sync_directory = {});

/// Destroys the data objects of ours with these labels, and sees that they are gone; how many there
/// were. Errors as open_token() and Token::read_data().
[[nodiscard]] Result<std::size_t> destroy_data(const TokenConfig& config, const SecureBytes& pin,
                                               std::span<const std::string> labels);

enum class PinOwner : std::uint8_t { user, security_officer };
/// C_SetPIN as that owner, on the token that `config` names. One attempt with the old PIN.
/// permission_denied if it is wrong, or the token says that few tries are left.
[[nodiscard]] Result<void> change_pin(const TokenConfig& config, PinOwner owner,
                                      const SecureBytes& old_pin, const SecureBytes& new_pin);

enum class PinTry : std::uint8_t { first, second };
/// Whether the token has this PIN of that owner now: one login, and out again. false costs a try.
/// permission_denied, and no try, if the token says that few are left: with `second`, behind a
/// `first` that was false, only if one more could lock it.
[[nodiscard]] Result<bool> takes_pin(const TokenConfig& config, PinOwner owner,
                                     const SecureBytes& pin, PinTry which);

}  // namespace coffer::pkcs11
