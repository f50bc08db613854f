// leak respond: who could read what leaked, who did, what else they have; and with flags, the end
// of it. Each effect is a request of the caller's own, which his policies must allow and the audit
// log has; the vault keeps the report, and signs it. docs/leak-response.md.
#include <algorithm>
#include <cctype>
#include <ctime>

#include "coffer/base/bytes.h"
#include "commands.h"
#include "kv_path.h"
#include "leak_findings.h"
#include "leak_response.h"
#include "leak_steps.h"
#include "leak_versions.h"
#include "output.h"
#include "replace_file.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr mode_t kReportMode = 0600;
constexpr std::string_view kTokenPrefix = "hvs.";
/// 2^32 - 1 is no user.
constexpr std::int64_t kMostUid = 0xffff'fffe;

/// 18 bytes in base64url, of a token as of a peer.
bool is_accessor(std::string_view text) {
  constexpr std::size_t kLength = 24;
  return text.size() == kLength && std::all_of(text.begin(), text.end(), [](unsigned char byte) {
           return std::isalnum(byte) != 0 || byte == '-' || byte == '_';
         });
}

class Respond final {
 public:
  explicit Respond(Session& session) : session_(session), versions_(session) {}

  int run() {
    if (!read_subject()) return session_.exit_code();
    return wants_effects() ? respond() : show();
  }

 private:
  [[nodiscard]] bool wants_effects() const {
    const Flags& flags = session_.flags();
    return flags.boolean("revoke") || flags.boolean("rotate") || !versions_.none();
  }

  bool wrong(std::string_view text) {
    session_.fail(kLocal, std::string(text) + "\nsee: coffer leak respond -help");
    return false;
  }

  bool read_subject() {
    if (!versions_.read()) return false;
    const Flags& flags = session_.flags();
    const int given = (session_.positional().empty() ? 0 : 1) + (flags.has("unit") ? 1 : 0) +
                      (flags.has("uid") ? 1 : 0) + (flags.has("token-accessor") ? 1 : 0);
    if (flags.boolean("revoke-root") && !flags.boolean("revoke")) {
      return wrong("-revoke-root goes with -revoke");
    }
    if (given != 1) return wrong("Give one of PATH, -unit, -uid and -token-accessor");
    const bool of_path = !session_.positional().empty();
    if (!of_path && !versions_.none()) return wrong("-destroy and -lock go with a PATH");
    subject_.unit = flags.text("unit");
    subject_.accessor = flags.text("token-accessor");
    if (flags.has("token-accessor") && !is_accessor(subject_.accessor)) {
      // It would be in a report that nobody can change any more.
      return wrong(subject_.accessor.starts_with(kTokenPrefix)
                       ? "-token-accessor is a token: give its accessor, which coffer token "
                         "lookup - tells of a token at standard input"
                       : "-token-accessor isn't in the form of an accessor");
    }
    if (flags.has("uid")) {
      subject_.uid = flags.number("uid");
      if (!subject_.uid || *subject_.uid < 0 || *subject_.uid > kMostUid) {
        return wrong("-uid must be a number of a user");
      }
    }
    if (!of_path) return true;
    auto path = find_kv_path(session_, 0);
    if (!path) return false;
    constexpr std::string_view kData = "data/";
    if (path->versioned && path->rest.starts_with(kData)) path->rest.erase(0, kData.size());
    // Sent as it is, the request would write a secret.
    if (!path->versioned && !versions_.none()) {
      return wrong("-destroy and -lock need a secret that has versions");
    }
    secret_ = *path;
    subject_.path = path->api("data");
    return true;
  }

  int show() {
    const auto findings = find_out(session_, subject_);
    if (!findings) return session_.exit_code();
    if (session_.shows_table()) {
      print_findings(session_, *findings);
    } else if (const int code = print_tree(session_, *findings); code != kOk) {
      return code;
    }
    if (tells_who_is_alive(*findings)) return kOk;
    return session_.fail(kRemote, "Which of their tokens are alive isn't known: see the warning");
  }

  int respond() {
    std::string name = session_.flags().text("response");
    if (name.empty()) name = "leak-" + std::to_string(::time(nullptr));
    LeakResponse response(session_, std::move(name));
    if (!response.load() || !is_this(response)) return session_.exit_code();
    if (response.is_signed()) return finish(response);
    if (!response.begun() && !begin(response)) return session_.exit_code();
    session_.console().line("Response " + response.name() +
                            ": if this is cut short, go on with -response=" + response.name());
    if (!response.carry_out()) return session_.exit_code();
    // Signed, it would be over, and nobody could go on.
    if (response.refused() > 0) {
      return session_.fail(
          kRemote, refusals(response) +
                       " refused: the response isn't signed\ngo on with -response=" +
                       response.name() + " as one who may do them, or leave it at that with\n" +
                       "coffer write -f sys/leaks/responses/" + response.name() + "/sign");
    }
    if (!response.sign()) return session_.exit_code();
    return finish(response);
  }

  static std::string refusals(const LeakResponse& response) {
    const std::size_t count = response.refused();
    return std::to_string(count) + (count == 1 ? " step was" : " steps were");
  }

  /// What is asked for besides its subject. A response is gone on with by the same.
  [[nodiscard]] Json asked() const {
    Json asked = Json::object();
    for (const char* const flag : {"revoke", "revoke-root", "rotate"}) {
      if (session_.flags().boolean(flag)) asked.set(flag, Json::boolean(true));
    }
    versions_.add_to(asked);
    return asked;
  }

  bool is_this(const LeakResponse& response) {
    const auto same = [&](std::string_view name, const Json& now) {
      const Json* then = response.report().find(name);
      return then == nullptr || then->compact() == now.compact();
    };
    if (same("subject", subject_.to_json()) && same("asked", asked())) return true;
    session_.fail(kLocal, "The response " + response.name() +
                              " is about something else, or was begun with other flags: nothing "
                              "was done\nsee: coffer read sys/leaks/responses/" +
                              response.name());
    return false;
  }

  /// What leaked is closed before anyone's token ends. But what it is rotated from must be there
  /// until then, and its new value is for none of those who had the old one.
  bool begin(LeakResponse& response) {
    const Flags& flags = session_.flags();
    if (!versions_.check(secret_)) return false;
    auto findings = find_out(session_, subject_);
    if (!findings) return false;
    if (session_.shows_table()) print_findings(session_, *findings);
    findings->set("asked", asked());
    std::vector<LeakStep> steps;
    if (!flags.boolean("rotate")) versions_.add_steps(secret_, steps);
    if (flags.boolean("revoke") && !add_revocations(session_, *findings, steps)) return false;
    if (flags.boolean("rotate")) {
      if (!add_rotations_of(*findings, steps)) return false;
      versions_.add_steps(secret_, steps);
    }
    return response.begin(*std::move(findings), steps);
  }

  /// Of a path that one; of a caller all that he read.
  bool add_rotations_of(const Json& findings, std::vector<LeakStep>& steps) {
    if (secret_.versioned) return add_rotation(session_, secret_, steps);
    if (!subject_.path.empty()) return add_rotation(session_, subject_.path, steps);
    return add_rotations(session_, findings, steps);
  }

  int finish(const LeakResponse& response) {
    const std::string file = session_.flags().text("report");
    if (!file.empty()) {
      const auto signature = from_base64(text_in(response.data(), "signature"));
      if (!signature.ok()) return session_.fail(kRemote, "The answer has no signature");
      const Json* document = response.data().find("document");
      if (document == nullptr) return session_.fail(kRemote, "The answer has no document");
      for (const auto& [path, content] : {std::pair{file, std::string_view(document->text())},
                                          std::pair{file + ".sig", as_text(*signature)}}) {
        const auto written = replace_file(path, content, kReportMode);
        if (!written.ok()) return session_.fail(kLocal, path + ": " + written.error().text);
      }
    }
    if (session_.shows_table()) {
      session_.console().line("Response " + response.name() + " is signed" +
                              (file.empty() ? "." : ": " + file + ", " + file + ".sig"));
    } else if (const int code = print_tree(session_, response.data()); code != kOk) {
      return code;
    }
    if (response.refused() == 0) return kOk;
    return session_.fail(kRemote, refusals(response) + " refused");
  }

  Session& session_;
  LeakSubject subject_;
  KvPath secret_;  ///< what PATH names, of an engine with versions
  LeakVersions versions_;
};

int leak_respond(Session& session) { return Respond(session).run(); }

}  // namespace

std::vector<Command> leak_respond_commands() {
  return {{.words = "leak respond",
           .synopsis = "[flags] [PATH]",
           .summary = "Say who had what leaked, and end it",
           .help =
               "Prints who could read the secret at PATH, who did and when, by the audit log, and\n"
               "what else they had; or what a unit, a user or the holder of a token had. What was\n"
               "had with tokens that they made counts as theirs. Changes nothing without one of\n"
               "the flags -revoke, -rotate, -lock and -destroy. With one, what is to be done is\n"
               "recorded first, then done, then signed; what was cut short or refused goes on\n"
               "with -response. The token in use, and those that it comes from, stay.\n\n"
               "    $ coffer leak respond secret/app/db\n"
               "    $ coffer leak respond -revoke -destroy=3 -report=report.txt secret/app/db\n"
               "    $ coffer leak respond -uid=1000 -revoke -rotate",
           .flags = {{"unit", FlagKind::text, "what this systemd unit had"},
                     {"uid", FlagKind::number, "what this Unix user had"},
                     {"token-accessor", FlagKind::text, "what the holder of this token had"},
                     {"revoke", FlagKind::boolean, "revoke their tokens, and end all their leases"},
                     {"revoke-root", FlagKind::boolean, "with -revoke: root's tokens too"},
                     {"rotate", FlagKind::boolean,
                      "rotate secrets that have a rotator, and static roles"},
                     {"lock", FlagKind::list,
                      "delete these versions of PATH; undelete brings them back"},
                     {"destroy", FlagKind::list, "destroy these versions of PATH for good"},
                     {"response", FlagKind::text, "the name of the response, to go on with it"},
                     {"report", FlagKind::text, "write the signed report to this file, and .sig"},
                     kMountFlag},
           .least = 0,
           .most = 1,
           .run = &leak_respond,
           .argument = Argument::secret}};
}

}  // namespace coffer::cli
