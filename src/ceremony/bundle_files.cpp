#include "bundle_files.h"

#include <algorithm>
#include <set>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/signer.h"
#include "coffer/model/fields.h"
#include "plan_rules.h"

namespace coffer::ceremony {
namespace {

constexpr std::size_t kMaxSmall = std::size_t{64} << 10U;

class Files final {
 public:
  Files(const Bundle& bundle, const Plan& plan, const Transcript& transcript)
      : bundle_(bundle), plan_(plan), transcript_(transcript) {}

  std::vector<std::string> check() {
    known_ = {"plan.json", "transcript", "report"};
    const Facts& first = transcript_.lines.front().facts;
    live_ = fact(first, "mode") == "live";
    // What is wrong with it is told where the ceremony is held against its rehearsal.
    if (live_ && fact(first, "rehearsal") != "none") known_.insert("rehearsal.transcript");
    if (makes_keys(plan_)) check_pem();
    if (has_act(plan_, ActKind::enrol)) check_enrolment();
    check_programs();
    check_strangers();
    return std::move(problems_);
  }

 private:
  void problem(std::string text) { problems_.push_back(std::move(text)); }

  [[nodiscard]] std::string_view said(const std::string& step, std::string_view name) const {
    const TranscriptLine* const line = transcript_.find("done", step);
    return line == nullptr ? std::string_view() : fact(line->facts, name);
  }

  /// The bytes of a file that must be there; empty, and a problem, if it isn't.
  std::string take(const std::string& name) {
    known_.insert(name);
    const auto text = bundle_.read(name, kMaxSmall);
    if (text.ok()) return *text;
    problem("the file " + name + " is missing, or can't be read");
    return {};
  }

  void check_pem() {
    const std::string pem = take("sign.pem");
    const auto spki = from_base64(said("keys", "sign-public-key"));
    if (pem.empty() || (spki.ok() && pem == crypto::pem_from_spki(*spki))) return;
    problem("the file sign.pem isn't the public key of the transcript");
  }

  void check_hash(const std::string& name, std::string_view hash) {
    known_.insert(name);
    const auto bytes = bundle_.read(name, kLargestHashed);
    if (!bytes.ok()) return problem("the file " + name + " is missing, or can't be read");
    const auto found = crypto::sha256(as_bytes(*bytes));
    if (!found.ok() || to_hex(*found) != hash)
      problem("the file " + name + " isn't the one of the transcript");
  }

  /// The vault takes up what stands in it, so it must be of the keys that were held against the
  /// plan, also when the hash was written by the same hand.
  void check_enrolment() {
    check_hash("enrolment.json", said("enrolment", "enrolment-sha256"));
    const auto text = bundle_.read("enrolment.json", kMaxSmall);
    if (!text.ok()) return;
    const auto fields = model::Fields::parse(*text);
    const auto is = [&](std::string_view member, const std::string& value) {
      const auto found = fields.ok() ? fields->string(member) : fields.error();
      return found.ok() && *found && **found == value;
    };
    const auto pem = [&](std::string_view name) {
      const auto spki = from_base64(said("keys", name));
      return spki.ok() ? crypto::pem_from_spki(*spki) : std::string();
    };
    if (is("vault", to_string(plan_.vault)) && is("serial", std::string(said("keys", "serial"))) &&
        is("kek_public_key", pem("kek-public-key")) &&
        is("sign_public_key", pem("sign-public-key"))) {
      return;
    }
    problem("the file enrolment.json isn't of the keys of the transcript");
  }

  void check_programs() {
    for (const auto& program : plan_.programs) {
      const std::string& act = program.first;
      const TranscriptLine* const line = transcript_.find("done", act);
      if (line == nullptr) continue;  // told among the steps
      if (live_) check_hash(act + ".output", fact(line->facts, "output-sha256"));
    }
  }

  void check_strangers() {
    for (const std::string& name : bundle_.names()) {
      if (known_.count(name) != 0) continue;
      problem("the file " + name + " isn't one that this ceremony wrote");
    }
  }

  const Bundle& bundle_;
  const Plan& plan_;
  const Transcript& transcript_;
  bool live_ = false;
  std::set<std::string> known_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> problems_of_files(const Bundle& bundle, const Plan& plan,
                                           const Transcript& transcript) {
  return Files(bundle, plan, transcript).check();
}

}  // namespace coffer::ceremony
