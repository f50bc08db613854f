#include "offline.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "coffer/base/log.h"
#include "databases.h"
#include "drill.h"
#include "files.h"
#include "launch.h"
#include "pin.h"
#include "restore.h"

namespace coffer::daemon {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitPin = 77;
constexpr int kExitConfig = 78;
constexpr mode_t kPublicFile = 0644;

void say(const std::string& text) { std::fprintf(stdout, "%s\n", text.c_str()); }

void say_backup(const backup::Verified& found) {
  const backup::Header& header = found.header;
  say("backup of vault " + to_string(header.vault) + ", made " + to_rfc3339(header.created));
  say("sequence " + std::to_string(header.sequence) + ", " + std::to_string(found.summary.rows) +
      " rows, " + std::to_string(found.summary.bytes) + " bytes, digest " +
      to_hex(found.summary.digest));
}

/// The key that signed the backup is the one to start with: where the `sign` key was rotated since,
/// nothing leads from the pin of now back to it.
Result<void> keep_signer(const VaultConfig& vault, const RestoreSource& source) {
  const std::string pem = crypto::pem_from_spki(source.pinned);
  const auto before = read_file(vault.signer_path);
  const auto pinned = before.ok() ? crypto::spki_from_pem(*before) : Result<Bytes>(before.error());
  if (pinned.ok() && *pinned == source.pinned) return {};
  if (before.ok()) {
    const std::string aside = vault.signer_path + ".before-restore";
    COFFER_CHECK(write_file(aside, as_bytes(*before), kPublicFile));
    say("the public key that was there is now " + aside);
  }
  return write_file(vault.signer_path, as_bytes(pem), kPublicFile);
}

Result<void> run_restore(const VaultConfig& vault, RestoreSource& source) {
  COFFER_TRY(const RestoreResult done, restore(vault, source, system_clock()));
  COFFER_CHECK(keep_signer(vault, source));
  say_backup(done.backup);
  if (!done.aside.empty()) say("the store that was there is now " + done.aside);
  say("restored; tokens from before are void, and what reaches outside waits.\n"
      "next: cofferd root-token, start the daemon, coffer operator backup release;\n"
      "and for each connection of a database: coffer lease orphans MOUNT/CONNECTION");
  return {};
}

Result<bool> run_drill(const Options& options, VaultConfig vault, RestoreSource& source) {
  COFFER_TRY(const DrillOutcome done, drill(std::move(vault), source, options.scratch));
  say_backup(done.backup);
  const core::DrillReport& report = done.report;
  say("opened " + std::to_string(report.rows) + " rows and " + std::to_string(report.secrets) +
      " secrets");
  if (report.good()) return true;
  say(std::to_string(report.failures) + " failed, " + std::to_string(report.unreachable) +
      " secrets that nothing leads to");
  return false;
}

/// Who has the token and its PIN can open the vault anyway; so can he make a token for himself.
/// After a restore it is this that takes the store on: tokens from before are void.
Result<void> run_root_token(VaultConfig config) {
  COFFER_TRY(const auto vault, Vault::make(std::move(config), system_clock()));
  vault->take_on_restored();
  COFFER_CHECK(vault->unseal(nullptr));
  const auto open = vault->state().unsealed();
  COFFER_TRY(const auto tx, open->sealed_store->begin());
  COFFER_TRY(const SecureBytes token, open->tokens->create_root(*tx, system_clock().wall()));
  const audit::Line lines[] = {
      vault->trail().system_line("root_token", "made by cofferd root-token")};
  COFFER_CHECK(vault->log().append(lines, true));
  COFFER_CHECK(commit(vault->store(), tx->take()));
  const ByteView text = token.expose(Reveal{"hand a root token to its owner, once"});
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
  return {};
}

/// Users whom the time that is over made are known to their servers alone, which may be away now.
Result<void> say_databases(const core::Unsealed& vault) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(const auto connections, database_connections(vault, *tx));
  std::string commands;
  for (const DatabaseConnection& one : connections) {
    commands.append("\n  coffer lease orphans ").append(one.path).append(one.name);
  }
  if (commands.empty()) return {};
  say("users of databases that were made since then are found, and revoked, by" + commands);
  return {};
}

void say_each(const std::string& head, std::uint64_t count, const std::vector<std::string>& named) {
  if (count == 0) return;
  std::string text = head + " " + std::to_string(count);
  for (const std::string& one : named) text.append("\n  ").append(one);
  if (!named.empty() && count > named.size()) {
    text += "\n  and " + std::to_string(count - named.size()) + " more";
  }
  say(text);
}

void say_lacking(const Accepted& accepted) {
  say_each("rows that couldn't be opened and went:", accepted.still.rows, accepted.still.named);
  if (!accepted.aside.empty()) say("as they were, they are in " + accepted.aside);
  say_each("secrets that are damaged or not there:", accepted.still.secrets,
           accepted.still.damaged);
  say_each("secrets that no row speaks of any more:", accepted.unreachable, {});
  if (accepted.unopened > 0) {
    say("not opened, for want of time: " + std::to_string(accepted.unopened) +
        " secrets; coffer operator rotate-key -verify opens all");
  }
}

Result<void> run_accept_restore(VaultConfig config) {
  COFFER_TRY(const auto vault, Vault::make(std::move(config), system_clock()));
  COFFER_TRY(const Accepted accepted, vault->accept_restore());
  say("accepted: " + accepted.wrong);
  say_lacking(accepted);
  say("tokens from before are void, the kek was rotated, and what reaches outside waits.\n"
      "next: cofferd root-token, start the daemon, coffer operator backup release");
  // It is accepted whatever comes of this.
  const auto said = say_databases(*vault->state().unsealed());
  if (!said.ok()) log::warn("the connections of databases can't be listed: " + said.error().text);
  return {};
}

/// What the operator named. Opened before this becomes the daemon's user, who may not see where
/// backups are kept.
struct Given {
  std::optional<backup::File> backup{};
  std::optional<std::string> signer{};  ///< PEM
};

Result<Given> open_given(const Options& options) {
  Given given;
  if (options.file.empty()) return given;
  COFFER_TRY(given.backup, backup::File::open(options.file));
  if (!options.signer.empty()) {
    COFFER_TRY(given.signer, read_file(options.signer));
  }
  return given;
}

Result<Bytes> pinned_signer(const VaultConfig& vault, const Given& given) {
  if (given.signer) return crypto::spki_from_pem(*given.signer);
  COFFER_TRY(const std::string pem, read_file(vault.signer_path));
  return crypto::spki_from_pem(pem);
}

Result<bool> carry_out(const Options& options, VaultConfig vault, Given given) {
  if (options.pin_stdin) {
    vault.pin = [] { return read_pin_from_input(); };
  }
  if (options.action == Action::root_token) {
    COFFER_CHECK(run_root_token(std::move(vault)));
    return true;
  }
  if (options.action == Action::accept_restore) {
    COFFER_CHECK(run_accept_restore(std::move(vault)));
    return true;
  }
  COFFER_TRY(Bytes pinned, pinned_signer(vault, given));
  RestoreSource source{*std::move(given.backup), std::move(pinned)};
  if (options.action == Action::drill) return run_drill(options, std::move(vault), source);
  COFFER_CHECK(run_restore(vault, source));
  return true;
}

}  // namespace

int run_offline(const Options& options) {
  auto given = open_given(options);
  if (!given.ok()) {
    log::error(given.error());
    return kExitFailed;
  }
  // Its token's processes outlive the vault.
  auto launch = launch_offline(options);
  if (!launch) return kExitConfig;
  const auto done = carry_out(options, std::move(launch->vault), *std::move(given));
  if (done.ok()) return *done ? EXIT_SUCCESS : kExitFailed;
  log::error(done.error());
  return done.error().code == ErrorCode::permission_denied ? kExitPin : kExitFailed;
}

}  // namespace coffer::daemon
