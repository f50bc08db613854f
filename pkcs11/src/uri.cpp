#include "uri.h"

#include <string>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {
namespace {

Error bad_uri(std::string_view why, std::string_view cause = {}) {
  return make_error(ErrorCode::invalid_argument, "bad PKCS#11 URI: " + std::string(why), cause);
}

Result<UriHandle> parse_uri(std::string_view text, P11KitUriType type) {
  // p11-kit reads up to a NUL, and would take the part before it.
  if (text.find('\0') != std::string_view::npos) return bad_uri("it has a NUL in it");
  UriHandle uri(p11_kit_uri_new());
  if (!uri) return make_error(ErrorCode::resource_exhausted, "no memory for a PKCS#11 URI");
  const int parsed = p11_kit_uri_parse(std::string(text).c_str(), type, uri.get());
  if (parsed != P11_KIT_URI_OK) {
    const char* const message = p11_kit_uri_message(parsed);
    return bad_uri("it can't be read", message != nullptr ? message : "");
  }
  if (p11_kit_uri_get_pin_value(uri.get()) != nullptr ||
      p11_kit_uri_get_pin_source(uri.get()) != nullptr) {
    return bad_uri("a PIN, or where it is, doesn't belong into it");
  }
  if (p11_kit_uri_get_module_path(uri.get()) != nullptr ||
      p11_kit_uri_get_module_name(uri.get()) != nullptr) {
    return bad_uri("the module is set by the configuration, not by it");
  }
  // An attribute that is ignored would match more than its writer meant.
  if (p11_kit_uri_any_unrecognized(uri.get()) != 0) {
    return bad_uri("it has an attribute that isn't understood here");
  }
  return uri;
}

/// p11-kit fills the field with blanks when the attribute is there, and leaves NULs when it isn't.
template <std::size_t size>
bool is_named(const CK_UTF8CHAR (&field)[size]) noexcept {
  return field[0] != 0 && p11_kit_space_strlen(field, size) != 0;
}

}  // namespace

Result<TokenUri> TokenUri::parse(std::string_view text) {
  COFFER_TRY(UriHandle uri, parse_uri(text, P11_KIT_URI_FOR_TOKEN));
  const CK_TOKEN_INFO* const wanted = p11_kit_uri_get_token_info(uri.get());
  if (!is_named(wanted->label) && !is_named(wanted->serialNumber)) {
    return bad_uri("it names no token: give serial= or token=");
  }
  return TokenUri(std::move(uri));
}

bool TokenUri::matches(const CK_TOKEN_INFO& info) const noexcept {
  return p11_kit_uri_match_token_info(uri_.get(), &info) != 0;
}

Result<void> check_token_uri(std::string_view uri) {
  COFFER_TRY([[maybe_unused]] const TokenUri parsed, TokenUri::parse(uri));
  return {};
}

Result<KeyRef> key_from_uri(std::string_view text) {
  COFFER_TRY(UriHandle uri, parse_uri(text, P11_KIT_URI_FOR_OBJECT));
  CK_ULONG count = 0;
  const CK_ATTRIBUTE* const attributes = p11_kit_uri_get_attributes(uri.get(), &count);
  if (count != 1 || attributes[0].type != CKA_ID || attributes[0].ulValueLen == 0) {
    return bad_uri("a key is named by id= alone");
  }
  const auto* const id = static_cast<const std::uint8_t*>(attributes[0].pValue);
  return KeyRef{Bytes(id, id + attributes[0].ulValueLen)};
}

}  // namespace coffer::pkcs11
