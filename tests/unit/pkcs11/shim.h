// SoftHSM's functions with a hand on each: count the calls, make the nth one fail, change what
// comes back. PKCS#11 has no room for a context, so there is one shim a process.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "pkcs11/src/p11.h"

namespace coffer::pkcs11::shim {

/// Loaded once, never unloaded.
CK_FUNCTION_LIST& real();
/// The real functions behind hooks. Give it to Module::adopt().
CK_FUNCTION_LIST* hooked();
/// No faults, no changes, counts at zero.
void reset();

/// The nth call from now (1 is the next) gives `rv` instead of being made. Once.
void fail_nth(const std::string& function, std::size_t n, CK_RV rv);
/// Every call from now on gives `rv`; nullopt ends it.
void fail_always(const std::string& function, std::optional<CK_RV> rv);
std::size_t calls(const std::string& function);

/// What a hook does first: counts, and gives the rv to fail with.
std::optional<CK_RV> enter(const std::string& function);
void on_reset(std::function<void()> action);

template <auto member>
struct Hook;

/// `after` may change the rv and what the pointers point to.
template <typename... Arguments, CK_RV (*CK_FUNCTION_LIST::*member)(Arguments...)>
struct Hook<member> {
  static inline std::string name{};
  static inline std::function<void(CK_RV&, Arguments...)> after{};

  static CK_RV call(Arguments... arguments) {
    if (const auto fault = enter(name)) return *fault;
    CK_RV rv = (real().*member)(arguments...);
    if (after) after(rv, arguments...);
    return rv;
  }
  static void install(CK_FUNCTION_LIST& list, const std::string& function) {
    name = function;
    list.*member = &call;
    on_reset([] { after = nullptr; });
  }
};

}  // namespace coffer::pkcs11::shim
