#include "slots.h"

#include <fmt/core.h>

#include <vector>

#include "errors.h"

namespace coffer::pkcs11 {
namespace {

Result<std::vector<CK_SLOT_ID>> list_slots(const Module& module) {
  std::vector<CK_SLOT_ID> slots;
  // A token may come between the two calls, so that the list doesn't fit: ask again.
  for (int attempt = 0; attempt < 3; ++attempt) {
    CK_ULONG count = 0;
    COFFER_CHECK(
        ck_check("C_GetSlotList", module.functions().C_GetSlotList(CK_TRUE, nullptr, &count)));
    slots.resize(count);
    const CK_RV rv = module.functions().C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (rv == CKR_BUFFER_TOO_SMALL) continue;
    COFFER_CHECK(ck_check("C_GetSlotList", rv));
    slots.resize(count);
    return slots;
  }
  return make_error(ErrorCode::unavailable, "the list of slots keeps changing");
}

template <typename Accept>
Result<std::vector<CK_SLOT_ID>> slots_where(const Module& module, Accept accept) {
  COFFER_TRY(const std::vector<CK_SLOT_ID> slots, list_slots(module));
  std::vector<CK_SLOT_ID> matching;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    const CK_RV rv = module.functions().C_GetTokenInfo(slot, &info);
    // Gone meanwhile, or not a PKCS#11 token at all: none of ours. Any other failure might hide a
    // second match.
    if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED) continue;
    COFFER_CHECK(ck_check("C_GetTokenInfo", rv));
    if (accept(info)) matching.push_back(slot);
  }
  return matching;
}

template <std::size_t size>
std::string trimmed(const CK_UTF8CHAR (&field)[size]) {
  return {reinterpret_cast<const char*>(field), p11_kit_space_strlen(field, size)};
}

bool is_initialised(const CK_TOKEN_INFO& info) { return (info.flags & CKF_TOKEN_INITIALIZED) != 0; }

}  // namespace

Result<std::vector<CK_SLOT_ID>> all_slots(const Module& module) { return list_slots(module); }

Result<CK_TOKEN_INFO> read_token_info(const Module& module, CK_SLOT_ID slot) {
  CK_TOKEN_INFO info{};
  const Module::Turn turn(module);
  COFFER_CHECK(ck_check("C_GetTokenInfo", module.functions().C_GetTokenInfo(slot, &info)));
  return info;
}

Result<Make> read_make(const Module& module, const CK_TOKEN_INFO& info) {
  CK_INFO library{};
  const Module::Turn turn(module);
  COFFER_CHECK(ck_check("C_GetInfo", module.functions().C_GetInfo(&library)));
  return Make{trimmed(library.manufacturerID) + " " + trimmed(library.libraryDescription),
              trimmed(info.model)};
}

namespace {

PinTries pin_tries(CK_FLAGS flags) {
  if ((flags & CKF_USER_PIN_LOCKED) != 0) return PinTries::locked;
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) return PinTries::one_left;
  return (flags & CKF_USER_PIN_COUNT_LOW) != 0 ? PinTries::few : PinTries::plenty;
}

PinTries so_pin_tries(CK_FLAGS flags) {
  if ((flags & CKF_SO_PIN_LOCKED) != 0) return PinTries::locked;
  if ((flags & CKF_SO_PIN_FINAL_TRY) != 0) return PinTries::one_left;
  return (flags & CKF_SO_PIN_COUNT_LOW) != 0 ? PinTries::few : PinTries::plenty;
}

/// Hundredths, the second digit of which may be 0 (PKCS#11 section 3.1, CK_VERSION).
std::string version_text(const CK_VERSION& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

}  // namespace

TokenInfo describe_token(const CK_TOKEN_INFO& info) {
  return {.label = trimmed(info.label),
          .manufacturer = trimmed(info.manufacturerID),
          .model = trimmed(info.model),
          .serial = trimmed(info.serialNumber),
          .pin_tries = pin_tries(info.flags),
          .firmware = version_text(info.firmwareVersion),
          .hardware = version_text(info.hardwareVersion),
          .so_pin_tries = so_pin_tries(info.flags)};
}

Result<CK_SLOT_ID> find_token(const Module& module, const TokenUri& uri) {
  COFFER_TRY(const std::vector<CK_SLOT_ID> slots,
             slots_where(module, [&uri](const CK_TOKEN_INFO& info) {
               return is_initialised(info) && uri.matches(info);
             }));
  if (slots.empty()) return make_error(ErrorCode::not_found, "no token matches the PKCS#11 URI");
  if (slots.size() > 1) {
    return make_error(
        ErrorCode::precondition,
        fmt::format("{} tokens match the PKCS#11 URI, wanted one: name it by its serial",
                    slots.size()));
  }
  return slots.front();
}

Result<CK_SLOT_ID> choose_blank(const std::vector<BlankToken>& blank, std::string_view serial) {
  if (blank.empty()) return make_error(ErrorCode::not_found, "no slot has an uninitialised token");
  if (serial.empty()) {
    if (blank.size() == 1) return blank.front().slot;
    return make_error(ErrorCode::precondition,
                      fmt::format("{} tokens aren't initialised, wanted one: name it by its serial",
                                  blank.size()));
  }
  for (const BlankToken& each : blank) {
    if (each.serial == serial) return each.slot;
  }
  return make_error(ErrorCode::not_found, "no uninitialised token has the serial that was planned");
}

Result<CK_SLOT_ID> find_blank_token(const Module& module, std::string_view serial) {
  COFFER_TRY(const std::vector<CK_SLOT_ID> slots,
             slots_where(module, [](const CK_TOKEN_INFO& info) { return !is_initialised(info); }));
  std::vector<BlankToken> blank;
  for (const CK_SLOT_ID slot : slots) {
    COFFER_TRY(const CK_TOKEN_INFO info, read_token_info(module, slot));
    blank.push_back({slot, trimmed(info.serialNumber)});
  }
  return choose_blank(blank, serial);
}

}  // namespace coffer::pkcs11
