// The daemon's side of the supervisor: a process without module or threads that holds the PINs and
// starts the workers, so that this process neither loads a module nor forks while it serves.
#pragma once

#include <string>
#include <vector>

#include "coffer/pkcs11/supervisor_protocol.h"
#include "coffer/pkcs11/token_source.h"

namespace coffer::pkcs11 {

struct SupervisorConfig {
  /// Absolute path of coffer-token; it is checked as a module is.
  std::string program;
  Settings settings{};
  /// Where attempts at logging in are written down before they are made (mode 0600, made if absent,
  /// opened as this process's user at each open()). Empty: they are remembered as long as the
  /// supervisor lives.
  std::string attempts_path{};
};

class Supervisor {
 public:
  /// Forks: call while this process has one thread. Errors as check_module_file(), `unavailable`.
  [[nodiscard]] static Result<std::unique_ptr<Supervisor>> start(const SupervisorConfig& config);
  /// Ends the supervisor and its workers, and waits for it, three seconds at most.
  virtual ~Supervisor() = default;

  /// Of one token; goes before the supervisor does. Its tokens are RemoteTokens. A worker that
  /// can't be ended (state D) makes reopen() `unavailable` until the kernel lets it go. open() and
  /// reopen() may take ten seconds, or two call deadlines if that is more. Thread-safe.
  [[nodiscard]] virtual std::unique_ptr<TokenSource> source() = 0;

  /// As pkcs11::initialise_token(), in a worker of its own.
  [[nodiscard]] virtual Result<std::string> initialise_token(const Initialising& token) = 0;
};

/// The program of that name in the directory of this process's own. `internal` if that can't be
/// told.
[[nodiscard]] Result<std::string> program_beside_this(std::string_view name);

}  // namespace coffer::pkcs11
