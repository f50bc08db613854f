// What the machine says of the daemon.
#include <sys/stat.h>

#include <charconv>
#include <sstream>

#include "doctor_checks.h"

namespace coffer::cli {
namespace {

using model::Json;

/// The value of "NAME:\tVALUE" of /proc/PID/status; "" if there is none.
std::string line_of(std::string_view status, std::string_view name) {
  std::istringstream in{std::string(status)};
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    const std::size_t first = line.find_first_not_of(" \t", name.size() + 1);
    return first == std::string::npos ? std::string() : line.substr(first);
  }
  return {};
}

std::uint64_t hex_of(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

std::string member(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* const found = object.find_path(path);
  return found == nullptr ? std::string() : found->text();
}

}  // namespace

void check_process(std::string_view status, Findings& found) {
  const auto add = [&](Severity severity, const char* check, const char* what, const char* fix) {
    found.push_back({severity, check, what, fix});
  };
  constexpr const char* kUnit = "run it by scripts/systemd/cofferd.service, without such drop-ins";
  const std::string uid = line_of(status, "Uid");
  if (uid == "0" || uid.starts_with("0\t")) {
    add(Severity::error, "process.root", "the daemon runs as root",
        "process.user, docs/operations.md");
  }
  if (line_of(status, "NoNewPrivs") == "0") {
    add(Severity::warning, "process.new_privileges", "the daemon may gain privileges by programs",
        kUnit);
  }
  if (line_of(status, "Seccomp") == "0") {
    add(Severity::warning, "process.no_seccomp", "no filter on the daemon's system calls", kUnit);
  }
  if (hex_of(line_of(status, "CapEff")) != 0) {
    add(Severity::warning, "process.capabilities", "the daemon has capabilities", kUnit);
  }
  const std::string swapped = line_of(status, "VmSwap");
  if (!swapped.empty() && !swapped.starts_with("0 ")) {
    add(Severity::warning, "process.swapped", "parts of the daemon are in swap",
        "MemorySwapMax=0 in its unit, or encrypted swap");
  }
}

void check_socket(unsigned mode, Findings& found) {
  if ((mode & S_IWOTH) == 0) return;
  found.push_back({Severity::warning, "socket.everybody",
                   "everybody on this machine may connect to the socket",
                   "listener.mode = \"0660\" and a group"});
}

namespace {

/// Without the time and the level that the log puts before it: what is found twice is one thing.
std::string without_time(const std::string& line) {
  std::size_t at = line.find(' ');
  if (at == std::string::npos || !read_time(line.substr(0, at))) return line;
  at = line.find(' ', at + 1);
  return at == std::string::npos ? line : line.substr(at + 1);
}

}  // namespace

void check_config(int status, std::string_view text, Findings& found) {
  if (status == 0) return;
  std::istringstream lines{std::string(text)};
  bool told = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    found.push_back({Severity::error, "config", without_time(line),
                     "docs/operations.md, files and their modes"});
    told = true;
  }
  if (told) return;
  found.push_back({Severity::error, "config",
                   "cofferd --check ended with " + std::to_string(status),
                   "run cofferd --config FILE --check"});
}

namespace {

/// By coffer-audit's own words. What isn't known here is told as it is.
Finding finding_of(const std::string& doubt) {
  const auto says = [&](std::string_view what) { return doubt.find(what) != std::string::npos; };
  const auto warning = [](const char* check, std::string what, const char* fix) {
    return Finding{Severity::warning, check, std::move(what), fix};
  };
  if (says("the clock went back")) {
    return warning("audit.clock_back", "the audit log's clock went back",
                   "coffer-audit verify tells where");
  }
  if (says("no checkpoint of the keys given covers")) {
    return warning("audit.unsigned_tail",
                   "the end of the audit log is signed by none of the keys given",
                   "is the token there, and -key the right file?");
  }
  if (says("aren't here")) {
    return warning("audit.missing", "of the audit log " + doubt,
                   "who moved them, and where to? docs/audit.md");
  }
  if (says("signed with a key that is not one of those given")) {
    return warning("audit.foreign_key", "of the audit log " + doubt,
                   "whose key is it? A copy of `signers` as -key tells; docs/audit.md");
  }
  return warning("audit.doubt", "of the audit log: " + doubt, "docs/audit.md, checking it");
}

/// Of a log that is good.
void check_doubts(const Json& seen, Findings& found) {
  const Json* const doubts = seen.find("doubts");
  const bool any = doubts != nullptr && !doubts->elements().empty();
  if (!any) {
    found.push_back({Severity::warning, "audit.doubt", "coffer-audit verify has a doubt of the log",
                     "coffer-audit verify tells which; docs/audit.md"});
    return;
  }
  for (const Json& doubt : doubts->elements()) found.push_back(finding_of(doubt.text()));
}

}  // namespace

void check_verified(int status, std::string_view text, bool with_key, std::int64_t signed_lines,
                    Findings& found) {
  constexpr const char* kFix = "docs/audit.md; keep a copy before anything else";
  const auto seen = Json::parse(text);
  if (!seen.ok()) {
    found.push_back({Severity::error, "audit.unverified", "the audit log couldn't be verified",
                     "run coffer-audit verify as a user who may read it"});
    return;
  }
  if (status == 2) {
    found.push_back({Severity::error, "audit.bad",
                     "the audit log is bad: " + member(*seen, {"bad", "file"}) + " line " +
                         member(*seen, {"bad", "line"}) + ": " + member(*seen, {"bad", "what"}),
                     kFix});
    return;
  }
  const std::int64_t lines = number_of(*seen, "last_sequence");
  if (lines < signed_lines) {
    found.push_back({Severity::error, "audit.other_log",
                     "the audit log given ends with line " + std::to_string(lines) +
                         ", and the vault has signed " + std::to_string(signed_lines),
                     "give -audit the directory that the vault writes to; if it is, it was cut"});
  }
  if (status == 3) {
    check_doubts(*seen, found);
  } else if (!with_key) {
    found.push_back({Severity::info, "audit.no_key", "the audit log's signatures weren't verified",
                     "give -key=signer.pem, a copy kept elsewhere"});
  }
}

void check_unseen(const std::vector<std::string>& what, Findings& found) {
  if (what.empty()) return;
  std::string text = what.front();
  if (what.size() > 1) text += "; and " + std::to_string(what.size() - 1) + " more";
  found.push_back({Severity::warning, "doctor.not_examined", "couldn't be examined: " + text,
                   "give the doctor a token with the policy of docs/operations.md, and its files"});
}

}  // namespace coffer::cli
