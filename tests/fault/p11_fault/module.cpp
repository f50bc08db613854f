// A PKCS#11 module in front of another, which does to it what a script says (script.h). The script
// is read again when it changes, also by a daemon that runs. For tests alone.
#include <dlfcn.h>

#include <atomic>

#include "behind.h"
#include "gcm_habits.h"

namespace coffer::p11_fault {

CK_FUNCTION_LIST* behind() {
  static CK_FUNCTION_LIST* const functions = []() -> CK_FUNCTION_LIST* {
    void* const library = ::dlopen(Faults::get().module().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    void* const symbol = ::dlsym(library, "C_GetFunctionList");
    if (symbol == nullptr) return nullptr;
    CK_FUNCTION_LIST* list = nullptr;
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(symbol);
    return get(&list) == CKR_OK ? list : nullptr;
  }();
  return functions;
}

namespace {

std::atomic<CK_ULONG> open_sessions{0};

// How a call is made; most simply are.
template <auto member, typename... Arguments>
struct Make {
  static CK_RV call(const Plan& /*plan*/, Arguments... arguments) {
    return (behind()->*member)(arguments...);
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_OpenSession, Arguments...> {
  static CK_RV call(const Plan& plan, Arguments... arguments) {
    const Rule* const limit = plan.find(Effect::sessions);
    if (limit != nullptr && open_sessions >= limit->number) return CKR_SESSION_COUNT;
    const CK_RV rv = behind()->C_OpenSession(arguments...);
    if (rv == CKR_OK) ++open_sessions;
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_CloseSession, Arguments...> {
  static CK_RV call(const Plan& /*plan*/, Arguments... arguments) {
    const CK_RV rv = behind()->C_CloseSession(arguments...);
    if (rv == CKR_OK) --open_sessions;
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_Finalize, Arguments...> {
  static CK_RV call(const Plan& /*plan*/, Arguments... arguments) {
    open_sessions = 0;
    return behind()->C_Finalize(arguments...);
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_EncryptInit, Arguments...> {
  static CK_RV call(const Plan& plan, Arguments... arguments) {
    return encrypt_init(plan, arguments...);
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_Encrypt, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size,
                    CK_BYTE* out, CK_ULONG* length) {
    const CK_RV rv = encrypt(session, data, size, out, length);
    change_output(plan, rv, out, length);
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_Decrypt, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size,
                    CK_BYTE* out, CK_ULONG* length) {
    const CK_RV rv = behind()->C_Decrypt(session, data, size, out, length);
    change_output(plan, rv, out, length);
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_Sign, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size,
                    CK_BYTE* out, CK_ULONG* length) {
    const CK_RV rv = behind()->C_Sign(session, data, size, out, length);
    change_output(plan, rv, out, length);
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_GenerateRandom, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SESSION_HANDLE session, CK_BYTE* out, CK_ULONG size) {
    const CK_RV rv = behind()->C_GenerateRandom(session, out, size);
    change_random(plan, rv, out, size);
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_GetTokenInfo, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
    const CK_RV rv = behind()->C_GetTokenInfo(slot, info);
    change_token_info(plan, rv, info);
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_GetAttributeValue, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                    CK_ATTRIBUTE* attributes, CK_ULONG count) {
    CK_RV rv = behind()->C_GetAttributeValue(session, object, attributes, count);
    change_attributes(plan, rv, attributes, count);
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_FindObjects, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects,
                    CK_ULONG most, CK_ULONG* count) {
    const CK_RV rv = behind()->C_FindObjects(session, objects, most, count);
    if (rv == CKR_OK && plan.find(Effect::none) != nullptr) *count = 0;
    return rv;
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_GenerateKey, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                    CK_ATTRIBUTE* attributes, CK_ULONG count, CK_OBJECT_HANDLE* key) {
    auto cut = with_cut_label(plan, attributes, count);
    return behind()->C_GenerateKey(session, mechanism, cut.data(), cut.size(), key);
  }
};

template <typename... Arguments>
struct Make<&CK_FUNCTION_LIST::C_GenerateKeyPair, Arguments...> {
  static CK_RV call(const Plan& plan, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                    CK_ATTRIBUTE* publics, CK_ULONG public_count, CK_ATTRIBUTE* privates,
                    CK_ULONG private_count, CK_OBJECT_HANDLE* public_key,
                    CK_OBJECT_HANDLE* private_key) {
    auto cut_public = with_cut_label(plan, publics, public_count);
    auto cut_private = with_cut_label(plan, privates, private_count);
    return behind()->C_GenerateKeyPair(session, mechanism, cut_public.data(), cut_public.size(),
                                       cut_private.data(), cut_private.size(), public_key,
                                       private_key);
  }
};

std::optional<CK_RV> instead_of(const Plan& plan) {
  for (const Rule* const rule : plan.rules) {
    if (rule->effect == Effect::fail) return rule->number;
    if (rule->effect == Effect::sigpipe) return CKR_DEVICE_ERROR;
  }
  return std::nullopt;
}

template <auto member, Function function>
struct Hook;

template <typename... Arguments, CK_RV (*CK_FUNCTION_LIST::*member)(Arguments...),
          Function function>
struct Hook<member, function> {
  static CK_RV call(Arguments... arguments) {
    const Plan plan = Faults::get().enter(function);
    const auto failed = instead_of(plan);
    CK_RV rv = failed ? *failed : Make<member, Arguments...>::call(plan, arguments...);
    if (const Rule* const rule = plan.find(Effect::fail_after)) rv = rule->number;
    Faults::get().leave(function, rv);
    return rv;
  }
};

CK_FUNCTION_LIST& own_functions();

CK_RV give_own_functions(CK_FUNCTION_LIST** list) {
  if (behind() == nullptr) return CKR_GENERAL_ERROR;
  *list = &own_functions();
  return CKR_OK;
}

CK_FUNCTION_LIST& own_functions() {
  static CK_FUNCTION_LIST list = [] {
    CK_FUNCTION_LIST own = *behind();
    own.C_GetFunctionList = give_own_functions;
#define COFFER_HOOK(name) own.name = &Hook<&CK_FUNCTION_LIST::name, Function::name>::call;
    COFFER_P11_FAULT_FUNCTIONS(COFFER_HOOK)
#undef COFFER_HOOK
    return own;
  }();
  return list;
}

}  // namespace
}  // namespace coffer::p11_fault

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  return coffer::p11_fault::give_own_functions(list);
}
