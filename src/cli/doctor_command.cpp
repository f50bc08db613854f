// doctor: looks at a running installation, and names what is wrong with the fix for it.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "commands.h"
#include "doctor_checks.h"
#include "doctor_signer.h"
#include "file_descriptor.h"
#include "output.h"
#include "render.h"
#include "seal_status.h"
#include "sibling_program.h"
#include "terminal.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr int kWarnings = 3;
constexpr int kErrors = 4;
constexpr int kUnsignedTail = 3;  ///< of coffer-audit
constexpr std::chrono::milliseconds kUntilSigned{2500};

struct Look {
  std::string_view path;
  void (*check)(const Json&, Findings&);
};
constexpr std::string_view kSigning = "sys/audit/status";
/// What the daemon is asked for one after another, and answers while it isn't sealed.
constexpr std::array kLooks{
    Look{"sys/token", &check_token},     Look{"sys/key-inventory", &check_keys},
    Look{"sys/key-usage", &check_usage}, Look{"sys/rotate/config", &check_rotation},
    Look{"sys/restore", &check_restore}, Look{kSigning, &check_signing},
    Look{"sys/host-info", &check_host},  Look{"sys/clock", &check_clock}};
constexpr std::string_view kSigners = "sys/rotate/signers";
constexpr std::string_view kGone = "invalid accessor";  ///< of a token that ended meanwhile
constexpr const char* kSealed = ": the vault is sealed";

/// A hundred years: more is a slip of the hand, and no clock can tell it.
constexpr std::int64_t kMostDays = 36500;

class Doctor final {
 public:
  explicit Doctor(Session& session) : session_(session) {
    limits_.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  /// False: a flag is wrong, and that has been said.
  bool take_flags() {
    return take_days("backup-days", limits_.backup_age) &&
           take_days("drill-days", limits_.drill_age);
  }

  /// False: the daemon can't be asked, and that has been said.
  bool examine() {
    if (!ask_daemon() || !look_at_signer()) return false;
    look_at_socket();
    look_at_clock();
    look_at_files();
    check_unseen(refused_, found_);
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return true;
  }
  [[nodiscard]] const Findings& found() const noexcept { return found_; }
  [[nodiscard]] const std::vector<std::string>& unseen() const noexcept { return unseen_; }

 private:
  bool take_days(std::string_view name, std::chrono::days& days) {
    const auto given = session_.flags().number(name);
    if (given && (*given < 0 || *given > kMostDays)) {
      session_.fail(kLocal, "-" + std::string(name) + " must be 0 to " + std::to_string(kMostDays));
      return false;
    }
    if (given) days = std::chrono::days(*given);
    return true;
  }

  /// nullopt: over. A null: it can't be had, and what that hides is told.
  std::optional<Json> ask(std::string_view path, std::string_view method = "GET",
                          std::optional<std::string> body = std::nullopt) {
    const auto answer = session_.ask_first(
        "reading " + std::string(path),
        {.method = std::string(method), .path = std::string(path), .body = std::move(body)},
        {400, 403, 404, 405, 412, 500, 501, 503});
    if (!answer) return std::nullopt;
    if (path == "sys/health") return answer->json;
    const Json* const data = answer->json.find_path({"data"});
    if (answer->status < 300 && data != nullptr) return *data;
    if (answer->status < 300) return answer->json;
    if (!answer->missing() && answer->text.find(kGone) == std::string::npos) {
      couldnt_see(std::string(path) + ": " + std::to_string(answer->status));
    }
    return Json();
  }

  void couldnt_see(const std::string& what) {
    unseen_.push_back(what);
    refused_.push_back(what);
  }

  bool examine_one(std::string_view path, void (*check)(const Json&, Findings&)) {
    const auto answer = ask(path);
    if (!answer) return false;
    if (!answer->is_null()) check(*answer, found_);
    if (path == kSigning) signed_lines_ = number_of(*answer, "signed_lines");
    return true;
  }

  bool ask_daemon() {
    const auto health = ask("sys/health");
    if (!health) return false;
    check_health(*health, found_);
    made_ = says_true(*health, "initialized");
    sealed_ = says_true(*health, "sealed");
    if (sealed_) {
      for (const Look& look : kLooks) unseen_.push_back(std::string(look.path) + kSealed);
      for (const std::string_view path : {"sys/backup", "sys/drills", "auth/token/accessors"}) {
        unseen_.push_back(std::string(path) + kSealed);
      }
      return true;
    }
    return std::all_of(kLooks.begin(), kLooks.end(),
                       [&](const Look& look) { return examine_one(look.path, look.check); }) &&
           examine_recovery() && examine_roots();
  }

  bool examine_recovery() {
    const auto names = ask("sys/backup", "LIST");
    const auto last = names ? ask("sys/backup") : std::nullopt;
    const auto drills = last ? ask("sys/drills") : std::nullopt;
    if (!drills) return false;
    // Who may not read the last one may not list them either.
    if (!last->is_null()) check_backups(*names, *last, limits_, found_);
    if (!drills->is_null()) check_drills(*drills, limits_, found_);
    return true;
  }

  bool examine_roots() {
    const auto accessors = ask("auth/token/accessors", "LIST");
    if (!accessors) return false;
    const Json* const keys = accessors->find("keys");
    if (keys == nullptr) return true;
    for (const Json& accessor : keys->elements()) {
      Json body = Json::object();
      body.set("accessor", Json::string(accessor.text()));
      const auto token = ask("auth/token/lookup-accessor", "POST", body.compact());
      if (!token) return false;
      if (!token->is_null() && is_root(*token)) {
        check_root(accessor.text(), *token, used(accessor.text()), limits_, found_);
      }
    }
    return true;
  }

  /// By the audit log, where one was given. What made the token isn't a use of it.
  std::optional<bool> used(const std::string& accessor) const {
    if (!session_.flags().has("audit")) return std::nullopt;
    const auto seen = capture_program(
        "coffer-audit", {"search", "-accessor=" + accessor, session_.flags().text("audit")});
    if (!seen.ok() || seen->status != 0) return std::nullopt;
    return !seen->text.empty();
  }

  /// False: over. A vault that isn't made has none yet.
  bool look_at_signer() {
    if (!made_ || !session_.flags().has("config")) return true;
    const auto config = read_file(session_.flags().text("config"));
    const auto path = config.ok() ? signer_path(*config) : std::nullopt;
    if (!path) return true;
    // Before the daemon is asked: a rotation in between makes it one of before, and not a stranger.
    const auto text = read_signer_file(*path);
    if (!text.ok() && text.error().code != ErrorCode::not_found) {
      couldnt_see(text.error().text);
      return true;
    }
    if (sealed_) unseen_.push_back(std::string(kSigners) + kSealed);
    const auto signers = sealed_ ? std::optional(Json()) : ask(kSigners);
    if (signers) check_signer(*path, text, *signers, found_);
    return signers.has_value();
  }

  /// The kernel tells who listens; /proc what it may do.
  void look_at_socket() {
    const std::string& path = session_.settings().address.socket_path;
    if (path.empty()) {
      unseen_.emplace_back("the daemon's process: it is reached by TCP");
      return;
    }
    struct stat about {};
    if (::stat(path.c_str(), &about) == 0) check_socket(about.st_mode, found_);
    const pid_t pid = peer_of(path);
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    const std::string status((std::istreambuf_iterator<char>(in)), {});
    if (pid <= 0 || status.empty()) {
      couldnt_see("the daemon's process");
    } else {
      check_process(status, found_);
    }
  }

  static pid_t peer_of(const std::string& path) {
    const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!socket || path.size() >= sizeof address.sun_path) return 0;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return 0;
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
  }

  void look_at_clock() {
    timex state{};
    if (::adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0) return;
    found_.push_back({Severity::warning, "clock.unsynchronised",
                      "the kernel's clock isn't kept by NTP", "timedatectl set-ntp true"});
  }

  void look_at_files() {
    const Flags& flags = session_.flags();
    if (flags.has("config")) {
      const auto checked =
          capture_program("cofferd", {"--config", flags.text("config"), "--check"}, Errors::taken);
      if (checked.ok()) {
        check_config(checked->status, checked->text, found_);
      } else {
        couldnt_see(checked.error().text);
      }
    } else {
      unseen_.emplace_back("modes of files and the configuration: no -config was given");
    }
    if (!flags.has("audit")) {
      unseen_.emplace_back("the audit log itself: no -audit was given");
      return;
    }
    std::vector<std::string> arguments{"verify", "-format=json"};
    if (flags.has("key")) arguments.push_back("-key=" + flags.text("key"));
    arguments.push_back(flags.text("audit"));
    auto verified = capture_program("coffer-audit", arguments);
    if (verified.ok() && verified->status == kUnsignedTail) {
      // Our own requests may be the newest lines: the token signs once a second.
      std::this_thread::sleep_for(kUntilSigned);
      verified = capture_program("coffer-audit", arguments);
    }
    if (!verified.ok()) return couldnt_see(verified.error().text);
    check_verified(verified->status, verified->text, flags.has("key"), signed_lines_, found_);
  }

  Session& session_;
  DoctorLimits limits_;
  bool made_ = false;
  bool sealed_ = false;
  std::int64_t signed_lines_ = 0;  ///< by the vault, before its log is verified
  Findings found_;
  std::vector<std::string> unseen_;
  std::vector<std::string> refused_;  ///< those of them that were to be seen
};

Json as_json(const Doctor& doctor) {
  Json findings = Json::array();
  for (const Finding& one : doctor.found()) {
    Json finding = Json::object();
    finding.set("severity", Json::string(std::string(to_string(one.severity))));
    finding.set("check", Json::string(one.check));
    finding.set("what", Json::string(one.what));
    finding.set("fix", Json::string(one.fix));
    findings.push(std::move(finding));
  }
  Json unseen = Json::array();
  for (const std::string& one : doctor.unseen()) unseen.push(Json::string(one));
  Json all = Json::object();
  all.set("findings", std::move(findings));
  all.set("not_examined", std::move(unseen));
  return all;
}

int status_of(const Findings& found) {
  int status = kOk;
  for (const Finding& one : found) {
    if (one.severity == Severity::error) return kErrors;
    if (one.severity == Severity::warning) status = kWarnings;
  }
  return status;
}

void print_findings(Session& session, const Doctor& doctor) {
  if (doctor.found().empty()) session.console().line("Nothing was found.");
  for (const Finding& one : doctor.found()) {
    session.console().line(std::string(to_string(one.severity)) + "  " + one.check + "\n    " +
                           one.what + "\n    fix: " + one.fix);
  }
  for (const std::string& one : doctor.unseen()) {
    session.console().warning("Not examined: " + one);
  }
}

int doctor(Session& session) {
  Doctor doctor(session);
  if (!doctor.take_flags() || !doctor.examine()) return session.exit_code();
  if (session.shows_table()) {
    print_findings(session, doctor);
  } else if (const int printed = print_tree(session, as_json(doctor)); printed != kOk) {
    return printed;
  }
  return status_of(doctor.found());
}

}  // namespace

std::vector<Command> doctor_commands() {
  return {
      {.words = "doctor",
       .synopsis = "[flags]",
       .summary = "Look at a running installation, and name what is wrong",
       .help =
           "Asks the daemon and looks at its process, socket and files: token, keys and their\n"
           "periods, backups and drills, clock, disk, root tokens, audit log. Each finding\n"
           "comes with its fix. Exit code 0: nothing, or only remarks; 3: warnings; 4: errors.\n\n"
           "    $ coffer doctor\n"
           "    # coffer doctor -format=json -config=/etc/coffer/coffer.toml \\\n"
           "        -audit=/var/lib/coffer/audit -key=/etc/coffer/signer.pem",
       .flags = {{"config", FlagKind::text, "the daemon's configuration: modes of files too"},
                 {"audit", FlagKind::text, "the directory of the audit log: it is verified"},
                 {"key", FlagKind::text, "the public key to verify it with"},
                 {"backup-days", FlagKind::number, "how old the last backup may be (7)"},
                 {"drill-days", FlagKind::number, "how old the last drill may be (90)"}},
       .least = 0,
       .most = 0,
       .run = &doctor}};
}

}  // namespace coffer::cli
