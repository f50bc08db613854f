#include "connect.h"

#include <fmt/core.h>

#include <algorithm>
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
  Profile profile;
  Session keeper;
};

/// Before the PIN goes there: a token from which keys can be copied keeps no secret.
Result<Profile> choose(const Module& module, const CK_TOKEN_INFO& info, const Manner& manner) {
  COFFER_TRY(const Make make, read_make(module, info));
  COFFER_TRY(const Profile profile, choose_profile(manner.profile, make));
  if (!profile.insecure || manner.accept_insecure) return profile;
  return make_error(
      ErrorCode::precondition,
      fmt::format("a token of the profile {} doesn't keep its keys from leaving it (it ignores "
                  "CKA_EXTRACTABLE): set token.accept_insecure_token for tests, never else",
                  profile.name));
}

Result<Found> attempt(Module& module, const TokenUri& uri, const SecureBytes& pin, FewTries few,
                      const Manner& manner, int& logins, LoginOutcome& outcome) {
  COFFER_CHECK(module.initialise(manner.init_string));
  COFFER_TRY(const CK_SLOT_ID slot, find_token(module, uri));
  COFFER_TRY(const CK_TOKEN_INFO info, read_token_info(module, slot));
  COFFER_TRY(const Profile profile, choose(module, info, manner));
  if (profile.one_at_a_time) module.serialise();
  COFFER_TRY(Session keeper, Session::open(module, slot, Access::read_only));
  ++logins;
  if (auto logged_in = log_in(keeper, info, pin, few); !logged_in.ok()) {
    // One login without a verdict isn't forgotten over later attempts that came to none.
    outcome = std::max(outcome, outcome_of(logged_in.error()));
    return std::move(logged_in).error();
  }
  return Found{slot, info, profile, std::move(keeper)};
}

bool may_pass(const Error& error) {
  return error.code == ErrorCode::not_found || error.code == ErrorCode::unavailable;
}

}  // namespace

Result<Connection> connect(std::unique_ptr<Module> module, const TokenUri& uri,
                           const SecureBytes& pin, FewTries few, LoginOutcome* outcome,
                           const Manner& manner) {
  LoginOutcome unasked{};
  LoginOutcome& so_far = outcome != nullptr ? *outcome : unasked;
  std::chrono::milliseconds pause = kFirstPause;
  int logins = 0;
  so_far = LoginOutcome::not_tried;
  for (int tries = 1;; ++tries) {
    Result<Found> found = attempt(*module, uri, pin, few, manner, logins, so_far);
    if (found.ok()) {
      return Connection{std::move(module), found->slot, found->info, found->profile,
                        std::move(found->keeper)};
    }
    module->finalise();
    if (!may_pass(found.error()) || tries == kAttempts || logins == kMostLogins) {
      return std::move(found).error();
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

Result<Connection> connect(const TokenConfig& config, const SecureBytes& pin,
                           LoginOutcome* outcome) {
  COFFER_TRY(const TokenUri uri, TokenUri::parse(config.uri));
  COFFER_TRY(std::unique_ptr<Module> module, Module::load(config.module_path));
  const FewTries few = config.accept_low_pin_count ? FewTries::accept : FewTries::refuse;
  return connect(std::move(module), uri, pin, few, outcome,
                 {config.profile, config.init_string, config.accept_insecure_token});
}

}  // namespace coffer::pkcs11
