// One session, of one thread at a time.
#pragma once

#include <utility>

#include "coffer/base/result.h"
#include "errors.h"
#include "module.h"

namespace coffer::pkcs11 {

enum class Access { read_only, read_write };

/// Closes itself; never logs out: login belongs to all sessions of the token, and to the Token.
class Session final {
 public:
  /// The module outlives the session.
  [[nodiscard]] static Result<Session> open(const Module& module, CK_SLOT_ID slot, Access access);
  ~Session();
  Session(Session&& other) noexcept;
  Session& operator=(Session&& other) noexcept;

  /// Calls `function(session, arguments…)` and remembers the latest failure.
  template <typename Function, typename... Arguments>
  [[nodiscard]] CK_RV invoke(Function CK_FUNCTION_LIST::*function, Arguments... arguments) {
    const Module::Turn turn(*module_);
    const CK_RV rv = (module_->functions().*function)(handle_, arguments...);
    if (rv != CKR_OK) failure_ = rv;
    return rv;
  }
  template <typename Function, typename... Arguments>
  [[nodiscard]] Result<void> call(std::string_view name, Function CK_FUNCTION_LIST::*function,
                                  Arguments... arguments) {
    return ck_check(name, invoke(function, arguments...));
  }

  /// CKR_OK while no call failed. After a failure an operation may still be active in the session
  /// (SoftHSM keeps it after CKR_ARGUMENTS_BAD, and then refuses every other): only closing helps.
  [[nodiscard]] CK_RV failure() const noexcept { return failure_; }
  /// Results were not what was asked for, although the call said CKR_OK.
  void distrust() noexcept { failure_ = CKR_DEVICE_ERROR; }

 private:
  Session(const Module& module, CK_SESSION_HANDLE handle) noexcept
      : module_(&module), handle_(handle) {}
  void close() noexcept;
  const Module* module_;
  CK_SESSION_HANDLE handle_;
  CK_RV failure_ = CKR_OK;
};

}  // namespace coffer::pkcs11
