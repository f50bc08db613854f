// The functions that the fault-injecting module has a hand on; the rest go straight through.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "pkcs11/src/p11.h"

#define COFFER_P11_FAULT_FUNCTIONS(X) \
  X(C_Initialize)                     \
  X(C_Finalize)                       \
  X(C_GetSlotList)                    \
  X(C_GetTokenInfo)                   \
  X(C_GetMechanismList)               \
  X(C_InitToken)                      \
  X(C_InitPIN)                        \
  X(C_OpenSession)                    \
  X(C_CloseSession)                   \
  X(C_GetSessionInfo)                 \
  X(C_Login)                          \
  X(C_Logout)                         \
  X(C_CreateObject)                   \
  X(C_DestroyObject)                  \
  X(C_GetAttributeValue)              \
  X(C_SetAttributeValue)              \
  X(C_FindObjectsInit)                \
  X(C_FindObjects)                    \
  X(C_FindObjectsFinal)               \
  X(C_EncryptInit)                    \
  X(C_Encrypt)                        \
  X(C_DecryptInit)                    \
  X(C_Decrypt)                        \
  X(C_SignInit)                       \
  X(C_Sign)                           \
  X(C_GenerateKey)                    \
  X(C_GenerateKeyPair)                \
  X(C_WrapKey)                        \
  X(C_UnwrapKey)                      \
  X(C_GenerateRandom)

namespace coffer::p11_fault {

enum class Function : std::uint8_t {
#define COFFER_P11_FAULT_ENUM(name) name,
  COFFER_P11_FAULT_FUNCTIONS(COFFER_P11_FAULT_ENUM)
#undef COFFER_P11_FAULT_ENUM
};

inline constexpr std::array kFunctionNames = {
#define COFFER_P11_FAULT_NAME(name) std::string_view(#name),
    COFFER_P11_FAULT_FUNCTIONS(COFFER_P11_FAULT_NAME)
#undef COFFER_P11_FAULT_NAME
};
inline constexpr std::size_t kFunctions = kFunctionNames.size();
static_assert(kFunctions <= 64, "a Rule has a bit for each");

[[nodiscard]] std::optional<Function> function_of(std::string_view name);
/// By name or number; nullopt if it is neither.
[[nodiscard]] std::optional<CK_RV> rv_of(std::string_view name);

}  // namespace coffer::p11_fault
