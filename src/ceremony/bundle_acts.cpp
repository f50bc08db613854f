// coffer-ceremony sign, verify-bundle, combine: what is done with what a ceremony left behind.
#include <unistd.h>

#include <cstdio>

#include "acts.h"
#include "coffer/audit/note.h"
#include "coffer/base/terminal.h"
#include "coffer/crypto/ed25519.h"
#include "coffer/model/json_writer.h"
#include "pin.h"
#include "report.h"
#include "shares.h"
#include "verify_bundle.h"
#include "words.h"

namespace coffer::ceremony {
namespace {

const std::vector<Option> kSignOptions = {
    {"name", "who signs, as in the plan", true},
    {"key", "file with that person's private key (0400)", true},
};
const std::vector<Option> kVerifyOptions = {
    {"plan-hash", "the hash that the plan must have, in hexadecimal"},
    {"sign-key", "file with the public key (PEM) that the token must have signed with"},
    {"rehearsal", "it is a rehearsal, and no ceremony", false, true},
    {"format", "table (default) or json"},
};
constexpr std::size_t kMaxPem = 8192;

/// Signs what plan and transcript say, never what stands in the file.
Result<void> sign_report(const std::string& directory, const Words& words) {
  COFFER_TRY(std::string plan_text, read_own_file(directory + "/plan.json", kMaxPlan));
  COFFER_TRY(const Plan plan, parse_plan(std::move(plan_text)));
  COFFER_TRY(const std::string text, read_own_file(directory + "/transcript", kMaxTranscript));
  COFFER_TRY(const Transcript transcript, parse_transcript(text));
  COFFER_TRY(std::string note, read_own_file(directory + "/report", audit::kMaxNote));
  COFFER_TRY(const Report report, parse_report(note));
  if (transcript.lines.empty() || report.text != report_text(plan, transcript)) {
    return make_error(ErrorCode::corrupt, "the report isn't that of this plan and transcript");
  }
  const std::string& name = words["name"];
  const auto person = plan.people.find(name);
  COFFER_TRY(const SecureBytes pem, read_private_file(words["key"]));
  COFFER_TRY(const Bytes key, crypto::ed25519_public(pem));
  if (person == plan.people.end() || person->second.key != key) {
    return make_error(ErrorCode::permission_denied,
                      "the key isn't the one that the plan has for " + name);
  }
  for (const audit::NoteSignature& each : report.signatures) {
    if (each.name == name) return make_error(ErrorCode::conflict, name + " has signed already");
  }
  COFFER_TRY(const std::string line, sign_as_person(report.text, name, pem));
  return write_file(directory + "/report", note + line);
}

std::string as_json(const BundleCheck& check) {
  model::JsonWriter json;
  const auto list = [&](std::string_view name, const std::vector<std::string>& texts) {
    json.key(name).begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
  };
  json.begin_object().key("good").boolean(check.problems.empty());
  json.key("mode").string(check.mode).key("plan").string(check.plan);
  json.key("transcript").string(check.head);
  list("problems", check.problems);
  list("exceptions", check.exceptions);
  list("interruptions", check.interruptions);
  json.end_object();
  return json_for_terminal(json.view()) + "\n";
}

/// What stands in a bundle may have been written by anybody.
std::string as_table(const BundleCheck& check) {
  std::string out;
  const auto row = [&](std::string_view name, std::string_view text) {
    out.append(name).append(12 - name.size(), ' ');
    out.append(for_terminal(text)).append("\n");
  };
  row("result", check.problems.empty() ? "good" : "BAD");
  row("mode", check.mode);
  row("plan", check.plan);
  row("transcript", check.head);
  for (const std::string& text : check.exceptions) row("exception", text);
  for (const std::string& text : check.interruptions) row("interrupted", text);
  for (const std::string& text : check.problems) row("problem", text);
  return out;
}

Result<BundleCheck> check_bundle(const Words& words) {
  Expected expected{.plan = words["plan-hash"]};
  if (!words["rehearsal"].empty()) expected.mode = "rehearsal";
  if (!words["sign-key"].empty()) {
    COFFER_TRY(expected.sign_key_pem, read_file(words["sign-key"], kMaxPem));
  }
  auto check = verify_bundle(words.word, expected);
  if (check.ok() || check.error().code != ErrorCode::corrupt) return check;
  // Found out is what is wrong, not that it can't be read.
  BundleCheck found;
  found.problems.push_back(check.error().text);
  return found;
}

}  // namespace

int sign(const std::vector<std::string>& arguments) {
  const auto words = parse_words(arguments, kSignOptions, Operand::one);
  if (!words.ok()) return complain(words.error().text);
  if (words->help) return print_help("sign -name=NAME -key=FILE DIR", kSignOptions);
  if (words->word.empty()) return complain("want the ceremony's directory");
  const auto done = sign_report(words->word, *words);
  return done.ok() ? kDone : fail(done.error());
}

int verify_bundle(const std::vector<std::string>& arguments) {
  const auto words = parse_words(arguments, kVerifyOptions, Operand::one);
  if (!words.ok()) return complain(words.error().text);
  if (words->help) return print_help("verify-bundle [OPTIONS] DIR|TAR", kVerifyOptions);
  if (words->word.empty()) return complain("want the ceremony's directory");
  const auto json = wants_json(*words);
  if (!json.ok()) return complain(json.error().text);
  const auto check = check_bundle(*words);
  if (!check.ok()) return fail(check.error());
  const std::string text = *json ? as_json(*check) : as_table(*check);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return kUsage;
  return check->problems.empty() ? kDone : kUnfit;
}

int combine(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments.front().starts_with("-")) {
    const auto words = parse_words(arguments, {});
    if (!words.ok()) return complain(words.error().text);
    if (words->help) return print_help("combine SHARE-FILE… > FILE", {});
  }
  std::vector<SecureBytes> shares;
  for (const std::string& path : arguments) {
    auto share = read_pin(path);
    if (!share.ok()) return fail(share.error());
    shares.push_back(*std::move(share));
  }
  if (shares.empty()) return complain("want files with shares (0400), one each");
  const auto secret = combine_shares(shares);
  if (!secret.ok()) return fail(secret.error());
  if (::isatty(STDOUT_FILENO) == 1)
    return complain("the secret doesn't go to a terminal: use > FILE");
  const auto written = write_synced(
      STDOUT_FILENO, secret->expose(Reveal{"a secret is put together for its holders"}));
  // A pipe can't be synced, and has it all the same.
  return written.ok() || written.error().text.find("sync") != std::string::npos
             ? kDone
             : fail(written.error());
}

}  // namespace coffer::ceremony
