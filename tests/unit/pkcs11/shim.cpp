#include "shim.h"

#include <cstdlib>
#include <vector>

#include "fakes/softhsm.h"

namespace coffer::pkcs11::shim {
namespace {

struct Fault {
  std::string function;
  std::size_t at_call;
  CK_RV rv;
};

struct State {
  std::mutex mutex;
  std::map<std::string, std::size_t> calls;
  std::map<std::string, CK_RV> always;
  std::vector<Fault> faults;
  std::vector<std::function<void()>> resets;
};

State& state() {
  static auto* const instance = new State;
  return *instance;
}

}  // namespace

CK_FUNCTION_LIST& real() {
  static CK_FUNCTION_LIST* const functions = p11_kit_module_load(
      fakes::kSoftHsmModule, int{P11_KIT_MODULE_UNMANAGED} | int{P11_KIT_MODULE_CRITICAL});
  if (functions == nullptr) std::abort();
  return *functions;
}

#define COFFER_HOOK(function) Hook<&CK_FUNCTION_LIST::function>::install(*list, #function)
CK_FUNCTION_LIST* hooked() {
  static CK_FUNCTION_LIST* const hooks = [] {
    auto* const list = new CK_FUNCTION_LIST(real());
    COFFER_HOOK(C_Initialize);
    COFFER_HOOK(C_Finalize);
    COFFER_HOOK(C_GetSlotList);
    COFFER_HOOK(C_GetTokenInfo);
    COFFER_HOOK(C_OpenSession);
    COFFER_HOOK(C_CloseSession);
    COFFER_HOOK(C_Login);
    COFFER_HOOK(C_Logout);
    COFFER_HOOK(C_GenerateKey);
    COFFER_HOOK(C_GenerateKeyPair);
    COFFER_HOOK(C_CreateObject);
    COFFER_HOOK(C_SetAttributeValue);
    COFFER_HOOK(C_DestroyObject);
    COFFER_HOOK(C_GetAttributeValue);
    COFFER_HOOK(C_FindObjectsInit);
    COFFER_HOOK(C_FindObjects);
    COFFER_HOOK(C_FindObjectsFinal);
    COFFER_HOOK(C_EncryptInit);
    COFFER_HOOK(C_Encrypt);
    COFFER_HOOK(C_DecryptInit);
    COFFER_HOOK(C_Decrypt);
    COFFER_HOOK(C_SignInit);
    COFFER_HOOK(C_Sign);
    COFFER_HOOK(C_GenerateRandom);
    return list;
  }();
  return hooks;
}
#undef COFFER_HOOK

void reset() {
  hooked();
  const std::lock_guard lock(state().mutex);
  state().calls.clear();
  state().always.clear();
  state().faults.clear();
  for (const auto& action : state().resets) action();
}

void fail_nth(const std::string& function, std::size_t n, CK_RV rv) {
  const std::lock_guard lock(state().mutex);
  state().faults.push_back({function, state().calls[function] + n, rv});
}

void fail_always(const std::string& function, std::optional<CK_RV> rv) {
  const std::lock_guard lock(state().mutex);
  state().always.erase(function);
  if (rv) state().always[function] = *rv;
}

std::size_t calls(const std::string& function) {
  const std::lock_guard lock(state().mutex);
  return state().calls[function];
}

std::optional<CK_RV> enter(const std::string& function) {
  const std::lock_guard lock(state().mutex);
  const std::size_t call = ++state().calls[function];
  for (const Fault& fault : state().faults) {
    if (fault.function == function && fault.at_call == call) return fault.rv;
  }
  const auto always = state().always.find(function);
  if (always != state().always.end()) return always->second;
  return std::nullopt;
}

void on_reset(std::function<void()> action) {
  const std::lock_guard lock(state().mutex);
  state().resets.push_back(std::move(action));
}

}  // namespace coffer::pkcs11::shim
