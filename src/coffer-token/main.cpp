// coffer-token: the processes beside cofferd that have to do with the token. Not for people to
// call.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "coffer/base/version.h"
#include "supervisor.h"
#include "worker.h"

namespace {

using coffer::pkcs11::Confinement;

constexpr int kUsage = 64;

constexpr std::string_view kHelp =
    "usage: coffer-token supervise --parent=PID\n"
    "       coffer-token work --seccomp=local|network|off --parent=PID\n"
    "\n"
    "The processes that hold the token's PIN and its PKCS#11 module. cofferd starts them, with a\n"
    "socket as file 3; started by hand they do nothing. See coffer-token(8).\n";

struct Arguments {
  pid_t parent = 0;
  Confinement confinement = Confinement::local;
};

bool parse_parent(std::string_view text, pid_t& parent) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parent);
  return error == std::errc() && end == text.data() + text.size() && parent > 0;
}

bool parse_confinement(std::string_view text, Confinement& confinement) {
  if (text == "local") {
    confinement = Confinement::local;
  } else if (text == "network") {
    confinement = Confinement::network;
  } else if (text == "off") {
    confinement = Confinement::off;
  } else {
    return false;
  }
  return true;
}

bool parse(int argc, char** argv, Arguments& arguments) {
  constexpr std::string_view kParent = "--parent=";
  constexpr std::string_view kSeccomp = "--seccomp=";
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with(kParent)) {
      if (!parse_parent(word.substr(kParent.size()), arguments.parent)) return false;
    } else if (word.starts_with(kSeccomp)) {
      if (!parse_confinement(word.substr(kSeccomp.size()), arguments.confinement)) return false;
    } else {
      return false;
    }
  }
  return arguments.parent > 0;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "--help" || verb == "--version") {
    print(verb == "--help" ? kHelp : "coffer-token " + std::string(coffer::kVersion) + "\n");
    return EXIT_SUCCESS;
  }
  Arguments arguments;
  const bool known = verb == "supervise" || verb == "work";
  if (!known || !parse(argc, argv, arguments)) {
    std::fputs("coffer-token: wrong usage (see coffer-token --help)\n", stderr);
    return kUsage;
  }
  if (verb == "supervise") return coffer::token_process::supervise(arguments.parent);
  return coffer::token_process::work(arguments.confinement, arguments.parent);
}
