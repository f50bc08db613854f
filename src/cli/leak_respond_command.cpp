// leak respond: who could read what leaked, who did, what else they have; and with flags, the end
// of it. Each effect is a request of the caller's own, which his policies must allow and the audit
// log has; the vault keeps the report, and signs it. docs/leak-response.md.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "coffer/base/bytes.h"
#include "coffer/base/clock.h"
#include "commands.h"
#include "kv_path.h"
#include "leak_findings.h"
#include "output.h"
#include "replace_file.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr mode_t kReportMode = 0600;
constexpr std::chrono::milliseconds kLook{200};
constexpr std::chrono::minutes kRotationPatience{1};

struct Step {
  std::string act;   ///< "revoke", "end leases of", "rotate", "destroy", "lock"
  std::string what;  ///< an accessor, or the API path of a secret
  HttpRequest request;
  std::string watch{};  ///< of a rotation: the API path that tells how it stands
};

HttpRequest post(const std::string& path, const Json& body) {
  return {.method = "POST", .path = path, .query = {}, .body = body.compact()};
}

class Response final {
 public:
  Response(Session& session, std::string name) : session_(session), name_(std::move(name)) {}

  /// False: the command is over.
  bool load() {
    const auto answer = session_.ask_first("reading the response " + name_, {.path = api()});
    if (!answer) return false;
    const Json* data = answer->json.find("data");
    if (answer->missing() || data == nullptr) return true;
    signed_ = text_in(*data, "signed") == "true";
    data_ = *data;
    if (const Json* report = data->find("report")) report_ = *report;
    return true;
  }
  [[nodiscard]] bool begun() const { return report_.find("steps") != nullptr; }
  [[nodiscard]] bool is_signed() const noexcept { return signed_; }
  [[nodiscard]] const Json& report() const noexcept { return report_; }
  [[nodiscard]] const Json& data() const noexcept { return data_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Before the first effect: what is about to be done is on record.
  bool begin(Json findings, const std::vector<Step>& steps) {
    report_ = std::move(findings);
    Json all = Json::array();
    for (const Step& step : steps) {
      Json one = Json::object();
      one.set("act", Json::string(step.act));
      one.set("what", Json::string(step.what));
      one.set("body", step.request.body ? Json::string(*step.request.body) : Json());
      one.set("request", Json::string(step.request.path));
      if (!step.watch.empty()) one.set("watch", Json::string(step.watch));
      one.set("outcome", Json::string("intended"));
      all.push(std::move(one));
    }
    report_.set("steps", std::move(all));
    return save();
  }

  /// Those that are only intended so far, in their order.
  bool carry_out() {
    const Json* steps = report_.find("steps");
    std::vector<Json> all = steps == nullptr ? std::vector<Json>() : steps->elements();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (text_in(all[i], "outcome") != "intended") continue;
      bool over = false;
      if (text_in(all[i], "act") == "rotate") {
        const auto rotated = rotated_already(all[i]);
        if (!rotated || !keep(all)) return false;
        over = *rotated;
      }
      if (!(over ? settle(all[i], "done") : carry_out(all[i])) || !keep(all)) return false;
    }
    return true;
  }

  bool sign() {
    const auto answer =
        session_.ask_first("signing the response " + name_, post(api() + "/sign", Json::object()));
    if (!answer || answer->json.find("data") == nullptr) return false;
    data_ = *answer->json.find("data");
    return true;
  }

 private:
  [[nodiscard]] std::string api() const { return "sys/leaks/responses/" + name_; }

  bool keep(const std::vector<Json>& steps) {
    Json changed = Json::array();
    for (const Json& one : steps) changed.push(one);
    report_.set("steps", std::move(changed));
    return save();
  }

  bool save() {
    Json body = Json::object();
    body.set("report", report_);
    return session_.ask_first("recording the response " + name_, post(api(), body)).has_value();
  }

  /// A refusal is an outcome as well; only a daemon that isn't there ends it, to be resumed.
  bool carry_out(Json& step) {
    const std::string act = text_in(step, "act");
    const std::string what = text_in(step, "what");
    HttpRequest request{.method = "POST", .path = text_in(step, "request"), .query = {}};
    request.body = text_in(step, "body");
    const auto answer = session_.ask_first(act + " " + what, request, {400, 403, 404, 405, 412});
    if (!answer) return false;
    const bool gone =
        act == "revoke" && (answer->status == 200 || (answer->status == 403 && may_revoke()));
    if (act == "rotate" && answer->status < 300 && !await_rotation(step)) return false;
    return settle(step, gone ? "gone already" : outcome_of(act, *answer));
  }

  bool settle(Json& step, const std::string& outcome) {
    step.set("outcome", Json::string(outcome));
    step.set("time", Json::string(to_rfc3339(system_clock().wall())));
    session_.console().line(text_in(step, "act") + " " + text_in(step, "what") + ": " + outcome);
    return true;
  }

  /// How the rotation stands; an empty answer if there is none, or it mustn't be read.
  std::optional<Json> rotation_of(const Json& step) {
    const auto answer = session_.ask_first("reading the rotation of " + text_in(step, "what"),
                                           {.path = text_in(step, "watch")}, {400, 403, 404, 405});
    if (!answer) return std::nullopt;
    const Json* data = answer->json.find("data");
    return answer->status < 300 && data != nullptr ? *data : Json::object();
  }

  /// Whether it gave a version since this response first looked. When it last did before that is
  /// put into the step, to be on record before it is asked for another: a response that was cut
  /// short doesn't ask twice.
  std::optional<bool> rotated_already(Json& step) {
    const auto how = rotation_of(step);
    if (!how) return std::nullopt;
    if (step.find("rotated_before") != nullptr) return has_rotated(step, *how);
    step.set("rotated_before", Json::string(text_in(*how, "last")));
    return false;
  }

  static bool has_rotated(const Json& step, const Json& how) {
    const Json* last = how.find("last");
    return last != nullptr && text_in(how, "last") != text_in(step, "rotated_before");
  }

  /// What follows may destroy the version that the new one is made from.
  bool await_rotation(const Json& step) {
    const auto until = std::chrono::steady_clock::now() + kRotationPatience;
    for (;;) {
      const auto how = rotation_of(step);
      if (!how) return false;
      if (has_rotated(step, *how)) return true;
      const bool told = how->find("last") != nullptr;
      if (told && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(kLook);
        continue;
      }
      const std::string why =
          told ? "isn't over: phase " + text_in(*how, "phase") + ", " + text_in(*how, "trouble")
               : "can't be followed: " + text_in(step, "watch") + " can't be read";
      session_.fail(kRemote, "The rotation of " + text_in(step, "what") + " " + why +
                                 "\ngo on with -response=" + name_);
      return false;
    }
  }

  /// An accessor that is nobody's any more is answered as a denial is, as in Vault.
  bool may_revoke() {
    Json body = Json::object();
    Json paths = Json::array();
    paths.push(Json::string("auth/token/revoke-accessor"));
    body.set("paths", std::move(paths));
    const auto answer = session_.ask_first("asking what may be revoked",
                                           post("sys/capabilities-self", body), {400, 403, 404});
    if (!answer) return false;
    const Json* may = answer->json.find_path({"data", "capabilities"});
    if (may == nullptr || !may->is_array()) return false;
    return std::any_of(may->elements().begin(), may->elements().end(), [](const Json& one) {
      return one.text() == "update" || one.text() == "root";
    });
  }

  static std::string outcome_of(const std::string& act, const Answer& answer) {
    if (answer.status < 300) return "done";
    if (act == "rotate" && answer.status != 403) return "has no rotator";
    return "refused: " + std::to_string(answer.status);
  }

  Session& session_;
  const std::string name_;
  Json report_ = Json::object();
  Json data_;
  bool signed_ = false;
};

class Respond final {
 public:
  explicit Respond(Session& session) : session_(session) {}

  int run() {
    if (!read_subject()) return session_.exit_code();
    return wants_effects() ? respond() : show();
  }

 private:
  [[nodiscard]] bool wants_effects() const {
    const Flags& flags = session_.flags();
    return flags.boolean("revoke") || flags.boolean("rotate") || flags.has("destroy") ||
           flags.has("lock");
  }

  bool wrong(std::string_view text) {
    session_.fail(kLocal, std::string(text) + "\nsee: coffer leak respond -help");
    return false;
  }

  bool read_subject() {
    const Flags& flags = session_.flags();
    const int given = (session_.positional().empty() ? 0 : 1) + (flags.has("unit") ? 1 : 0) +
                      (flags.has("uid") ? 1 : 0) + (flags.has("token-accessor") ? 1 : 0);
    if (given != 1) return wrong("Give one of PATH, -unit, -uid and -token-accessor");
    const bool of_path = !session_.positional().empty();
    if (!of_path && (flags.has("destroy") || flags.has("lock"))) {
      return wrong("-destroy and -lock go with a PATH");
    }
    subject_.unit = flags.text("unit");
    subject_.accessor = flags.text("token-accessor");
    if (flags.has("uid")) {
      subject_.uid = flags.number("uid");
      if (!subject_.uid || *subject_.uid < 0) return wrong("-uid must be a number");
    }
    if (!of_path) return true;
    auto path = find_kv_path(session_, 0);
    if (!path) return false;
    constexpr std::string_view kData = "data/";
    if (path->versioned && path->rest.starts_with(kData)) path->rest.erase(0, kData.size());
    secret_ = *path;
    subject_.path = path->api("data");
    return true;
  }

  int show() {
    const auto findings = find_out(session_, subject_);
    if (!findings) return session_.exit_code();
    if (!session_.shows_table()) return print_tree(session_, *findings);
    print_findings(session_, *findings);
    return kOk;
  }

  int respond() {
    std::string name = session_.flags().text("response");
    if (name.empty()) name = "leak-" + std::to_string(::time(nullptr));
    Response response(session_, std::move(name));
    if (!response.load()) return session_.exit_code();
    if (response.is_signed()) return finish(response);
    if (!response.begun() && !begin(response)) return session_.exit_code();
    session_.console().line("Response " + response.name() +
                            ": if this is cut short, go on with -response=" + response.name());
    if (!response.carry_out() || !response.sign()) return session_.exit_code();
    return finish(response);
  }

  bool begin(Response& response) {
    auto findings = find_out(session_, subject_);
    if (!findings) return false;
    if (session_.shows_table()) print_findings(session_, *findings);
    std::vector<Step> steps;
    if (session_.flags().boolean("revoke") && !add_revocations(*findings, steps)) return false;
    if (session_.flags().boolean("rotate") && !add_rotations(*findings, steps)) return false;
    add_version_steps("lock", "delete", steps);
    add_version_steps("destroy", "destroy", steps);
    return response.begin(*std::move(findings), steps);
  }

  /// All that are alive, but the one that does this: it would saw off its own branch.
  bool add_revocations(const Json& findings, std::vector<Step>& steps) {
    const auto self = session_.ask_first("looking up who is asking",
                                         {.path = "auth/token/lookup-self"}, {400, 403, 404});
    if (!self) return false;
    const Json* own = self->json.find_path({"data", "accessor"});
    const std::string asking = own == nullptr ? std::string() : own->text();
    add_peers_ends(findings, asking, steps);
    const Json* holders = findings.find("holders");
    if (holders == nullptr) return true;
    for (const Json& holder : holders->elements()) {
      const std::string accessor = text_in(holder, "accessor");
      if (text_in(holder, "alive") != "true") continue;
      if (asking == accessor) {
        session_.console().warning("the token " + accessor +
                                   " is the one that responds: it isn't revoked");
        continue;
      }
      Json body = Json::object();
      body.set("accessor", Json::string(accessor));
      steps.push_back({"revoke", accessor, post("auth/token/revoke-accessor", body)});
    }
    return true;
  }

  /// A peer of the socket has no token to revoke: what he was given ends by his accessor. Also
  /// where it wasn't told whether he has any.
  void add_peers_ends(const Json& findings, const std::string& asking, std::vector<Step>& steps) {
    const Json* peers = findings.find("peers");
    if (peers == nullptr) return;
    for (const Json& peer : peers->elements()) {
      const std::string accessor = text_in(peer, "accessor");
      if (text_in(peer, "lease_count") == "0") continue;
      if (asking == accessor) {
        session_.console().warning("the peer " + accessor +
                                   " is the one that responds: its leases aren't ended");
        continue;
      }
      Json body = Json::object();
      body.set("accessor", Json::string(accessor));
      steps.push_back({"end leases of", accessor, post("sys/leases/revoke-owned", body)});
    }
  }

  /// Of a path that one; of a caller all that he read.
  bool add_rotations(const Json& findings, std::vector<Step>& steps) {
    if (!subject_.path.empty()) {
      add_rotation(secret_, steps);
      return true;
    }
    std::vector<std::string> seen;
    const Json* accesses = findings.find("accesses");
    if (accesses == nullptr) return true;
    for (const Json& access : accesses->elements()) {
      const std::string path = text_in(access, "path");
      if (text_in(access, "operation") != "read" || path.starts_with("sys/") ||
          path.starts_with("auth/") || std::find(seen.begin(), seen.end(), path) != seen.end()) {
        continue;
      }
      seen.push_back(path);
      if (!add_rotation_of(path, steps)) return false;
    }
    return true;
  }

  bool add_rotation_of(const std::string& path, std::vector<Step>& steps) {
    const auto answer =
        session_.ask_first("finding the mount of " + path,
                           {.path = "sys/internal/ui/mounts/" + path}, {400, 403, 404});
    if (!answer) return false;
    const Json* mount = answer->json.find_path({"data", "path"});
    const Json* version = answer->json.find_path({"data", "options", "version"});
    if (mount == nullptr || version == nullptr || version->text() != "2") return true;
    const std::string data = mount->text() + "data/";
    if (!path.starts_with(data)) return true;
    KvPath secret;
    secret.mount = mount->text().substr(0, mount->text().size() - 1);
    secret.rest = path.substr(data.size());
    secret.versioned = true;
    add_rotation(secret, steps);
    return true;
  }

  static void add_rotation(const KvPath& secret, std::vector<Step>& steps) {
    if (!secret.versioned) return;
    steps.push_back({"rotate", secret.api("data"), post(secret.api("rotate"), Json::object()),
                     secret.api("rotation")});
  }

  void add_version_steps(std::string_view flag, std::string_view verb, std::vector<Step>& steps) {
    if (!session_.flags().has(flag)) return;
    Json versions = Json::array();
    for (const std::string& version : session_.flags().list(flag)) {
      versions.push(Json::string(version));
    }
    Json body = Json::object();
    body.set("versions", std::move(versions));
    steps.push_back({std::string(flag), subject_.path, post(secret_.api(verb), body)});
  }

  int finish(const Response& response) {
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
    if (!session_.shows_table()) return print_tree(session_, response.data());
    session_.console().line("Response " + response.name() + " is signed" +
                            (file.empty() ? "." : ": " + file + ", " + file + ".sig"));
    return kOk;
  }

  Session& session_;
  LeakSubject subject_;
  KvPath secret_;
};

int leak_respond(Session& session) { return Respond(session).run(); }

}  // namespace

std::vector<Command> leak_respond_commands() {
  return {{.words = "leak respond",
           .synopsis = "[flags] [PATH]",
           .summary = "Say who had what leaked, and end it",
           .help =
               "Prints who could read the secret at PATH, who did and when, by the audit log, and\n"
               "what else they had; or what a unit, a user or the holder of a token had. Changes\n"
               "nothing without one of the flags -revoke, -rotate, -lock and -destroy. With one,\n"
               "what is to be done is recorded first, then done, then signed; what was cut short\n"
               "goes on with -response.\n\n"
               "    $ coffer leak respond secret/app/db\n"
               "    $ coffer leak respond -revoke -destroy=3 -report=report.txt secret/app/db\n"
               "    $ coffer leak respond -uid=1000 -revoke -rotate",
           .flags = {{"unit", FlagKind::text, "what this systemd unit had"},
                     {"uid", FlagKind::number, "what this Unix user had"},
                     {"token-accessor", FlagKind::text, "what the holder of this token had"},
                     {"revoke", FlagKind::boolean, "revoke their tokens, and end all their leases"},
                     {"rotate", FlagKind::boolean, "rotate the secrets that have a rotator"},
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
