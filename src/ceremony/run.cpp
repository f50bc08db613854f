// coffer-ceremony run and rehearse: the same steps, on the planned token or on one that is thrown
// away.
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "actions.h"
#include "acts.h"
#include "coffer/base/version.h"
#include "coffer/crypto/random.h"
#include "coffer/envelope/keyring.h"
#include "report.h"
#include "resume.h"
#include "scratch_token.h"
#include "transcript_check.h"
#include "words.h"

namespace coffer::ceremony {
namespace {

const std::vector<Option> kRunOptions = {
    {"plan", "the plan; not needed to go on with a ceremony that was cut short"},
    {"out", "directory of the ceremony: plan, transcript, report", true},
    {"rehearsal", "directory of the rehearsal of this plan"},
    {"head", "to go on: the transcript's hash that was noted last; with -answers it is needed"},
    {"answers", "file that answers for the people (docs/ceremonies.md); else the terminal"},
};
const std::vector<Option> kRehearseOptions = {
    {"plan", "the plan", true},
    {"out", "directory of the rehearsal, a new one", true},
    {"module", "PKCS#11 module of a token that is thrown away (SoftHSM)"},
    {"profile", "token profile instead of the plan's, if SoftHSM can't be as that"},
    {"answers", "file that answers for the people; else the terminal"},
};
constexpr const char* kSoftHsm = "/usr/lib/softhsm/libsofthsm2.so";

/// The key that signs the report.
class TokenSigner final : public crypto::Signer {
 public:
  TokenSigner(pkcs11::Token& token, pkcs11::KeyRef key, Bytes public_key)
      : token_(token), key_(std::move(key)), public_(std::move(public_key)) {}
  Result<Bytes> sign(ByteView message) override { return token_.sign(key_, message); }
  [[nodiscard]] ByteView public_key() const override { return public_; }

 private:
  pkcs11::Token& token_;
  pkcs11::KeyRef key_;
  Bytes public_;
};

/// The plan of a ceremony that goes on is that of its directory; another would be an exchange.
Result<Plan> settle_plan(const std::string& given, const std::string& directory) {
  const std::string kept = directory + "/plan.json";
  const auto before = read_own_file(kept, kMaxPlan);
  if (given.empty()) {
    if (!before.ok()) return make_error(ErrorCode::not_found, "want -plan=FILE");
    return parse_plan(*before);
  }
  COFFER_TRY(std::string text, read_file(given, kMaxPlan));
  if (before.ok() && *before != text) {
    return make_error(ErrorCode::precondition,
                      "the directory holds a ceremony of another plan: " + directory);
  }
  COFFER_TRY(Plan plan, parse_plan(std::move(text)));
  if (!before.ok()) COFFER_CHECK(write_file(kept, plan.text));
  return plan;
}

struct Rehearsal {
  std::string head = "none";  ///< of its transcript, which is kept beside ours
  Facts exception{};          ///< why it goes without one
};

Result<Rehearsal> settle_rehearsal(Ceremony& ceremony, const std::string& directory) {
  std::string why = "no rehearsal was given";
  if (!directory.empty()) {
    COFFER_TRY(const std::string text, read_own_file(directory + "/transcript", kMaxTranscript));
    const auto problems = problems_of_rehearsal(text, ceremony.plan);
    if (problems.empty()) {
      COFFER_TRY(const Transcript rehearsal, parse_transcript(text));
      COFFER_CHECK(write_file(ceremony.path("rehearsal.transcript"), text));
      return Rehearsal{rehearsal.head};
    }
    why = problems.front();
  }
  Rehearsal none;
  COFFER_TRY(none.exception, ask_exception(ceremony, {}, "rehearsal", why));
  return none;
}

std::string_view name_of(Mode mode) { return mode == Mode::live ? "live" : "rehearsal"; }

/// A ceremony that was begun already goes on only as what it was begun as: a rehearsal's steps that
/// were done on a token that is gone must not count for the real one.
Result<void> go_on(Ceremony& ceremony) {
  const Transcript& transcript = ceremony.journal.transcript();
  const Facts& first = transcript.lines.front().facts;
  if (fact(first, "plan") != to_hex(ceremony.plan.hash)) {
    return make_error(ErrorCode::precondition, "the transcript is of another plan");
  }
  if (fact(first, "mode") != name_of(ceremony.mode)) {
    return make_error(ErrorCode::precondition, "the directory isn't of a ceremony with the mode " +
                                                   std::string(name_of(ceremony.mode)) + ": " +
                                                   ceremony.directory);
  }
  const bool ended = transcript.lines.back().type == "end";
  if (ended && read_own_file(ceremony.path("report"), audit::kMaxNote).ok()) return {};
  // Nothing is added to one that isn't theirs.
  COFFER_TRY(Facts confirmed, confirm_head(ceremony));
  return ended ? Result<void>() : or_aborted(ceremony, resume(ceremony, std::move(confirmed)));
}

Result<void> begin(Ceremony& ceremony, const std::string& rehearsal) {
  if (!ceremony.journal.transcript().lines.empty()) return go_on(ceremony);
  Rehearsal rehearsed;
  if (ceremony.mode == Mode::live) {
    COFFER_TRY(rehearsed, settle_rehearsal(ceremony, rehearsal));
  }
  COFFER_TRY(const Uuid id, crypto::random_uuid());
  COFFER_CHECK(ceremony.journal.append("begin", {},
                                       {{"format", "1"},
                                        {"ceremony", to_string(id)},
                                        {"mode", std::string(name_of(ceremony.mode))},
                                        {"plan", to_hex(ceremony.plan.hash)},
                                        {"purpose", ceremony.plan.purpose},
                                        {"rehearsal", rehearsed.head},
                                        {"profile", ceremony.token.profile},
                                        {"version", std::string(kVersion)}}));
  if (!rehearsed.exception.empty()) {
    COFFER_CHECK(ceremony.journal.append("exception", {}, std::move(rehearsed.exception)));
  }
  show_head(ceremony);
  return {};
}

/// Signed by the token; people add theirs with `coffer-ceremony sign`.
Result<void> write_report(Ceremony& ceremony) {
  const std::string path = ceremony.path("report");
  if (read_own_file(path, audit::kMaxNote).ok()) return {};
  const std::string text = report_text(ceremony.plan, ceremony.journal.transcript());
  if (!signed_by_token(ceremony.plan)) return write_file(path, text + "\n");
  COFFER_TRY(const auto token, open_planned(ceremony));
  pkcs11::KeyRef key = envelope::sign_ref(ceremony.plan.vault, ceremony.plan.sign_version);
  COFFER_TRY(Bytes public_key, token->public_key(key));
  TokenSigner signer(*token, std::move(key), std::move(public_key));
  COFFER_TRY(const std::string note, audit::sign_note(text, signer));
  return write_file(path, note);
}

/// What an earlier run found out about a token that is made in this ceremony.
void take_up_serial(Ceremony& ceremony) {
  const TranscriptLine* const line = ceremony.journal.transcript().find("done", "initialise");
  if (line == nullptr) return;
  ceremony.token.uri = "pkcs11:serial=" + std::string(fact(line->facts, "serial"));
}

Result<std::unique_ptr<Console>> people(const std::string& answers) {
  end_questions_on_signals();
  return answers.empty() ? terminal_console() : answers_console(answers);
}

pkcs11::TokenConfig planned_token(const Plan& plan) {
  const PlannedToken& planned = plan.token;
  pkcs11::TokenConfig token{.module_path = planned.module, .uri = planned_uri(plan)};
  token.sync_directory = planned.sync_directory;
  token.profile = planned.profile;
  return token;
}

Result<void> finish(Ceremony& ceremony, const std::string& rehearsal) {
  take_up_serial(ceremony);
  COFFER_CHECK(begin(ceremony, rehearsal));
  COFFER_CHECK(conduct(ceremony));
  COFFER_CHECK(write_report(ceremony));
  ceremony.console.say("\nThe transcript's hash: " + ceremony.journal.transcript().head);
  return {};
}

Result<void> run_live(const Words& words) {
  if (::mkdir(words["out"].c_str(), 0755) == 0) {
    COFFER_CHECK(sync_name(words["out"]));
  }
  COFFER_TRY(const Plan plan, settle_plan(words["plan"], words["out"]));
  COFFER_TRY(Journal journal, Journal::open(words["out"] + "/transcript", system_clock()));
  COFFER_TRY(const auto console, people(words["answers"]));
  Ceremony ceremony{plan, Mode::live, words["out"], *console, journal, planned_token(plan)};
  ceremony.noted = words["head"];
  return finish(ceremony, words["rehearsal"]);
}

/// Its token goes with the process, so there is nothing to go on with.
Result<void> make_new_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return sync_name(path);
  if (errno != EEXIST) {
    return make_error(ErrorCode::unavailable, "cannot make " + path, std::strerror(errno));
  }
  return make_error(ErrorCode::conflict,
                    path +
                        " is there already: a rehearsal isn't gone on with, it "
                        "begins anew in a new directory");
}

Result<void> run_rehearsal(const Words& words) {
  COFFER_CHECK(make_new_directory(words["out"]));
  COFFER_TRY(const Plan plan, settle_plan(words["plan"], words["out"]));
  COFFER_TRY(Journal journal, Journal::open(words["out"] + "/transcript", system_clock()));
  COFFER_TRY(const auto console, people(words["answers"]));
  const std::string module = words["module"].empty() ? kSoftHsm : words["module"];
  COFFER_TRY(const auto scratch, ScratchToken::make(module));
  Ceremony ceremony{plan, Mode::rehearsal, words["out"], *console, journal, scratch->config()};
  ceremony.token.profile = words["profile"].empty() ? plan.token.profile : words["profile"];
  if (!has_act(plan, ActKind::initialise)) COFFER_CHECK(scratch->prepare(ceremony));
  Result<void> finished = finish(ceremony, {});
  if (finished.ok()) return finished;
  Error error = finished.error();
  error.text += "; a rehearsal isn't gone on with: begin it anew, with another -out";
  return error;
}

int done(const Result<void>& result) { return result.ok() ? kDone : fail(result.error()); }

}  // namespace

int run(const std::vector<std::string>& arguments) {
  const auto words = parse_words(arguments, kRunOptions);
  if (!words.ok()) return complain(words.error().text);
  if (words->help) return print_help("run -out=DIR [OPTIONS]", kRunOptions);
  return done(run_live(*words));
}

int rehearse(const std::vector<std::string>& arguments) {
  const auto words = parse_words(arguments, kRehearseOptions);
  if (!words.ok()) return complain(words.error().text);
  if (words->help) return print_help("rehearse -plan=FILE -out=DIR [OPTIONS]", kRehearseOptions);
  return done(run_rehearsal(*words));
}

}  // namespace coffer::ceremony
