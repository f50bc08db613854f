// How a token is, and when to try again: the arithmetic of TokenKeeper, without threads or tokens.
#pragma once

#include <algorithm>
#include <optional>

#include "coffer/pkcs11/token_keeper.h"

namespace coffer::pkcs11 {

/// Not thread-safe: the keeper's lock guards it. Times are the clock's.
class TokenKeeper::Condition final {
 public:
  Condition(const Clock& clock, const KeeperOptions& options);

  /// A call failed for what may be the token's fault.
  void failed(const Error& error);
  /// The canary opened, and took so long.
  void works(std::chrono::nanoseconds took);
  /// No token any more; the first attempt to open it is due at once.
  void fell(const Error& error);
  void attempt_failed(const Error& error);
  /// No more attempts: only unsealing anew helps.
  void end(const Error& error, std::string_view what);
  void reopened();
  /// What the token says of wrong PINs.
  void pin_tries(PinTries left);

  [[nodiscard]] bool down() const noexcept { return down_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Until the next attempt to open.
  [[nodiscard]] std::chrono::nanoseconds pause_left() const;
  [[nodiscard]] TokenHealth health() const;
  /// What callers are told while the token is down.
  [[nodiscard]] Error away() const;

 private:
  struct Moment {
    std::chrono::nanoseconds boot{};
    WallTime wall{};
  };
  [[nodiscard]] Moment now() const { return {clock_.boottime(), clock_.wall()}; }
  void remember(const Error& error);
  [[nodiscard]] std::chrono::nanoseconds longer(std::chrono::nanoseconds pause) const;

  const Clock& clock_;
  const KeeperOptions options_;
  Moment up_since_;
  bool down_ = false;
  bool ended_ = false;
  Moment down_since_{};
  std::string reason_{};
  std::string cause_{};  ///< of what brought it down, for the log
  std::chrono::nanoseconds pause_{};
  std::chrono::nanoseconds next_attempt_{};
  PinTries pin_tries_ = PinTries::plenty;
  WallTime pin_tries_since_{};
  std::optional<Moment> slow_since_{};
  std::chrono::nanoseconds took_{};
  std::optional<Moment> fault_since_{};  ///< the first of those that were close together
  Moment last_fault_{};
  std::string fault_{};
  std::uint64_t reopenings_ = 0;
  std::string last_error_{};
};

/// "CKR_DEVICE_ERROR" out of "C_Decrypt: CKR_DEVICE_ERROR"; empty if the cause names none.
[[nodiscard]] std::string ckr_name(std::string_view cause);

}  // namespace coffer::pkcs11
