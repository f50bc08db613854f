#include "errors.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace coffer::pkcs11 {
namespace {

struct Row {
  CK_RV rv;
  std::string_view name;
  ErrorCode code;
};

// CKR_BUFFER_TOO_SMALL and CKR_OPERATION_ACTIVE are the token's state and not ours: our buffers
// have the length that the standard gives, and a session in which a call failed isn't used again.
// What isn't here is `unavailable`: a value that we don't know says nothing of the request, and the
// caller's one sound answer is to stop and come back.
#define COFFER_ROW(rv, code) \
  Row { rv, #rv, ErrorCode::code }
constexpr std::array kRows = {
    COFFER_ROW(CKR_HOST_MEMORY, resource_exhausted),
    COFFER_ROW(CKR_SLOT_ID_INVALID, unavailable),
    COFFER_ROW(CKR_GENERAL_ERROR, unavailable),
    COFFER_ROW(CKR_FUNCTION_FAILED, unavailable),
    COFFER_ROW(CKR_ARGUMENTS_BAD, internal),
    COFFER_ROW(CKR_NEED_TO_CREATE_THREADS, precondition),
    COFFER_ROW(CKR_CANT_LOCK, precondition),
    COFFER_ROW(CKR_ATTRIBUTE_READ_ONLY, precondition),
    COFFER_ROW(CKR_ATTRIBUTE_SENSITIVE, precondition),
    COFFER_ROW(CKR_ATTRIBUTE_TYPE_INVALID, precondition),
    COFFER_ROW(CKR_ATTRIBUTE_VALUE_INVALID, precondition),
    COFFER_ROW(CKR_ACTION_PROHIBITED, precondition),
    COFFER_ROW(CKR_DATA_INVALID, internal),
    COFFER_ROW(CKR_DATA_LEN_RANGE, internal),
    COFFER_ROW(CKR_DEVICE_ERROR, unavailable),
    COFFER_ROW(CKR_DEVICE_MEMORY, resource_exhausted),
    COFFER_ROW(CKR_DEVICE_REMOVED, unavailable),
    COFFER_ROW(CKR_ENCRYPTED_DATA_INVALID, corrupt),
    COFFER_ROW(CKR_ENCRYPTED_DATA_LEN_RANGE, corrupt),
    COFFER_ROW(CKR_FUNCTION_CANCELED, unavailable),
    COFFER_ROW(CKR_FUNCTION_NOT_SUPPORTED, precondition),
    COFFER_ROW(CKR_KEY_HANDLE_INVALID, unavailable),
    COFFER_ROW(CKR_KEY_SIZE_RANGE, precondition),
    COFFER_ROW(CKR_KEY_TYPE_INCONSISTENT, precondition),
    COFFER_ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, precondition),
    COFFER_ROW(CKR_MECHANISM_INVALID, precondition),
    COFFER_ROW(CKR_MECHANISM_PARAM_INVALID, precondition),
    COFFER_ROW(CKR_OBJECT_HANDLE_INVALID, unavailable),
    COFFER_ROW(CKR_OPERATION_ACTIVE, unavailable),
    COFFER_ROW(CKR_OPERATION_NOT_INITIALIZED, unavailable),
    COFFER_ROW(CKR_PIN_INCORRECT, permission_denied),
    COFFER_ROW(CKR_PIN_INVALID, permission_denied),
    COFFER_ROW(CKR_PIN_LEN_RANGE, permission_denied),
    COFFER_ROW(CKR_PIN_EXPIRED, permission_denied),
    COFFER_ROW(CKR_PIN_LOCKED, permission_denied),
    COFFER_ROW(CKR_SESSION_CLOSED, unavailable),
    COFFER_ROW(CKR_SESSION_COUNT, resource_exhausted),
    COFFER_ROW(CKR_SESSION_HANDLE_INVALID, unavailable),
    COFFER_ROW(CKR_SESSION_PARALLEL_NOT_SUPPORTED, internal),
    COFFER_ROW(CKR_SESSION_READ_ONLY, internal),
    COFFER_ROW(CKR_SESSION_EXISTS, conflict),
    COFFER_ROW(CKR_TEMPLATE_INCOMPLETE, precondition),
    COFFER_ROW(CKR_TEMPLATE_INCONSISTENT, precondition),
    COFFER_ROW(CKR_TOKEN_NOT_PRESENT, unavailable),
    COFFER_ROW(CKR_TOKEN_NOT_RECOGNIZED, unavailable),
    COFFER_ROW(CKR_TOKEN_WRITE_PROTECTED, precondition),
    COFFER_ROW(CKR_USER_ALREADY_LOGGED_IN, conflict),
    COFFER_ROW(CKR_USER_NOT_LOGGED_IN, unavailable),
    COFFER_ROW(CKR_USER_PIN_NOT_INITIALIZED, precondition),
    COFFER_ROW(CKR_USER_TYPE_INVALID, internal),
    COFFER_ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, conflict),
    COFFER_ROW(CKR_USER_TOO_MANY_TYPES, conflict),
    COFFER_ROW(CKR_RANDOM_NO_RNG, precondition),
    COFFER_ROW(CKR_DOMAIN_PARAMS_INVALID, precondition),
    COFFER_ROW(CKR_CURVE_NOT_SUPPORTED, precondition),
    COFFER_ROW(CKR_BUFFER_TOO_SMALL, unavailable),
    COFFER_ROW(CKR_CRYPTOKI_NOT_INITIALIZED, unavailable),
    COFFER_ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, conflict),
    COFFER_ROW(CKR_FIPS_SELF_TEST_FAILED, unavailable),
    COFFER_ROW(CKR_LIBRARY_LOAD_FAILED, unavailable),
    COFFER_ROW(CKR_PIN_TOO_WEAK, permission_denied),
    COFFER_ROW(CKR_FUNCTION_REJECTED, permission_denied),
};
#undef COFFER_ROW

const Row* find_row(CK_RV rv) noexcept {
  const auto* row =
      std::find_if(kRows.begin(), kRows.end(), [rv](const Row& each) { return each.rv == rv; });
  return row == kRows.end() ? nullptr : row;
}

std::string_view text_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::unavailable: return "the token is away or doesn't answer";
    case ErrorCode::resource_exhausted: return "the token has no session or memory left";
    case ErrorCode::permission_denied: return "the token refused the PIN";
    case ErrorCode::precondition: return "the token or the key on it can't do this";
    case ErrorCode::corrupt: return "what the token was to open isn't what it wrapped";
    case ErrorCode::conflict: return "the token's module is in use by other code of this process";
    case ErrorCode::internal:
    case ErrorCode::invalid_argument:
    case ErrorCode::unauthenticated:
    case ErrorCode::not_found:
    case ErrorCode::too_large:
    case ErrorCode::unsupported:
    case ErrorCode::limit_reached:
    case ErrorCode::sealed: break;
  }
  return "the token refused a call";
}

template <std::size_t size>
bool is_one_of(CK_RV rv, const std::array<CK_RV, size>& values) noexcept {
  return std::find(values.begin(), values.end(), rv) != values.end();
}

}  // namespace

std::string rv_name(CK_RV rv) {
  if (rv == CKR_OK) return "CKR_OK";
  const Row* const row = find_row(rv);
  return row != nullptr ? std::string(row->name) : fmt::format("CK_RV {:#x}", rv);
}

ErrorCode code_of(CK_RV rv) noexcept {
  const Row* const row = find_row(rv);
  return row != nullptr ? row->code : ErrorCode::unavailable;
}

Error ck_error(std::string_view function, CK_RV rv, SourceLocation where) {
  const ErrorCode code = code_of(rv);
  return make_error(code, text_of(code), fmt::format("{}: {}", function, rv_name(rv)), where);
}

Result<void> ck_check(std::string_view function, CK_RV rv, SourceLocation where) {
  if (rv == CKR_OK) return {};
  return ck_error(function, rv, where);
}

bool is_dead_session(CK_RV rv) noexcept {
  return is_one_of(rv, std::array<CK_RV, 2>{CKR_SESSION_CLOSED, CKR_SESSION_HANDLE_INVALID});
}

bool is_stale_handle(CK_RV rv) noexcept {
  return is_one_of(rv, std::array<CK_RV, 2>{CKR_OBJECT_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID});
}

bool is_ambiguous_decrypt(CK_RV rv) noexcept {
  return is_one_of(rv,
                   std::array<CK_RV, 5>{CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR,
                                        CKR_DATA_INVALID, CKR_DATA_LEN_RANGE});
}

}  // namespace coffer::pkcs11
