// What is written down and changes nothing.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "actions.h"
#include "coffer/audit/checkpoint.h"
#include "hash_words.h"
#include "known_hashes.h"

namespace coffer::ceremony {
namespace {

/// Twice as long as the daemon takes to sign a line of its log at most (docs/audit.md).
constexpr std::chrono::seconds kSigned{2};
constexpr std::size_t kMaxCheckpoints = std::size_t{64} << 20U;

/// What was rehearsed is what is run; the module is another by design.
void hold_against(const Transcript& rehearsal, Finding& finding) {
  if (!is_hash(finding.name) || finding.name == "module-sha256") return;
  const std::string_view was = hash_at_preflight(rehearsal, finding.name);
  if (was.empty() || was == finding.found) return;
  finding.good = false;
  finding.beside.append(", in the rehearsal ").append(was);
}

/// Of the log's directory, its newest file: a log that began a new segment meanwhile has its
/// checkpoints in another one. Their names sort as their lines do.
Result<std::string> newest_checkpoints(const std::string& given) {
  std::error_code error;
  if (!std::filesystem::is_directory(given, error)) return given;
  std::string newest;
  for (std::filesystem::directory_iterator it(given, error), end; !error && it != end;
       it.increment(error)) {
    const bool fits = it->path().extension() == ".checkpoints";
    if (fits) newest = std::max(newest, it->path().string());
  }
  if (!error && !newest.empty()) return newest;
  return make_error(ErrorCode::not_found, "no checkpoints of an audit log are in " + given);
}

}  // namespace

Result<Facts> show_plan(Ceremony& ceremony) {
  return Facts{{"plan", to_hex(ceremony.plan.hash)}, {"words", in_words(ceremony.plan.hash)}};
}

Machine machine_of(const Ceremony& ceremony) {
  return {ceremony.token.module_path, ceremony.token.uri, ceremony.mode == Mode::live};
}

Result<Facts> look_around(Ceremony& ceremony) {
  COFFER_TRY(std::vector<Finding> findings, preflight(ceremony.plan, machine_of(ceremony)));
  COFFER_TRY(const Transcript rehearsal,
             kept_rehearsal(ceremony.directory, ceremony.journal.transcript()));
  Facts facts;
  for (Finding& each : findings) {
    facts.push_back({each.name, each.found});
    hold_against(rehearsal, each);
    if (each.good) continue;
    COFFER_CHECK(make_exception(ceremony, "preflight", each.name, each.found + each.beside));
  }
  return facts;
}

Result<Facts> note_checkpoint(Ceremony& ceremony) {
  COFFER_TRY(const std::string path, newest_checkpoints(ceremony.plan.audit_checkpoints));
  COFFER_TRY(const std::string text, read_file(path, kMaxCheckpoints));
  const auto notes = audit::split_notes(text);
  if (notes.empty()) {
    return make_error(ErrorCode::not_found, "there is no checkpoint of the audit log");
  }
  COFFER_TRY(const audit::SignedCheckpoint last, audit::parse_checkpoint(notes.back()));
  return Facts{{"origin", last.checkpoint.origin},
               {"size", std::to_string(last.checkpoint.size)},
               {"root", to_base64(last.checkpoint.root)}};
}

Result<Facts> note_checkpoint_after(Ceremony& ceremony) {
  if (ceremony.mode == Mode::live) std::this_thread::sleep_for(kSigned);
  return note_checkpoint(ceremony);
}

}  // namespace coffer::ceremony
