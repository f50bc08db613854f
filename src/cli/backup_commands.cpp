// operator backup: made by the daemon, copied and checked here; verified, restored and practised
// without it.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iterator>
#include <thread>

#include "backup_download.h"
#include "coffer/backup/file.h"
#include "coffer/backup/reader.h"
#include "coffer/crypto/signer.h"
#include "commands.h"
#include "daemon_program.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::chrono::milliseconds kPollInterval{100};
constexpr std::string_view kPath = "sys/backup";

std::string member(const Json& answer, std::string_view name) {
  const Json* found = answer.find_path({"data", name});
  return found == nullptr ? std::string() : found->text();
}

/// Asks until it is over. nullopt: it failed, and that has been said.
std::optional<Json> wait_for(Session& session, const std::string& name) {
  for (;;) {
    auto answer = session.ask("waiting for the backup", {.path = std::string(kPath)});
    if (!answer) return std::nullopt;
    const std::string state = member(answer->json, "state");
    if (member(answer->json, "name") != name) {
      session.fail(kRemote, "Error making the backup: the daemon makes another one now");
      return std::nullopt;
    }
    if (state != "running") session.console().progress("");
    if (state == "done") return std::move(answer->json);
    if (state != "running") {
      session.fail(kRemote, "Error making the backup: " + member(answer->json, "error"));
      return std::nullopt;
    }
    session.console().progress(member(answer->json, "rows") + " rows");
    std::this_thread::sleep_for(kPollInterval);
  }
}

/// What the command says in the end.
Json described(const backup::Verified& found) {
  Json out = Json::object();
  out.set("vault", Json::string(to_string(found.header.vault)));
  out.set("created", Json::string(to_rfc3339(found.header.created)));
  out.set("sequence", Json::number(static_cast<std::int64_t>(found.header.sequence)));
  out.set("rows", Json::number(static_cast<std::int64_t>(found.summary.rows)));
  out.set("bytes", Json::number(static_cast<std::int64_t>(found.summary.bytes)));
  out.set("digest", Json::string(to_hex(found.summary.digest)));
  out.set("audit_sequence", Json::number(static_cast<std::int64_t>(found.header.audit_sequence)));
  out.set("audit_hash", Json::string(found.header.audit_hash));
  out.set("program", Json::string(found.header.program));
  return out;
}

int print_described(Session& session, const Json& described) {
  if (!session.settings().field.empty()) return print_field(session, &described, nullptr);
  if (!session.shows_table()) return print_tree(session, described);
  for (const Json::Member& row : described.members()) {
    session.console().line(row.name +
                           std::string(16 - std::min<std::size_t>(15, row.name.size()), ' ') +
                           row.value.text());
  }
  return kOk;
}

/// What was written is read as it passes: it is whole, and what the daemon says that it made.
std::optional<backup::Verified> copy(Session& session, const std::string& name,
                                     const std::string& digest, backup::File& out) {
  BackupDownload download(session, name, out.sink());
  auto copied = backup::verify(download.source(), std::nullopt);
  if (copied.ok() && to_hex(copied->summary.digest) != digest) {
    copied = make_error(ErrorCode::corrupt, "what came isn't what the daemon made");
  }
  if (copied.ok()) return *std::move(copied);
  if (!download.told()) {
    session.fail(kRemote, "Error copying the backup: " + copied.error().text);
  }
  return std::nullopt;
}

/// The daemon's own copy has done its work.
bool remove_at_daemon(Session& session, const std::string& name) {
  if (session.flags().boolean("keep")) return true;
  return session
      .ask("removing the daemon's copy",
           {.method = "DELETE", .path = std::string(kPath) + "/" + name})
      .has_value();
}

std::optional<std::string> start(Session& session) {
  const auto answer =
      session.ask("starting a backup", {.method = "PUT", .path = std::string(kPath), .body = ""});
  if (!answer) return std::nullopt;
  return member(answer->json, "name");
}

/// At the daemon alone: for its user, and for programs that carry backups away.
int leave_at_daemon(Session& session) {
  const auto name = start(session);
  if (!name) return session.exit_code();
  const auto done = wait_for(session, *name);
  if (!done) return session.exit_code();
  const Json* data = done->find("data");
  if (!session.settings().field.empty()) return print_field(session, data, nullptr);
  if (!session.shows_table()) return print_tree(session, *data);
  session.console().line("Success! The daemon has the backup: " + member(*done, "directory") + "/" +
                         *name);
  return kOk;
}

/// Whole and on the disk, or not there.
int copy_to(Session& session, backup::File& file, const std::string& path) {
  const auto name = start(session);
  if (!name) return session.exit_code();
  const auto done = wait_for(session, *name);
  if (!done) return session.exit_code();
  const auto copied = copy(session, *name, member(*done, "digest"), file);
  if (!copied) return session.exit_code();
  if (path == "-") return remove_at_daemon(session, *name) ? kOk : session.exit_code();
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  auto synced = file.sync();
  if (synced.ok()) synced = backup::sync_directory(directory);
  if (!synced.ok()) return session.fail(kLocal, "Error: " + synced.error().text);
  if (!remove_at_daemon(session, *name)) return session.exit_code();
  Json shown = described(*copied);
  shown.set("file", Json::string(path));
  return print_described(session, shown);
}

int operator_backup(Session& session) {
  if (session.positional().empty()) return leave_at_daemon(session);
  const std::string& path = session.positional()[0];
  if (path == "-") {
    backup::File out = backup::File::borrow(STDOUT_FILENO);
    return copy_to(session, out, path);
  }
  // Before anything is asked for: it would be made for nothing.
  auto file = backup::File::create(path);
  if (!file.ok()) return session.fail(kLocal, "Error: " + file.error().text);
  const int code = copy_to(session, *file, path);
  if (code != kOk) ::unlink(path.c_str());
  return code;
}

std::optional<Bytes> read_signer(Session& session) {
  const std::string path = session.flags().text("signer");
  auto file = backup::File::open(path);
  std::string pem(std::size_t{64} << 10U, '\0');
  Result<Bytes> key = make_error(ErrorCode::invalid_argument, "");
  if (file.ok()) {
    const auto got = file->read({reinterpret_cast<std::uint8_t*>(pem.data()), pem.size()});
    pem.resize(got.ok() ? *got : 0);
    key = crypto::spki_from_pem(pem);
  }
  if (key.ok()) return *std::move(key);
  session.fail(kLocal, "Error: -signer isn't the PEM file of a public key: " + path);
  return std::nullopt;
}

int backup_verify(Session& session) {
  std::optional<Bytes> pinned;
  if (session.flags().has("signer")) {
    pinned = read_signer(session);
    if (!pinned) return kLocal;
  }
  auto file = backup::File::open(session.positional()[0]);
  if (!file.ok()) return session.fail(kLocal, "Error: " + file.error().text);
  const auto verified = backup::verify(
      file->source(), pinned ? std::optional<ByteView>(*pinned) : std::optional<ByteView>());
  if (!verified.ok()) return session.fail(kRemote, "Error: " + verified.error().text);
  if (!pinned) {
    session.console().warning(
        "Without -signer this shows that the backup is whole, not whose it is");
  }
  return print_described(session, described(*verified));
}

/// The same words to cofferd, with its own spelling of the flags.
int with_daemon_program(Session& session, const std::string& action) {
  std::vector<std::string> arguments{action};
  for (const char* name : {"config", "dir", "signer", "scratch"}) {
    if (session.flags().has(name)) {
      arguments.push_back("--" + std::string(name) + "=" + session.flags().text(name));
    }
  }
  if (session.flags().boolean("pin-stdin")) arguments.emplace_back("--pin-stdin");
  if (!session.positional().empty()) {
    arguments.emplace_back("--");
    arguments.push_back(session.positional()[0]);
  }
  const auto code = run_daemon_program(arguments);
  return code.ok() ? *code : session.fail(kLocal, "Error: " + code.error().text);
}

int backup_restore(Session& session) { return with_daemon_program(session, "restore"); }

/// Without one of the two cofferd would name its own spelling of them.
int accept_restore(Session& session) {
  if (session.flags().has("config") == session.flags().has("dir")) {
    return session.fail(kLocal, "Error: one of -config=TOML and -dir=DIR is needed");
  }
  return with_daemon_program(session, "accept-restore");
}

/// 0 and 1 are a drill that was held: everything opened, or not.
int backup_drill(Session& session) {
  const int held = with_daemon_program(session, "drill");
  if (!session.flags().boolean("record") || held > 1) return held;
  Json body = Json::object();
  body.set("passed", Json::boolean(held == 0));
  const int recorded = carry_out(session, "recording the drill",
                                 {.method = "POST", .path = "sys/drills", .body = body.compact()},
                                 "Success! The drill is on record.");
  return held == 0 ? recorded : held;
}

int backup_release(Session& session) {
  return carry_out(session, "releasing what waits",
                   {.method = "PUT", .path = "sys/restore/release", .body = ""},
                   "Success! What reaches outside of the vault goes on.\n"
                   "Users of databases from the time that was taken back: coffer lease orphans\n"
                   "MOUNT/CONNECTION finds them, for each connection of a database.\n"
                   "Leases of tokens from before stand, although those are void: coffer lease top\n"
                   "names who has some, and coffer write -f sys/leases/revoke-owned\n"
                   "accessor=ACCESSOR ends all of one's.");
}

constexpr Flag kSignerFlag{"signer", FlagKind::text,
                           "PEM file of the key that must have signed it"};
constexpr Flag kConfigFlag{"config", FlagKind::text, "the daemon's configuration"};
constexpr Flag kDirFlag{"dir", FlagKind::text,
                        "a development vault's directory, instead of -config"};
constexpr Flag kPinStdinFlag{"pin-stdin", FlagKind::boolean,
                             "read the token's PIN from standard input"};

std::vector<Command> copy_commands() {
  return {
      {.words = "operator backup",
       .synopsis = "[flags] [FILE|-]",
       .summary = "Make a sealed, signed copy of the vault",
       .help =
           "Has the daemon make a backup while it serves, copies it to FILE (which must not be\n"
           "there) or to standard output, and checks what it copied. Without FILE it stays in\n"
           "the daemon's own directory. Opening it takes the vault's token.\n\n"
           "    $ coffer operator backup /mnt/safe/coffer.cfbk\n"
           "    $ coffer operator backup - | ssh host 'cat >coffer.cfbk'",
       .flags = {{"keep", FlagKind::boolean, "leave the daemon's own copy where it is"},
                 kFieldFlag},
       .least = 0,
       .most = 1,
       .run = &operator_backup,
       .argument = Argument::file},
      {.words = "operator backup verify",
       .synopsis = "[flags] FILE",
       .summary = "Check that a backup is whole and whose it is",
       .help = "Reads all of FILE, without daemon and token. Exit code 2: it was cut or altered,\n"
               "or another key signed it.\n\n"
               "    $ coffer operator backup verify -signer=signer.pem coffer.cfbk",
       .flags = {kSignerFlag, kFieldFlag},
       .least = 1,
       .most = 1,
       .run = &backup_verify,
       .argument = Argument::file},
      {.words = "operator backup restore",
       .synopsis = "[flags] FILE",
       .summary = "Put a backup in the place of the store",
       .help =
           "Verifies FILE, fills a new store beside the old one and exchanges the two. The\n"
           "daemon must not run. The old store stays, under another name. Tokens from before\n"
           "are void then: cofferd root-token makes one. Runs the cofferd beside this program.\n\n"
           "    # coffer operator backup restore -config=/etc/coffer/coffer.toml coffer.cfbk",
       .flags = {kConfigFlag, kDirFlag, kSignerFlag},
       .least = 1,
       .most = 1,
       .run = &backup_restore,
       .argument = Argument::file}};
}

std::vector<Command> recovery_commands() {
  return {
      {.words = "operator backup drill",
       .synopsis = "[flags] FILE",
       .summary = "Open everything in a backup, for practice",
       .help = "Restores FILE into a scratch directory, opens every row and every secret with the\n"
               "token, and removes it. The vault isn't touched and may be served meanwhile. Exit\n"
               "code 1: something didn't open. With -record the vault keeps that it was held.\n"
               "Runs the cofferd beside this program.\n\n"
               "    # coffer operator backup drill -config=/etc/coffer/coffer.toml coffer.cfbk",
       .flags = {kConfigFlag,
                 kDirFlag,
                 kSignerFlag,
                 {"record", FlagKind::boolean, "have the vault keep that the drill was held"},
                 {"scratch", FlagKind::text, "the directory to make the scratch directory in"},
                 kPinStdinFlag},
       .least = 1,
       .most = 1,
       .run = &backup_drill,
       .argument = Argument::file},
      {.words = "operator backup release",
       .synopsis = "[flags]",
       .summary = "After a restore, let outside effects go on",
       .help = "After a restore nothing is revoked outside of the vault until this is said: what\n"
               "the backup says of the world may be over.\n\n"
               "    $ coffer read sys/restore\n"
               "    $ coffer operator backup release",
       .flags = {},
       .least = 0,
       .most = 0,
       .run = &backup_release},
      {.words = "operator accept-restore",
       .synopsis = "[flags]",
       .summary = "Take on a store that isn't the one the vault left",
       .help =
           "The daemon refuses to start on an older store, or one that was changed by hand. This\n"
           "takes it on: all tokens are void, what reaches outside waits, the kek is rotated, and\n"
           "the audit log says what was wrong. Rows that can't be opened go, and are named; where\n"
           "they say who may do what, it refuses and has changed nothing. The daemon must not\n"
           "run. Runs the cofferd beside this program, and names what is to be done next.\n\n"
           "    # coffer operator accept-restore -config=/etc/coffer/coffer.toml",
       .flags = {kConfigFlag, kDirFlag, kPinStdinFlag},
       .least = 0,
       .most = 0,
       .run = &accept_restore}};
}

}  // namespace

std::vector<Command> backup_commands() {
  std::vector<Command> all = copy_commands();
  std::vector<Command> more = recovery_commands();
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return all;
}

}  // namespace coffer::cli
