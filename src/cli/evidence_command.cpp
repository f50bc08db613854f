// evidence: gathers what an auditor asks for, and has the token sign what it is.
#include <ctime>

#include "bundle_writer.h"
#include "coffer/crypto/digest.h"
#include "commands.h"
#include "evidence_sources.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

/// As of doctor: warnings, errors.
constexpr int kDoubtfulEvidence = 3;
constexpr int kBadEvidence = 4;

/// So that nobody takes what isn't there for nothing to tell.
std::string missing_text(const Gathered& gathered) {
  Json missing = Json::array();
  for (const Missing& each : gathered.missing) {
    Json one = Json::object();
    one.set("file", Json::string(each.file));
    one.set("why", Json::string(each.why));
    one.set("kind", Json::string(std::string(to_string(each.lack))));
    missing.push(std::move(one));
  }
  return missing.pretty() + "\n";
}

/// "HASH SIZE NAME", as sys/evidence takes them.
Result<Json> manifest_lines(const BundleFiles& files) {
  Json lines = Json::array();
  for (const auto& [name, content] : files) {
    COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(content)));
    lines.push(Json::string(to_hex(hash) + " " + std::to_string(content.size()) + " " + name));
  }
  return lines;
}

std::optional<std::string> sign(Session& session, const BundleFiles& files) {
  auto lines = manifest_lines(files);
  if (!lines.ok()) {
    session.fail(kLocal, "Error: " + lines.error().text);
    return std::nullopt;
  }
  Json body = Json::object();
  body.set("files", *std::move(lines));
  const auto answer =
      session.ask("having the evidence signed",
                  {.method = "POST", .path = "sys/evidence", .body = body.compact()});
  if (!answer) return std::nullopt;
  const Json* const note = answer->json.find_path({"data", "note"});
  if (note != nullptr) return note->text();
  session.nothing_found("sys/evidence");
  return std::nullopt;
}

bool gather(Session& session, Gathered& gathered) {
  if (!gather_from_daemon(session, gathered) || !gather_access(session, gathered)) return false;
  const Flags& flags = session.flags();
  if (flags.has("audit")) {
    gather_audit(flags.text("audit"), flags.text("key"), gathered);
  } else {
    gathered.lack("audit/verified.json", "no -audit was given", Lack::not_asked);
  }
  if (flags.has("config")) {
    gather_config(flags.text("config"), gathered);
  } else {
    gathered.lack("state/coffer.toml", "no -config was given", Lack::not_asked);
  }
  if (flags.has("ceremonies")) {
    gather_ceremonies(flags.text("ceremonies"), gathered);
  } else {
    gathered.lack("ceremonies", "no -ceremonies was given", Lack::not_asked);
  }
  gathered.add_last("missing.json", missing_text(gathered));
  return true;
}

int tell(Session& session, const Gathered& gathered, const std::string& written) {
  bool doubtful = !gathered.doubts.empty();
  for (const Missing& each : gathered.missing) {
    session.console().warning("Without " + each.file + ": " + each.why);
    doubtful = doubtful || each.lack == Lack::failed;
  }
  for (const std::string& doubt : gathered.doubts) session.console().warning("Doubt: " + doubt);
  for (const std::string& what : gathered.bad) session.console().warning("BAD: " + what);
  if (!gathered.bad.empty()) {
    session.console().line("Evidence written to: " + written +
                           ". It shows that something is BAD: see the warnings");
    return kBadEvidence;
  }
  if (doubtful) {
    session.console().line("Evidence written to: " + written +
                           ". It leaves doubts: see the warnings");
    return kDoubtfulEvidence;
  }
  session.console().line("Success! Evidence written to: " + written);
  return kOk;
}

int evidence(Session& session) {
  const std::string path = session.flags().text("out");
  if (path.empty()) return session.fail(kLocal, "Error: want -out=FILE.tar");
  Gathered gathered;
  if (!gather(session, gathered)) return session.exit_code();
  const auto note = sign(session, gathered.files);
  if (!note) return session.exit_code();
  BundleFiles files = std::move(gathered.files);
  files.insert(files.begin(), {"manifest.note", *note});
  const auto written = write_bundle(path, files, std::time(nullptr));
  if (!written.ok()) return session.fail(kLocal, "Error: " + describe(written.error()));
  return tell(session, gathered, path + " (" + std::to_string(files.size()) + " files)");
}

}  // namespace

std::vector<Command> evidence_commands() {
  return {
      {.words = "evidence",
       .synopsis = "[flags]",
       .summary = "Gather what an auditor asks for, signed by the token",
       .help =
           "Writes a tar file: key inventory with attributes from the token, who may reach\n"
           "what, rotations, revocations, backups and drills, the audit log's verification,\n"
           "versions and libraries. The token signs a manifest of hashes. What couldn't be\n"
           "had is listed in missing.json, with the reason. No secret of the vault is in it;\n"
           "what people wrote into policies and tokens' metadata is. Exit code 4:\n"
           "it was written, and the audit log or a ceremony in it is bad; 3: it leaves doubts,\n"
           "or something that there is could not be had.\n\n"
           "    $ coffer evidence -out=2026.tar -audit=/var/lib/coffer/audit \\\n"
           "        -key=/var/lib/coffer/signer.pem -config=/etc/coffer/coffer.toml\n"
           "    $ coffer-audit verify-evidence -key=signer.pem 2026.tar",
       .flags = {{"out", FlagKind::text, "the tar file, which must not be there"},
                 {"audit", FlagKind::text, "the directory of the audit log"},
                 {"key", FlagKind::text, "the public key to verify the audit log with"},
                 {"config", FlagKind::text, "the daemon's configuration"},
                 {"ceremonies", FlagKind::text, "a directory with bundles of ceremonies"}},
       .least = 0,
       .most = 0,
       .run = &evidence}};
}

}  // namespace coffer::cli
