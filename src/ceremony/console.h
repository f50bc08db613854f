// The people at a ceremony, as the program meets them: on a terminal, or answered for by a file.
// Private to the room.
#pragma once

#include <memory>
#include <string>

#include "coffer/base/secure_bytes.h"

namespace coffer::ceremony {

class Console {
 public:
  virtual ~Console() = default;
  virtual void say(std::string_view text) = 0;
  /// Whether somebody reads what is said, and can compare it.
  [[nodiscard]] virtual bool has_people() const = 0;
  /// A line. `key` tells which question it is: "confirm.STEP.1", "exception.FINDING", "serial".
  /// unavailable: nobody answers, or a signal came.
  [[nodiscard]] virtual Result<std::string> ask(std::string_view key, std::string_view prompt) = 0;
  /// Shown to that person alone, once. `name`: "so-pin", "user-pin", "share-1", …
  [[nodiscard]] virtual Result<void> hand_over(std::string_view name, std::string_view person,
                                               const SecureBytes& secret) = 0;
  /// Typed in by who holds it; not echoed.
  [[nodiscard]] virtual Result<SecureBytes> ask_secret(std::string_view name) = 0;
};

/// /dev/tty. not_found without one.
[[nodiscard]] Result<std::unique_ptr<Console>> terminal_console();
/// A JSON file: {"answers": {KEY: LINE, …}, "secrets": DIRECTORY}. The answer of "confirm.STEP.N"
/// may stand under "confirm.N", that of "exception.FINDING" under "exception". Secrets that are
/// handed over become files of that directory (0400) by their names, and are read from there.
[[nodiscard]] Result<std::unique_ptr<Console>> answers_console(const std::string& path);

/// From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT end a question instead of the process, so that
/// the transcript says so, and what is secret is wiped.
void end_questions_on_signals();
[[nodiscard]] bool signal_came() noexcept;

}  // namespace coffer::ceremony
