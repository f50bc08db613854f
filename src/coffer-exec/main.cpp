// coffer-exec: the process beside cofferd that runs the operator's programs. Not for people to
// call.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "coffer/base/version.h"
#include "helper.h"

namespace {

constexpr int kUsage = 64;
constexpr std::string_view kHelp =
    "usage: coffer-exec --parent=PID\n"
    "\n"
    "Runs the programs that cofferd's configuration lists under [[rotation_program]]. cofferd "
    "starts\n"
    "it, with a socket as file 3; started by hand it does nothing. See coffer-exec(8).\n";

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view kParent = "--parent=";
  const std::string_view word = argc == 2 ? argv[1] : "";
  if (word == "--help" || word == "--version") {
    print(word == "--help" ? std::string(kHelp)
                           : "coffer-exec " + std::string(coffer::kVersion) + "\n");
    return EXIT_SUCCESS;
  }
  pid_t parent = 0;
  if (word.starts_with(kParent)) {
    std::from_chars(word.data() + kParent.size(), word.data() + word.size(), parent);
  }
  if (parent <= 0) {
    std::fputs("coffer-exec: wrong usage (see coffer-exec --help)\n", stderr);
    return kUsage;
  }
  return coffer::exec_process::help(parent);
}
