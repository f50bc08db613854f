// secrets move: an engine gets another path, which the daemon does in its own time.
#include <chrono>
#include <thread>

#include "commands.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::chrono::milliseconds kBetweenQuestions{250};

/// Asks until the move has ended. "success", "failure", or nullopt (see Session::ask).
std::optional<std::string> wait_for_end(Session& session, const std::string& id) {
  const auto deadline = std::chrono::steady_clock::now() + session.settings().timeout;
  for (;;) {
    const auto answer =
        session.ask_first("asking how far the move is", {.path = "sys/remount/status/" + id});
    if (!answer) return std::nullopt;
    const Json* status = answer->json.find_path({"data", "migration_info", "status"});
    if (status == nullptr) status = answer->json.find_path({"data", "status"});
    if (answer->missing() || status == nullptr) {
      session.fail(kRemote, "Error moving: the daemon doesn't know the move " + id);
      return std::nullopt;
    }
    if (status->text() != "in-progress") return status->text();
    if (std::chrono::steady_clock::now() > deadline) {
      session.fail(kRemote,
                   "Error moving: not done yet\nsee: coffer read sys/remount/status/" + id);
      return std::nullopt;
    }
    std::this_thread::sleep_for(kBetweenQuestions);
  }
}

int secrets_move(Session& session) {
  const std::string from = session.path_argument(0);
  const std::string to = session.path_argument(1);
  Json body = Json::object();
  body.set("from", Json::string(from));
  body.set("to", Json::string(to));
  const std::string success = "Success! Moved secrets engine " + from + "/ to: " + to + "/";
  const auto answer =
      session.ask("moving " + from + " to " + to,
                  {.method = "POST", .path = "sys/remount", .body = body.compact()});
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found(from);
  const Json* id = answer->json.find_path({"data", "migration_id"});
  if (id == nullptr) return print_written(session, *answer, success);
  const auto status = wait_for_end(session, id->text());
  if (!status) return session.exit_code();
  if (*status != "success") {
    return session.fail(
        kRemote, "Error moving: it ended with " + *status + "\nthe daemon's log may say why");
  }
  return print_written(session, Answer{}, success);
}

}  // namespace

std::vector<Command> move_commands() {
  return {{.words = "secrets move",
           .synopsis = "[flags] SOURCE DESTINATION",
           .summary = "Mount an engine elsewhere",
           .help = "Gives the engine at SOURCE, with all that it holds, the path DESTINATION, and\n"
                   "waits until that is done. Policies aren't changed by it.\n\n"
                   "    $ coffer secrets move team/ web/",
           .flags = {},
           .least = 2,
           .most = 2,
           .run = &secrets_move,
           .argument = Argument::engine}};
}

}  // namespace coffer::cli
