#include "verify_bundle.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "bundle.h"
#include "bundle_files.h"
#include "coffer/crypto/ed25519.h"
#include "known_hashes.h"
#include "report.h"
#include "step_facts.h"
#include "steps.h"
#include "transcript_check.h"

namespace coffer::ceremony {
namespace {

class Verifier final {
 public:
  Verifier(const Plan& plan, const Transcript& transcript, BundleCheck& out)
      : plan_(plan), transcript_(transcript), out_(out) {}

  void all(const std::string& rehearsal, std::string_view report, const Expected& expected) {
    check_begin(rehearsal, expected);
    take(problems_of_transcript(plan_, transcript_));
    // Where it isn't one that was told already.
    const auto parsed = parse_transcript(rehearsal);
    take(problems_of_hashes(plan_, transcript_, parsed.ok() ? *parsed : Transcript()));
    check_report(report, expected);
  }

 private:
  void problem(std::string text) { out_.problems.push_back(std::move(text)); }
  void take(std::vector<std::string> problems) {
    for (std::string& each : problems) problem(std::move(each));
  }

  void check_begin(const std::string& rehearsal, const Expected& expected) {
    const TranscriptLine& begin = transcript_.lines.front();
    out_.mode = fact(begin.facts, "mode");
    if (out_.mode != expected.mode) {
      problem("it is of the mode " + out_.mode + ", and not " + expected.mode);
    }
    const std::string hash = to_hex(plan_.hash);
    if (fact(begin.facts, "plan") != hash) {
      problem("the plan isn't the one that the transcript was made by");
    }
    if (!expected.plan.empty() && expected.plan != hash) {
      problem("the plan isn't the one that was reviewed: its hash is " + hash);
    }
    if (out_.mode == "live") check_rehearsal(fact(begin.facts, "rehearsal"), rehearsal);
  }

  void check_rehearsal(std::string_view head, const std::string& rehearsal) {
    if (head == "none" || head.empty()) {
      if (!has_exception("rehearsal")) problem("there was no rehearsal, and no exception says why");
      return;
    }
    const auto parsed = parse_transcript(rehearsal);
    if (parsed.ok() && parsed->head != head)
      problem("the rehearsal isn't the one that the transcript names");
    take(problems_of_rehearsal(rehearsal, plan_));
  }

  [[nodiscard]] bool has_exception(std::string_view finding) const {
    return std::any_of(transcript_.lines.begin(), transcript_.lines.end(), [&](const auto& line) {
      return line.type == "exception" && fact(line.facts, "finding") == finding;
    });
  }

  void check_report(std::string_view note, const Expected& expected) {
    const auto report = parse_report(note);
    if (!report.ok()) return problem("the report: " + report.error().text);
    if (report->text != report_text(plan_, transcript_)) {
      problem("the report isn't that of this plan and transcript");
    }
    std::set<std::string> signed_by;
    for (const audit::NoteSignature& each : report->signatures) {
      if (check_signature(report->text, each, expected)) signed_by.insert(each.name);
    }
    if (signed_by_token(plan_) && signed_by.count(report_label(transcript_)) == 0) {
      problem("the token's signature is missing");
    }
    if (out_.mode == "rehearsal") return;  // whoever likes signs one
    for (const auto& [name, person] : plan_.people) {
      if (signed_by.count(name) == 0) problem("the signature of " + name + " is missing");
    }
  }

  bool check_signature(std::string_view text, const audit::NoteSignature& signature,
                       const Expected& expected) {
    if (signature.name == report_label(transcript_)) return check_token(text, signature, expected);
    const auto person = plan_.people.find(signature.name);
    if (person == plan_.people.end()) {
      problem("a signature by " + signature.name + ", who isn't one of the plan's people");
      return false;
    }
    const auto id = person_key_id(signature.name, person->second.key);
    if (!id.ok() || *id != signature.id) {
      problem("the key that " + signature.name + " signed with isn't the one in the plan");
      return false;
    }
    const bool good =
        crypto::verify_ed25519(person->second.key, as_bytes(text), signature.bytes).ok();
    if (!good) problem("the signature of " + signature.name + " isn't of this report");
    return good;
  }

  bool check_token(std::string_view text, const audit::NoteSignature& signature,
                   const Expected& expected) {
    const TranscriptLine* const from = line_of_keys(transcript_);
    const auto spki = from == nullptr ? Result<Bytes>(make_error(ErrorCode::not_found, ""))
                                      : from_base64(fact(from->facts, "sign-public-key"));
    if (!spki.ok() || spki->empty()) {
      problem("the transcript hasn't the public key of the token's sign key");
      return false;
    }
    if (!expected.sign_key_pem.empty() && crypto::pem_from_spki(*spki) != expected.sign_key_pem) {
      problem("the token's sign key isn't the one that was given");
    }
    const auto key = audit::note_key(signature.name, *spki);
    const bool good =
        key.ok() && audit::verify_note(text, std::span(&signature, 1), std::span(&*key, 1)).ok();
    if (!good) problem("the token's signature isn't of this report by the key of the transcript");
    return good;
  }

  const Plan& plan_;
  const Transcript& transcript_;
  BundleCheck& out_;
};

void list_the_unusual(const Transcript& transcript, BundleCheck& out) {
  for (const TranscriptLine& line : transcript.lines) {
    if (line.type == "exception") {
      out.exceptions.push_back(fmt::format("{}: {} ({}, {})", fact(line.facts, "finding"),
                                           fact(line.facts, "reason"), fact(line.facts, "first"),
                                           fact(line.facts, "second")));
    }
    if (!is_interruption(line)) continue;
    std::string text = line.type;
    if (!line.step.empty()) text.append(" at ").append(line.step);
    const std::string_view why = fact(line.facts, "why");
    if (!why.empty()) text.append(": ").append(why);
    out.interruptions.push_back(std::move(text));
  }
}

}  // namespace

Result<BundleCheck> verify_bundle(const std::string& path, const Expected& expected) {
  BundleCheck out;
  COFFER_TRY(const Bundle bundle, Bundle::open(path));
  COFFER_TRY(std::string plan_text, bundle.read("plan.json", kMaxPlan));
  COFFER_TRY(const std::string text, bundle.read("transcript", kMaxTranscript));
  const auto plan = parse_plan(std::move(plan_text));
  if (!plan.ok()) {
    out.problems.push_back("the plan: " + plan.error().text);
    return out;
  }
  out.plan = to_hex(plan->hash);
  const auto transcript = parse_transcript(text);
  if (!transcript.ok() || transcript->lines.empty()) {
    out.problems.push_back(transcript.ok() ? "the transcript is empty" : transcript.error().text);
    return out;
  }
  out.head = transcript->head;
  list_the_unusual(*transcript, out);
  const auto rehearsal = bundle.read("rehearsal.transcript", kMaxTranscript);
  const auto report = bundle.read("report", audit::kMaxNote);
  Verifier(*plan, *transcript, out)
      .all(rehearsal.ok() ? *rehearsal : std::string(), report.ok() ? *report : std::string(),
           expected);
  for (std::string& each : problems_of_files(bundle, *plan, *transcript)) {
    out.problems.push_back(std::move(each));
  }
  return out;
}

}  // namespace coffer::ceremony
