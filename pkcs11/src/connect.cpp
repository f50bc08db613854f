#include "connect.h"

#include <chrono>
#include <optional>
#include <thread>

#include "slots.h"

namespace coffer::pkcs11 {
namespace {

constexpr int kAttempts = 14;
constexpr std::chrono::milliseconds kFirstPause{5};
constexpr std::chrono::milliseconds kLongestPause{400};
/// C_Logins that ended in anything but a verdict on the PIN. Some token might count them as wrong.
constexpr int kMostLogins = 3;

struct Found {
  CK_SLOT_ID slot;
  CK_TOKEN_INFO info;
  Session keeper;
};

Result<Found> attempt(Module& module, const TokenUri& uri, const SecureBytes& pin, FewTries few,
                      int& logins) {
  COFFER_CHECK(module.initialise());
  COFFER_TRY(const CK_SLOT_ID slot, find_token(module, uri));
  COFFER_TRY(const CK_TOKEN_INFO info, read_token_info(module, slot));
  COFFER_TRY(Session keeper, Session::open(module, slot, Access::read_only));
  ++logins;
  COFFER_CHECK(log_in(keeper, info, pin, few));
  return Found{slot, info, std::move(keeper)};
}

bool may_pass(const Error& error) {
  return error.code == ErrorCode::not_found || error.code == ErrorCode::unavailable;
}

}  // namespace

Result<Connection> connect(std::unique_ptr<Module> module, const TokenUri& uri,
                           const SecureBytes& pin, FewTries few) {
  std::chrono::milliseconds pause = kFirstPause;
  int logins = 0;
  for (int tries = 1;; ++tries) {
    Result<Found> found = attempt(*module, uri, pin, few, logins);
    if (found.ok()) {
      return Connection{std::move(module), found->slot, found->info, std::move(found->keeper)};
    }
    module->finalise();
    if (!may_pass(found.error()) || tries == kAttempts || logins == kMostLogins) {
      return std::move(found).error();
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace coffer::pkcs11
