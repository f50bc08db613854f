// Where open tokens come from, again and again: a token that died is cured by opening it anew, and
// whoever notices that (TokenKeeper) has no PIN.
//
// Implementations: in_process_source() here, which loads the module into this process (tests, and
// the inside of the worker), and the supervised worker process.
#pragma once

#include <memory>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

/// Thread-safe; one opening at a time. The tokens that it gives may outlive neither it nor, for the
/// in-process one, the token given before: destroy that first.
class TokenSource {
 public:
  virtual ~TokenSource() = default;

  /// Errors as open_token(). After success the PIN is kept for reopen(), by whoever may hold it
  /// (the supervisor, never the daemon).
  [[nodiscard]] virtual Result<std::unique_ptr<Token>> open(const TokenConfig& config,
                                                            const SecureBytes& pin) = 0;
  /// As the last open() that succeeded. `precondition` if there is none, or after forget(). A PIN
  /// that was refused in between is forgotten: `permission_denied`, and never tried again.
  [[nodiscard]] virtual Result<std::unique_ptr<Token>> reopen() = 0;
  /// Wipes the PIN: at seal.
  virtual void forget() = 0;
};

/// Thread-safe. Keeps the PIN in this process's secure heap.
[[nodiscard]] std::unique_ptr<TokenSource> in_process_source();

}  // namespace coffer::pkcs11
