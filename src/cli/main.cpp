#include <unistd.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "coffer/base/no_dumps.h"
#include "command.h"
#include "console.h"
#include "environment.h"
#include "http_client.h"
#include "program.h"
#include "settings.h"
#include "terminal.h"

namespace {

int run(const std::vector<std::string>& arguments) {
  namespace cli = coffer::cli;
  const cli::Environment environment = cli::Environment::of_process();
  const cli::Console::Input input{[] { return cli::read_all(STDIN_FILENO); }, &cli::ask_hidden,
                                  [] { return cli::read_some(STDIN_FILENO); }};
  const cli::Console::Terminal terminal{::isatty(STDOUT_FILENO) == 1, ::isatty(STDERR_FILENO) == 1,
                                        !cli::color_refused(environment)};
  cli::Console console(std::cout, std::cerr, input, terminal);
  const int code = cli::run_program(arguments, environment, console);
  if (console.flush()) return code;
  console.error("Error: cannot write to standard output");
  return code == cli::kOk ? static_cast<int>(cli::kLocal) : code;
}

}  // namespace

int main(int argc, char** argv) {
  coffer::refuse_dumps();  // secrets pass through
  try {
    coffer::cli::initialise_http();
    return run({argv + 1, argv + argc});
  } catch (const std::exception&) {
    // Its text may quote what it was about.
    std::cerr << "coffer: out of memory, or a bug\n";
    return coffer::cli::kLocal;
  }
}
