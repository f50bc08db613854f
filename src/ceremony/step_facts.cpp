#include "step_facts.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <set>

#include "ceremony.h"
#include "coffer/envelope/keyring.h"
#include "hash_words.h"
#include "plan_rules.h"

namespace coffer::ceremony {
namespace {

std::optional<std::uint64_t> count_in(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole ? std::optional(count) : std::nullopt;
}

class FactChecker final {
 public:
  FactChecker(const Plan& plan, const Transcript& transcript)
      : plan_(plan),
        transcript_(transcript),
        live_(fact(transcript.lines.front().facts, "mode") == "live") {}

  std::vector<std::string> check() {
    want("plan", "plan", to_hex(plan_.hash));
    want("plan", "words", in_words(plan_.hash));
    check_pins();
    check_token();
    check_keys();
    check_programs();
    check_attributes();
    check_checkpoints();
    return std::move(problems_);
  }

 private:
  void problem(std::string text) { problems_.push_back(std::move(text)); }

  void want(std::string_view step, std::string_view name, std::string_view value) {
    const TranscriptLine* const line = transcript_.find("done", step);
    if (line == nullptr || fact(line->facts, name) == value) return;
    problem(
        fmt::format("step {} of the transcript has another {} than the plan", line->step, name));
  }

  void check_pins() {
    const std::string shares =
        plan_.shares ? fmt::format("{} of {} shares", plan_.shares->needed, plan_.shares->total)
                     : person_with(plan_, Role::security_officer);
    for (const std::string_view step : {"pins", "new-pins"}) {
      want(step, "user-pin", person_with(plan_, Role::user));
      want(step, "so-pin", shares);
    }
    if (!plan_.shares) return;
    want("initialise", "subsets-tried", "all");
    want("change-so-pin", "subsets-tried", "all");
  }

  void check_token() {
    want("initialise", "label", plan_.token.label);
    want("change-user-pin", "changed", "yes");
    want("change-so-pin", "changed", "yes");
    if (!live_) return;  // another token
    std::string serial = plan_.token.serial;
    if (serial.empty()) {
      const TranscriptLine* const made = transcript_.find("done", "initialise");
      if (made != nullptr) serial = fact(made->facts, "serial");
    }
    for (const std::string_view step : {"initialise", "keys", "token", "decommission"}) {
      want(step, "serial", serial);
    }
  }

  void check_keys() {
    const std::string kek = to_hex(envelope::kek_ref(plan_.vault, plan_.key_version).id);
    const std::string sign = to_hex(envelope::sign_ref(plan_.vault, plan_.sign_version).id);
    for (const std::string_view step : {"keys", "token"}) {
      want(step, "vault", to_string(plan_.vault));
      want(step, "kek-id", kek);
      want(step, "sign-id", sign);
    }
    want("decommission", "destroyed-kek", kek);
    want("decommission", "destroyed-sign", sign);
  }

  void check_programs() {
    for (const auto& [act, words] : plan_.programs) {
      want(act, "command", joined(words));
      if (live_) check_tries(act);
    }
  }

  /// Each but the first by an exception of its own, and an end that isn't known by another.
  void check_tries(const std::string& act) {
    bool begun = false;
    bool again = false;
    bool as_done = false;
    for (const TranscriptLine& line : transcript_.lines) {
      if (line.step != act) continue;
      if (line.type == "exception") {
        again = again || fact(line.facts, "finding") == again_finding(act, true);
        as_done = as_done || fact(line.facts, "finding") == again_finding(act, false);
      }
      if (line.type != "intent") continue;
      if (begun && !again) {
        problem("the program of step " + act + " was run again, and no exception says why");
      }
      begun = true;
      again = as_done = false;
    }
    if (!begun || !as_done) want(act, "exit-status", "0");
  }

  /// Those that a token of the profile need not know.
  [[nodiscard]] std::set<std::string> may_be_absent(const std::string& key) const {
    // SoftHSM may have to be as another token than the plan's.
    const std::string_view profile = live_ ? std::string_view(plan_.token.profile)
                                           : fact(transcript_.lines.front().facts, "profile");
    std::set<std::string> names;
    const auto attributes = pkcs11::key_template(role_of_key(key), profile);
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

  const Plan& plan_;
  const Transcript& transcript_;
  bool live_;
  std::vector<std::string> problems_;
};

}  // namespace

const TranscriptLine* line_of_keys(const Transcript& transcript) noexcept {
  const TranscriptLine* const made = transcript.find("done", "keys");
  return made != nullptr ? made : transcript.find("done", "token");
}

std::vector<std::string> problems_of_facts(const Plan& plan, const Transcript& transcript) {
  return FactChecker(plan, transcript).check();
}

std::string again_finding(std::string_view act, bool again) {
  return std::string(act).append(again ? "-again" : "-as-done");
}

}  // namespace coffer::ceremony
