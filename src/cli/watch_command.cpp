// watch: a line for each new version of a secret, as it comes.
#include <algorithm>
#include <chrono>
#include <thread>

#include "commands.h"
#include "kv_path.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

/// Below the client's own time limit, so that an answer comes before it.
constexpr std::string_view kWait = "30s";

constexpr int kAway = 503;
constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::milliseconds kLongestPause{10'000};

std::string text_of(const Json* value) { return value == nullptr ? std::string() : value->text(); }

/// One line a version: number, time, and the data or that they were deleted.
void print_version(Session& session, const Json& answer, const std::string& version) {
  const Json* data = answer.find_path({"data", "data"});
  const Json* created = answer.find_path({"data", "metadata", "created_time"});
  const bool with_data = session.flags().boolean("data");
  if (!session.shows_table()) {
    Json line = Json::object();
    line.set("version", Json::number(std::strtoll(version.c_str(), nullptr, 10)));
    line.set("created_time", Json::string(text_of(created)));
    line.set("deleted", Json::boolean(data == nullptr));
    if (with_data && data != nullptr) line.set("data", *data);
    session.console().line(line.compact());
    return;
  }
  std::string line = version + " " + text_of(created);
  if (data == nullptr) {
    line += " deleted";
  } else if (with_data) {
    line += " " + data->compact();
  }
  session.console().line(line);
}

int watch(Session& session) {
  const std::optional<std::int64_t> count = session.flags().number("count");
  if (count && *count < 1) return session.fail(kLocal, "-count must be 1 or more");
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("data");
  std::string known = session.flags().has("after") ? session.flags().text("after") : "0";
  auto pause = kFirstPause;
  for (std::int64_t seen = 0; !count || seen < *count;) {
    const auto answer = session.ask(
        "watching " + api,
        {.path = api, .query = {{"after_version", known}, {"wait", std::string(kWait)}}}, {kAway});
    if (!answer) return session.exit_code();
    if (answer->status == 204) continue;  // nothing new in all that time
    if (answer->status == kAway) {
      // Sealed, or the token is busy: both pass, and nothing was missed.
      if (pause == kFirstPause) {
        session.console().warning("the daemon can't answer now: it is asked again");
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, kLongestPause);
      continue;
    }
    pause = kFirstPause;
    const Json* version = answer->json.find_path({"data", "metadata", "version"});
    if (version == nullptr) {
      if (known == "0") return session.nothing_found(api);
      known = "0";  // it was removed; it may be written anew
      continue;
    }
    known = version->text();
    print_version(session, answer->json, known);
    if (!session.console().flush()) return kLocal;
    ++seen;
  }
  return kOk;
}

}  // namespace

std::vector<Command> watch_commands() {
  return {{.words = "watch",
           .synopsis = "[flags] PATH",
           .summary = "Print each new version of a secret as it comes",
           .help =
               "Prints the number and the time of the present version, then of each new one, a\n"
               "line each, until it is stopped. A secret that isn't there yet is waited for.\n\n"
               "    $ coffer watch secret/app/db\n"
               "    $ coffer watch -data -format=json secret/app/db | while read -r v; do …; done",
           .flags = {kMountFlag,
                     {"data", FlagKind::boolean, "print the value too"},
                     {"after", FlagKind::number, "the version that is known already"},
                     {"count", FlagKind::number, "stop after so many"}},
           .least = 1,
           .most = 1,
           .run = &watch,
           .argument = Argument::secret}};
}

}  // namespace coffer::cli
