#include "session.h"

namespace coffer::pkcs11 {

Result<Session> Session::open(const Module& module, CK_SLOT_ID slot, Access access) {
  if (!module.usable()) {
    return make_error(ErrorCode::unavailable, "the token isn't open in this process",
                      "forked, exiting, or not initialised");
  }
  CK_FLAGS flags = CKF_SERIAL_SESSION;
  if (access == Access::read_write) flags |= CKF_RW_SESSION;
  CK_SESSION_HANDLE handle = 0;
  const Module::Turn turn(module);
  COFFER_CHECK(ck_check("C_OpenSession",
                        module.functions().C_OpenSession(slot, flags, nullptr, nullptr, &handle)));
  return Session(module, handle);
}

Session::~Session() { close(); }

Session::Session(Session&& other) noexcept
    : module_(std::exchange(other.module_, nullptr)),
      handle_(other.handle_),
      failure_(other.failure_) {}

Session& Session::operator=(Session&& other) noexcept {
  if (this != &other) {
    close();
    module_ = std::exchange(other.module_, nullptr);
    handle_ = other.handle_;
    failure_ = other.failure_;
  }
  return *this;
}

void Session::close() noexcept {
  if (module_ == nullptr || !module_->usable()) return;
  const Module::Turn turn(*module_);
  // A session that is already gone can't be closed, and needn't be.
  static_cast<void>(module_->functions().C_CloseSession(handle_));
}

}  // namespace coffer::pkcs11
