#include "functions.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace coffer::p11_fault {
namespace {

struct Named {
  std::string_view name;
  CK_RV rv;
};

#define COFFER_NAMED(rv) \
  Named { #rv, rv }
constexpr std::array kReturnValues = {
    COFFER_NAMED(CKR_OK),
    COFFER_NAMED(CKR_HOST_MEMORY),
    COFFER_NAMED(CKR_GENERAL_ERROR),
    COFFER_NAMED(CKR_FUNCTION_FAILED),
    COFFER_NAMED(CKR_ARGUMENTS_BAD),
    COFFER_NAMED(CKR_DATA_INVALID),
    COFFER_NAMED(CKR_DEVICE_ERROR),
    COFFER_NAMED(CKR_DEVICE_MEMORY),
    COFFER_NAMED(CKR_DEVICE_REMOVED),
    COFFER_NAMED(CKR_ENCRYPTED_DATA_INVALID),
    COFFER_NAMED(CKR_FUNCTION_CANCELED),
    COFFER_NAMED(CKR_FUNCTION_NOT_SUPPORTED),
    COFFER_NAMED(CKR_KEY_HANDLE_INVALID),
    COFFER_NAMED(CKR_MECHANISM_INVALID),
    COFFER_NAMED(CKR_OBJECT_HANDLE_INVALID),
    COFFER_NAMED(CKR_OPERATION_ACTIVE),
    COFFER_NAMED(CKR_OPERATION_NOT_INITIALIZED),
    COFFER_NAMED(CKR_PIN_EXPIRED),
    COFFER_NAMED(CKR_PIN_INCORRECT),
    COFFER_NAMED(CKR_PIN_LOCKED),
    COFFER_NAMED(CKR_SESSION_CLOSED),
    COFFER_NAMED(CKR_SESSION_COUNT),
    COFFER_NAMED(CKR_SESSION_HANDLE_INVALID),
    COFFER_NAMED(CKR_TOKEN_NOT_PRESENT),
    COFFER_NAMED(CKR_TOKEN_NOT_RECOGNIZED),
    COFFER_NAMED(CKR_USER_ALREADY_LOGGED_IN),
    COFFER_NAMED(CKR_USER_NOT_LOGGED_IN),
    COFFER_NAMED(CKR_USER_PIN_NOT_INITIALIZED),
    COFFER_NAMED(CKR_BUFFER_TOO_SMALL),
    COFFER_NAMED(CKR_CRYPTOKI_NOT_INITIALIZED),
};
#undef COFFER_NAMED

}  // namespace

std::optional<Function> function_of(std::string_view name) {
  const auto found = std::find(kFunctionNames.begin(), kFunctionNames.end(), name);
  if (found == kFunctionNames.end()) return std::nullopt;
  return static_cast<Function>(std::distance(kFunctionNames.begin(), found));
}

std::optional<CK_RV> rv_of(std::string_view name) {
  const auto named = std::find_if(kReturnValues.begin(), kReturnValues.end(),
                                  [name](const Named& each) { return each.name == name; });
  if (named != kReturnValues.end()) return named->rv;
  if (!name.starts_with("0x")) return std::nullopt;
  CK_RV rv = 0;
  const auto [end, failed] = std::from_chars(name.data() + 2, name.data() + name.size(), rv, 16);
  if (failed != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return rv;
}

}  // namespace coffer::p11_fault
