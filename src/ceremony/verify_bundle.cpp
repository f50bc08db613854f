#include "verify_bundle.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "bundle.h"
#include "bundle_files.h"
#include "ceremony.h"
#include "coffer/crypto/ed25519.h"
#include "known_hashes.h"
#include "plan_rules.h"
#include "report.h"
#include "steps.h"

namespace coffer::ceremony {
namespace {

class Verifier final {
 public:
  Verifier(const Plan& plan, const Transcript& transcript, BundleCheck& out)
      : plan_(plan), transcript_(transcript), out_(out) {}

  void all(const std::string& rehearsal, std::string_view report, const Expected& expected) {
    check_begin(rehearsal, expected);
    check_times();
    for (const Step& step : steps_of(plan_)) check_step(step);
    check_order();
    check_exceptions();
    check_hashes(rehearsal);
    if (transcript_.lines.back().type != "end") {
      problem("the ceremony didn't come to its end: the last line of the transcript isn't \"end\"");
    }
    check_attributes();
    check_checkpoints();
    check_report(report, expected);
  }

 private:
  void problem(std::string text) { out_.problems.push_back(std::move(text)); }

  void check_begin(const std::string& rehearsal, const Expected& expected) {
    const TranscriptLine& begin = transcript_.lines.front();
    if (begin.type != "begin") problem("the transcript doesn't start with its line \"begin\"");
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
    if (out_.mode == "live") check_rehearsal(fact(begin.facts, "rehearsal"), rehearsal, hash);
  }

  void check_rehearsal(std::string_view head, const std::string& rehearsal,
                       const std::string& hash) {
    if (head == "none" || head.empty()) {
      if (!has_exception("rehearsal")) problem("there was no rehearsal, and no exception says why");
      return;
    }
    const auto parsed = parse_transcript(rehearsal);
    if (!parsed.ok()) return problem("the rehearsal: " + parsed.error().text);
    if (parsed->head != head) problem("the rehearsal isn't the one that the transcript names");
    const std::string why = why_no_rehearsal(rehearsal, hash);
    if (!why.empty() && !has_exception("rehearsal")) problem(why);
  }

  [[nodiscard]] bool has_exception(std::string_view finding) const {
    return std::any_of(transcript_.lines.begin(), transcript_.lines.end(), [&](const auto& line) {
      return line.type == "exception" && fact(line.facts, "finding") == finding;
    });
  }

  void check_times() {
    for (std::size_t i = 1; i < transcript_.lines.size(); ++i) {
      // RFC 3339 in UTC: but for the fraction's length the text sorts as the time does.
      const std::string_view before = transcript_.lines[i - 1].time;
      const std::string_view now = transcript_.lines[i].time;
      if (now.substr(0, 19) < before.substr(0, 19)) {
        problem("time goes backwards at line " + std::to_string(i + 1) + " of the transcript");
      }
    }
  }

  void check_step(const Step& step) {
    if (transcript_.find("done", step.id) == nullptr) {
      return problem("step " + step.id + " wasn't done");
    }
    const TranscriptLine* const confirmed = transcript_.find("confirmed", step.id);
    if (confirmed == nullptr) return problem("step " + step.id + " wasn't confirmed");
    const std::string first(fact(confirmed->facts, "first"));
    const std::string second(fact(confirmed->facts, "second"));
    for (const std::string& name : {first, second}) {
      if (plan_.people.count(name) == 0) {
        return problem("step " + step.id + " was confirmed by " + name +
                       ", who isn't one of the plan's people");
      }
    }
    if (first == second) problem("step " + step.id + " was confirmed twice by " + first);
    for (const Role role : step.confirmed_by) {
      if (plan_.people.at(first).role == role || plan_.people.at(second).role == role) continue;
      problem("step " + step.id + " wasn't confirmed by a " + std::string(to_string(role)));
    }
  }

  /// Each step is confirmed before the next one is done, and none is there that the plan hasn't.
  void check_order() {
    const std::vector<Step> steps = steps_of(plan_);
    std::size_t next = 0;
    for (const TranscriptLine& line : transcript_.lines) {
      if (line.step.empty()) continue;
      const bool known = next < steps.size() && steps[next].id == line.step;
      if (!known) {
        return problem("line " + std::to_string(line.sequence) + " of the transcript is of step " +
                       line.step + ", which isn't the next one of the plan");
      }
      if (line.type == "done" && transcript_.find("done", line.step) != &line) {
        problem("step " + line.step + " was done twice");
      }
      if (line.type == "confirmed") ++next;
    }
  }

  void check_exceptions() {
    for (const TranscriptLine& line : transcript_.lines) {
      if (line.type != "exception") continue;
      const std::string why = why_not(
          plan_, {},
          {std::string(fact(line.facts, "first")), std::string(fact(line.facts, "second"))});
      if (!why.empty()) {
        problem("line " + std::to_string(line.sequence) +
                " of the transcript, an exception: " + why);
      }
    }
  }

  void check_hashes(const std::string& rehearsal) {
    // Where it isn't one that was told already.
    const auto parsed = parse_transcript(rehearsal);
    for (std::string& each :
         problems_of_hashes(plan_, transcript_, parsed.ok() ? *parsed : Transcript())) {
      problem(std::move(each));
    }
  }

  /// Those that a token of the plan's profile need not know.
  [[nodiscard]] std::set<std::string> may_be_absent(const std::string& key) const {
    std::set<std::string> names;
    const auto attributes = pkcs11::key_template(role_of_key(key), plan_.token.profile);
    if (!attributes.ok()) return names;
    for (const pkcs11::StatedAttribute& each : *attributes) {
      if (each.may_be_absent) names.insert(each.name);
    }
    return names;
  }

  void check_attributes() {
    const TranscriptLine* const read = transcript_.find("done", "attributes");
    if (read == nullptr) return;
    for (const auto& [name, planned] : plan_.keys) {
      const std::set<std::string> optional = may_be_absent(name);
      std::vector<pkcs11::StatedAttribute> got;
      for (const Fact& each : read->facts) {
        if (!each.name.starts_with(name + ".")) continue;
        std::string attribute = each.name.substr(name.size() + 1);
        const bool absent_too = optional.count(attribute) != 0;
        got.push_back({std::move(attribute), each.value, absent_too});
      }
      const auto same = compare_attributes(name, planned, got);
      if (!same.ok()) problem("the key isn't as planned: " + same.error().text);
    }
  }

  /// One log, that only grew. That its lines are in the tree of both is for coffer-audit to show.
  void check_checkpoints() {
    const TranscriptLine* const before = transcript_.find("done", "audit-before");
    const TranscriptLine* const after = transcript_.find("done", "audit-after");
    if (before == nullptr || after == nullptr) return;
    if (fact(before->facts, "origin") != fact(after->facts, "origin")) {
      return problem("the checkpoints before and after are of two audit logs");
    }
    const auto size_before = count_in(fact(before->facts, "size"));
    const auto size_after = count_in(fact(after->facts, "size"));
    if (!size_before || !size_after) return problem("a checkpoint's size isn't a number");
    const bool same_root = fact(before->facts, "root") == fact(after->facts, "root");
    if (*size_after < *size_before || (*size_after == *size_before && !same_root)) {
      problem("the audit log after isn't a longer one than that before");
    }
  }

  static std::optional<std::uint64_t> count_in(std::string_view text) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional(count) : std::nullopt;
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

std::string why_no_rehearsal(std::string_view transcript, std::string_view plan_hash) {
  const auto parsed = parse_transcript(transcript);
  if (!parsed.ok()) return "the rehearsal: " + parsed.error().text;
  if (parsed->lines.empty() || fact(parsed->lines.front().facts, "mode") != "rehearsal") {
    return "what was given isn't the transcript of a rehearsal";
  }
  if (fact(parsed->lines.front().facts, "plan") != plan_hash) {
    return "the plan was changed after the rehearsal, or the rehearsal was of another";
  }
  if (parsed->lines.back().type != "end") return "the rehearsal didn't come to its end";
  return {};
}

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
