// What is written down and changes nothing, and what other programs do.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "actions.h"
#include "coffer/audit/checkpoint.h"
#include "hash_words.h"
#include "known_hashes.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it nowhere

namespace coffer::ceremony {
namespace {

/// Twice as long as the daemon takes to sign a line of its log at most (docs/audit.md).
constexpr std::chrono::seconds kSigned{2};
constexpr std::size_t kMaxCheckpoints = std::size_t{64} << 20U;

/// Waits for the program's end; standard output and error go to the file.
Result<int> run(const std::vector<std::string>& words, const std::string& output) {
  std::vector<std::string> copies = words;
  std::vector<char*> arguments;
  arguments.reserve(copies.size() + 1);
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files{};
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, arguments.front(), &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0) {
    return make_error(ErrorCode::unavailable, "cannot start " + words.front());
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return make_error(ErrorCode::internal, "lost the program that was started");
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return make_error(ErrorCode::unavailable, words.front() + " was ended by a signal");
}

/// What was rehearsed is what is run; the module is another by design.
void hold_against(const Transcript& rehearsal, Finding& finding) {
  if (!is_hash(finding.name) || finding.name == "module-sha256") return;
  const std::string_view was = hash_at_preflight(rehearsal, finding.name);
  if (was.empty() || was == finding.found) return;
  finding.good = false;
  finding.beside.append(", in the rehearsal ").append(was);
}

/// It may have been exchanged since the preflight looked at it.
Result<void> hold_against_preflight(Ceremony& ceremony, const std::string& act,
                                    const std::string& hash) {
  const std::string finding = hash_finding(act);
  const Transcript& transcript = ceremony.journal.transcript();
  if (!has_changed(transcript, finding, hash)) return {};
  const std::string was(hash_at_preflight(transcript, finding));
  return make_exception(ceremony, act, finding, hash + ", at the preflight " + was);
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

Result<Facts> run_program(Ceremony& ceremony, const std::string& act) {
  const std::vector<std::string>& words = ceremony.plan.programs.at(act);
  COFFER_TRY(std::string program, hash_file(words.front()));
  COFFER_CHECK(hold_against_preflight(ceremony, act, program));
  Facts facts{{"command", joined(words)}, {"program-sha256", std::move(program)}};
  if (ceremony.mode == Mode::rehearsal) {
    facts.push_back({"run", "no, this is a rehearsal"});
    return facts;
  }
  const std::string output = ceremony.path(act + ".output");
  COFFER_TRY(const int status, run(words, output));
  COFFER_TRY(std::string hash, hash_file(output));
  if (status != 0) {
    return make_error(ErrorCode::precondition, words.front() + " ended with exit status " +
                                                   std::to_string(status) + ": " + output);
  }
  facts.push_back({"exit-status", "0"});
  facts.push_back({"output-sha256", std::move(hash)});
  return facts;
}

}  // namespace coffer::ceremony
