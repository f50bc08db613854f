// rotation …: secrets that the vault changes by itself.
#include "command_data.h"
#include "commands.h"
#include "kv_path.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::string_view kAll = "sys/rotation";

std::string member(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  return found == nullptr || found->is_null() ? std::string("-") : found->text();
}

int rotation_list(Session& session) {
  const auto answer =
      session.ask("listing rotations", {.path = std::string(kAll), .query = {{"list", "true"}}});
  if (!answer) return session.exit_code();
  const Json* info = answer->json.find_path({"data", "key_info"});
  if (!session.shows_table() || info == nullptr) {
    return print_keys(session, *answer, std::string(kAll));
  }
  std::vector<std::vector<std::string>> lines;
  for (const Json::Member& one : info->members()) {
    const bool paused = member(one.value, "paused") == "true";
    lines.push_back({one.name, member(one.value, "rotator"), member(one.value, "phase"),
                     paused ? "paused" : member(one.value, "next"), member(one.value, "last"),
                     member(one.value, "failures"), member(one.value, "trouble")});
  }
  session.console().line(
      render_columns({"Path", "Rotator", "Phase", "Next", "Last", "Failures", "Trouble"}, lines));
  return kOk;
}

int rotation_set(Session& session) {
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const auto data = read_command_data(session, 1);
  if (!data) return kLocal;
  return carry_out(session, "setting the rotation of " + path->rest,
                   {.method = "PUT", .path = path->api("rotation"), .body = data->compact()},
                   "Success! It is rotated from now on.");
}

int rotation_status(Session& session) {
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  return look_up(session, "reading the rotation of " + path->rest, {.path = path->api("rotation")});
}

int rotation_now(Session& session) {
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  return carry_out(session, "rotating " + path->rest,
                   {.method = "PUT", .path = path->api("rotate"), .body = "{}"},
                   "Success! It is being rotated.");
}

int set_paused(Session& session, bool paused) {
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  return carry_out(session, (paused ? "pausing " : "resuming ") + path->rest,
                   {.method = "PUT",
                    .path = path->api("rotation"),
                    .body = paused ? R"({"paused":true})" : R"({"paused":false})"},
                   paused ? "Success! It stays as it is." : "Success! It is rotated again.");
}
int rotation_pause(Session& session) { return set_paused(session, true); }
int rotation_resume(Session& session) { return set_paused(session, false); }

int rotation_end(Session& session) {
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  HttpRequest request{.method = "DELETE", .path = path->api("rotation")};
  if (session.flags().boolean("force")) request.query = {{"force", "true"}};
  return carry_out(session, "ending the rotation of " + path->rest, request,
                   "Success! It is rotated no more.");
}

int rotation_readers(Session& session) {
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const auto answer =
      session.ask("reading the readers of " + path->rest, {.path = path->api("readers")});
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found(path->api("readers"));
  const Json* readers = answer->json.find_path({"data", "readers"});
  if (!session.shows_table() || readers == nullptr) return print_secret(session, *answer);
  std::vector<std::vector<std::string>> lines;
  for (const Json& reader : readers->elements()) {
    lines.push_back({member(reader, "name"), member(reader, "version"), member(reader, "last_read"),
                     member(reader, "accessor")});
  }
  if (lines.empty()) return session.fail(kRemote, "Nobody has read it that is known of");
  session.console().line(render_columns({"Name", "Version", "Last read", "Accessor"}, lines));
  return kOk;
}

Command about_one(std::string_view words, std::string_view summary, std::string_view help,
                  int (*run)(Session&)) {
  return {.words = words,
          .synopsis = "[flags] PATH",
          .summary = summary,
          .help = help,
          .flags = {kMountFlag, kFieldFlag},
          .least = 1,
          .most = 1,
          .run = run,
          .argument = Argument::secret};
}

Command set_command() {
  return {
      .words = "rotation set",
      .synopsis = "[flags] PATH K=V ...",
      .summary = "Say how a secret is rotated",
      .help =
          "Says when the secret at PATH gets a new value, and who makes and sets it. What isn't\n"
          "given stays. period=30d, or schedule=\"0 3 * * sun\" with time_zone=Europe/Berlin\n"
          "and window=2h; rotator=generate with fields=password and password_policy=NAME, or\n"
          "rotator=exec with program=NAME, or rotator=database with\n"
          "static_role=database/static-roles/NAME. The secret must be there already.\n\n"
          "    $ coffer rotation set secret/app/db rotator=generate period=30d",
      .flags = {kMountFlag, kFieldFlag},
      .least = 2,
      .most = kAnyNumber,
      .run = &rotation_set,
      .argument = Argument::secret};
}

}  // namespace

std::vector<Command> rotation_commands() {
  std::vector<Command> rows{
      {.words = "rotation list",
       .synopsis = "[flags]",
       .summary = "List all secrets that are rotated",
       .help = "Lists them with their rotator, what comes next and when, and what failed last.\n\n"
               "    $ coffer rotation list",
       .flags = {},
       .least = 0,
       .most = 0,
       .run = &rotation_list},
      set_command(),
      about_one("rotation status", "Say how a secret is rotated, and how far that is",
                "    $ coffer rotation status secret/app/db", &rotation_status),
      about_one(
          "rotation now", "Rotate a secret now",
          "Whatever its schedule says, and also while it is paused. One that failed is tried\n"
          "again, one that waits for its readers waits no longer.\n\n"
          "    $ coffer rotation now secret/app/db",
          &rotation_now),
      about_one("rotation pause", "Leave a secret as it is for now",
                "    $ coffer rotation pause secret/app/db", &rotation_pause),
      about_one(
          "rotation resume", "Rotate a secret again that was paused",
          "It is due when it would have been without the pause; a time that was missed is made\n"
          "up for at once, or, if its window is over, at the next one.\n\n"
          "    $ coffer rotation resume secret/app/db",
          &rotation_resume),
      about_one("rotation readers", "List who read a rotated secret lately",
                "Lists who read which version, as far as it is known: since the daemon opened the\n"
                "vault, for secrets with a readers_window.\n\n"
                "    $ coffer rotation readers secret/app/db",
                &rotation_readers)};
  Command end = about_one("rotation end", "Rotate a secret no more",
                          "Its value stays. While a new value is being set this takes -force, for\n"
                          "that value is lost then.\n\n"
                          "    $ coffer rotation end secret/app/db",
                          &rotation_end);
  end.flags.push_back({"force", FlagKind::boolean, "also while a new value is being set"});
  rows.push_back(std::move(end));
  return rows;
}

}  // namespace coffer::cli
