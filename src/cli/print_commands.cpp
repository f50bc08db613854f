#include "commands.h"
#include "session.h"

namespace coffer::cli {
namespace {

int print_token(Session& session) {
  const auto token = session.token();
  if (!token.ok()) return session.fail(kLocal, "Error: " + token.error().text);
  if (!*token) {
    return session.fail(kLocal, "No token is set: not in COFFER_TOKEN, not in ~/.vault-token");
  }
  session.console().line(as_text((*token)->value.expose(Reveal{"print token was asked for"})));
  return kOk;
}

}  // namespace

std::vector<Command> print_commands() {
  return {{.words = "print token",
           .synopsis = "",
           .summary = "Print the token that would be sent",
           .help =
               "Prints the token that the other commands would send now, for use in scripts:\n\n"
               "    $ curl -H \"X-Vault-Token: $(coffer print token)\" ...",
           .flags = {},
           .least = 0,
           .most = 0,
           .run = &print_token}};
}

}  // namespace coffer::cli
