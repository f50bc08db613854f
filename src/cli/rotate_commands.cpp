// operator rotate-key, rotate: the vault's keys, and how far its records follow.
#include <algorithm>
#include <chrono>
#include <thread>

#include "commands.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::chrono::milliseconds kBetweenLooks{300};
constexpr std::size_t kBarWidth = 30;

const Json* data_of(const Answer& answer) { return answer.json.find("data"); }

std::string text_of(const Json& data, std::string_view name) {
  const Json* found = data.find(name);
  return found == nullptr ? std::string() : cell(*found);
}

std::uint64_t number_of(const Json& data, std::string_view name) {
  std::uint64_t number = 0;
  for (const char c : text_of(data, name)) {
    if (c >= '0' && c <= '9') number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

/// One line for people: "rewrapping  [#####.....]  120 of 240".
std::string progress_line(const Json& data) {
  const std::uint64_t total = number_of(data, "total");
  const std::uint64_t done = std::min(number_of(data, "done"), total);
  const bool over = text_of(data, "phase") == "done";
  const std::size_t filled = over || total == 0
                                 ? (over ? kBarWidth : 0)
                                 : static_cast<std::size_t>(done * kBarWidth / total);
  return text_of(data, "phase") + "  [" + std::string(filled, '#') +
         std::string(kBarWidth - filled, '.') + "]  " + std::to_string(done) + " of " +
         std::to_string(total);
}

void print_versions(Session& session, const Json& data) {
  const Json* versions = data.find("versions");
  if (versions == nullptr) return;
  std::vector<std::vector<std::string>> lines;
  for (const Json& one : versions->elements()) {
    lines.push_back({text_of(one, "serial"), text_of(one, "version"),
                     text_of(one, "current") == "true" ? "current" : "old",
                     text_of(one, "references")});
  }
  session.console().line("\n" + render_columns({"Token", "Version", "State", "References"}, lines));
}

std::optional<Answer> ask_status(Session& session, bool first) {
  const HttpRequest request{.path = "sys/rotate/status"};
  return first ? session.ask("reading the rotation's status", request)
               : session.ask_first("reading the rotation's status", request);
}

int print_status(Session& session) {
  const auto answer = ask_status(session, true);
  if (!answer) return session.exit_code();
  const Json* data = data_of(*answer);
  if (data == nullptr) return session.nothing_found("sys/rotate/status");
  if (!session.settings().field.empty() || !session.shows_table()) {
    return print_secret(session, *answer);
  }
  session.console().line(progress_line(*data));
  print_versions(session, *data);
  return kOk;
}

/// On a terminal one line that fills; else a line each time that something moved.
int watch(Session& session) {
  std::string last;
  for (bool first = true;; first = false) {
    const auto answer = ask_status(session, first);
    if (!answer) return session.exit_code();
    const Json* data = data_of(*answer);
    if (data == nullptr) return session.nothing_found("sys/rotate/status");
    std::string line = progress_line(*data);
    const bool over = text_of(*data, "phase") == "done";
    if (session.console().on_terminal()) {
      session.console().print("\r\033[K" + without_controls(line) + (over ? "\n" : ""));
      static_cast<void>(session.console().flush());
    } else if (line != last) {
      session.console().line(line);
    }
    last = std::move(line);
    if (over) return kOk;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

int verify(Session& session) {
  std::uint64_t opened = 0;
  std::uint64_t damaged = 0;
  std::string after;
  for (bool done = false; !done;) {
    Json body = Json::object();
    body.set("after", Json::string(after));
    const auto answer =
        session.ask("opening all secrets",
                    {.method = "POST", .path = "sys/rotate/verify", .body = body.compact()});
    if (!answer) return session.exit_code();
    const Json* data = data_of(*answer);
    if (data == nullptr) return session.nothing_found("sys/rotate/verify");
    opened += number_of(*data, "opened");
    damaged += number_of(*data, "damaged") + number_of(*data, "damaged_rows");
    after = text_of(*data, "after");
    done = text_of(*data, "done") == "true";
  }
  if (damaged > 0) {
    return session.fail(kRemote, "Error: opened " + std::to_string(opened) + " secrets, but " +
                                     std::to_string(damaged) + " are damaged");
  }
  session.console().line("Success! Opened " + std::to_string(opened) +
                         " secrets, each by the token");
  return kOk;
}

int retire(Session& session) {
  const auto version = session.flags().number("retire");
  Json body = Json::object();
  body.set("version", Json::number(version.value_or(0)));
  return carry_out(
      session, "retiring the key",
      {.method = "POST", .path = "sys/rotate/retire", .body = body.compact()},
      "Success! Destroyed version " + std::to_string(version.value_or(0)) + " on the token.");
}

int rotate_named(Session& session, const std::string& name) {
  const auto answer = session.ask(
      "rotating " + name, {.method = "POST", .path = "sys/rotate/keyring/" + name, .body = "{}"});
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found(name);
  return print_written(session, *answer, "Success! Rotated " + name);
}

/// As Vault's `operator rotate`: the new key's term, and since when.
int rotate_kek(Session& session) {
  const auto done =
      session.ask("rotating the key", {.method = "POST", .path = "sys/rotate", .body = "{}"});
  if (!done) return session.exit_code();
  const auto answer = session.ask_first("reading the key's status", {.path = "sys/key-status"});
  if (!answer) return session.exit_code();
  const Json* data = data_of(*answer);
  if (data == nullptr) return session.nothing_found("sys/key-status");
  if (!session.settings().field.empty() || !session.shows_table()) {
    return print_secret(session, *answer);
  }
  session.console().line("Success! Rotated key\n");
  session.console().line(render_table({{"Key Term", text_of(*data, "term")},
                                       {"Install Time", text_of(*data, "install_time")},
                                       {"Encryption Count", text_of(*data, "encryptions")}}));
  return kOk;
}

int rotate_key(Session& session) {
  const Flags& flags = session.flags();
  if (flags.boolean("status")) return print_status(session);
  if (flags.boolean("verify")) return verify(session);
  if (flags.has("retire")) return retire(session);
  // Alone it only looks; with -key it makes the key first.
  if (flags.boolean("watch") && !flags.has("key")) return watch(session);
  const std::string name = flags.has("key") ? flags.text("key") : "kek";
  const int done = name == "kek" ? rotate_kek(session) : rotate_named(session, name);
  return done == kOk && flags.boolean("watch") ? watch(session) : done;
}

}  // namespace

std::vector<Command> rotate_commands() {
  return {
      {.words = "operator rotate-key",
       .synopsis = "[flags]",
       .summary = "Make a new version of a key, or see how far records follow",
       .help = "Makes a new version of the key-encryption key on the token. New secrets use it at\n"
               "once; old ones are rewrapped in the background. Old versions stay until nothing\n"
               "refers to them and they are retired.\n\n"
               "    $ coffer operator rotate-key\n"
               "    $ coffer operator rotate-key -key=audit\n"
               "    $ coffer operator rotate-key -status\n"
               "    $ coffer operator rotate-key -watch\n"
               "    $ coffer operator rotate-key -verify\n"
               "    $ coffer operator rotate-key -retire=1",
       .flags = {{"key", FlagKind::text,
                  "kek (the default), record, bind, token_hash, audit, fingerprint or sign"},
                 {"status", FlagKind::boolean, "only say how far records follow"},
                 {"watch", FlagKind::boolean, "follow until all records are done"},
                 {"verify", FlagKind::boolean, "open every secret, each by the token"},
                 {"retire", FlagKind::number, "destroy this old version, which nothing refers to"},
                 kFieldFlag},
       .least = 0,
       .most = 0,
       .run = &rotate_key},
      {.words = "operator rotate",
       .synopsis = "[flags]",
       .summary = "Make a new version of the key-encryption key",
       .help = "As operator rotate-key without flags.\n\n"
               "    $ coffer operator rotate",
       .flags = {kFieldFlag},
       .least = 0,
       .most = 0,
       .run = &rotate_kek}};
}

}  // namespace coffer::cli
