// The operator's own programs, run as another user by coffer-exec. cofferd never forks for them: it
// has threads, keys and files open. docs/decisions/0026-programs-have-a-process-of-their-own.md.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"
#include "coffer/lifecycle/rotator.h"

namespace coffer::programs {

/// As the configuration names it. No request ever says a path.
struct Program {
  std::string name;
  std::string path;  ///< absolute
  /// What it may rotate: patterns (model/path_pattern.h). Only cofferd looks at them.
  std::vector<std::string> secrets{};
  std::string user;  ///< empty: whoever starts cofferd
  std::chrono::seconds deadline{30};
  bool operator==(const Program&) const = default;
};

/// Of standard output; more ends the program.
inline constexpr std::size_t kMaxOutput = std::size_t{2} << 20U;

struct Ran {
  enum class End : std::uint8_t {
    exited,
    signalled,
    deadline,   ///< killed, with all that it started
    not_begun,  ///< it couldn't be started; nothing happened
    too_much,   ///< it wrote more than kMaxOutput
    cut,        ///< told to stop
  };
  End end = End::cut;
  int status = 0;      ///< exit status or signal
  std::string output;  ///< secret
};

/// Thread-safe. SIGPIPE must be ignored: a program may end without reading all that it is told.
class Runner {
 public:
  virtual ~Runner() = default;
  /// nullptr: no such program. Lives as long as this.
  [[nodiscard]] virtual const Program* find(std::string_view name) const = 0;
  /// Writes `input` to its standard input and waits for it. not_found: no such program;
  /// unavailable: coffer-exec is gone.
  [[nodiscard]] virtual Result<Ran> run(std::string_view name, std::string_view input,
                                        const std::stop_token& stop) = 0;
};

/// Starts `helper` (coffer-exec), which takes exactly these programs; nothing can be added later.
/// Before the first thread and the change of user: what it starts can be any user only as root's.
/// precondition: a program that isn't there, that others could change, or whose user can't be had.
[[nodiscard]] Result<std::unique_ptr<Runner>> start_runner(const std::string& helper,
                                                           const std::vector<Program>& programs);

/// "exec": the program that the setting `program` names takes the four steps, with the JSON of AWS
/// Secrets Manager's rotation functions on its standard input, about no secret but those of its
/// list. `runner` outlives it.
[[nodiscard]] std::unique_ptr<lifecycle::Rotator> make_exec_rotator(Runner& runner);

}  // namespace coffer::programs
