#include "run_cli.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "src/cli/program.h"

namespace coffer::cli {

Outcome run_cli(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  const Environment environment([&surroundings](const std::string& name) -> const char* {
    const auto found = surroundings.environment.find(name);
    // Without a HOME the home directory of whoever runs the tests would be searched for a token.
    if (found == surroundings.environment.end()) return name == "HOME" ? "/nonexistent" : nullptr;
    return found->second.c_str();
  });
  std::ostringstream out;
  std::ostringstream err;
  const Console::Input input{
      [&surroundings] { return Result<std::string>(surroundings.standard_input); },
      [&surroundings](std::string_view) { return Result<std::string>(surroundings.typed); },
      [&surroundings, at = std::size_t{0}]() mutable {
        constexpr std::size_t kPart = 7;
        const std::size_t from =
            std::min(std::exchange(at, at + kPart), surroundings.standard_input.size());
        return Result<std::string>(surroundings.standard_input.substr(from, kPart));
      }};
  Console console(out, err, input, {surroundings.terminal, surroundings.terminal, true});
  Outcome run;
  run.code = run_program(arguments, environment, console);
  EXPECT_TRUE(console.flush());
  run.out = out.str();
  run.err = err.str();
  return run;
}

}  // namespace coffer::cli
