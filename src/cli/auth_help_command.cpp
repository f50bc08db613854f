// auth help: how one logs in with a method.
#include "commands.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::string_view kUnixHelp =
    "The daemon knows the users of its own machine: over its Unix socket the kernel says who "
    "calls.\n"
    "Nothing is to be done, but to send no token. To see who you are:\n\n"
    "    $ coffer login -method=unix\n";

constexpr std::string_view kTokenHelp =
    "A token that somebody gave you. It is asked for, and kept for the other commands:\n\n"
    "    $ coffer login\n";

constexpr std::string_view kUserpassHelp =
    "A name and a password, which is asked for:\n\n"
    "    $ coffer login -method=userpass username=NAME\n";

std::string_view help_of(std::string_view type) {
  if (type == "unix") return kUnixHelp;
  if (type == "token") return kTokenHelp;
  if (type == "userpass") return kUserpassHelp;
  return {};
}

int auth_help(Session& session) {
  std::string name = session.path_argument(0);
  std::string_view help = help_of(name);
  if (help.empty()) {
    // Not a type: what is mounted there?
    const auto answer = session.ask("listing auth methods", {.path = "sys/auth"});
    if (!answer) return session.exit_code();
    const Json* type = answer->json.find_path({"data", name + "/", "type"});
    if (type == nullptr) return session.fail(kRemote, "There is no auth method at " + name);
    help = help_of(type->text());
    if (help.empty()) name = type->text();
  }
  if (help.empty()) {
    session.console().line(
        "Send what the method wants to know:\n\n    $ coffer login -method=" + name + " K=V ...");
    return kOk;
  }
  session.console().print(help);
  return kOk;
}

}  // namespace

std::vector<Command> auth_help_commands() {
  return {{.words = "auth help",
           .synopsis = "[flags] TYPE | PATH",
           .summary = "Say how to log in with a method",
           .help = "Says how one logs in with the auth method of TYPE, or the one at PATH.\n\n"
                   "    $ coffer auth help unix",
           .flags = {},
           .least = 1,
           .most = 1,
           .run = &auth_help,
           .argument = Argument::login_method}};
}

}  // namespace coffer::cli
