#include "preflight.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/timex.h>

#include <set>

#include "coffer/base/clock.h"
#include "coffer/base/version.h"
#include "coffer/pkcs11/attest.h"
#include "files.h"
#include "known_hashes.h"

namespace coffer::ceremony {
namespace {

constexpr std::string_view kSynchronised = ", synchronised";
constexpr std::string_view kBits = " bits";
constexpr std::size_t kMaxProc = std::size_t{1} << 20U;

Result<Finding> hashed(std::string name, const std::string& path, std::string_view planned) {
  COFFER_TRY(std::string hash, hash_file(path));
  Finding out{std::move(name), std::move(hash)};
  out.good = planned.empty() || out.found == planned;
  if (!out.good) out.beside = ", in the plan " + std::string(planned);
  return out;
}

Result<void> add_hashes(const Plan& plan, const Machine& machine, std::vector<Finding>& findings) {
  const auto add = [&](std::string name, const std::string& path, bool held) -> Result<void> {
    const std::string_view planned = held ? planned_hash(plan, name) : std::string_view();
    COFFER_TRY(Finding finding, hashed(std::move(name), path, planned));
    findings.push_back(std::move(finding));
    return {};
  };
  COFFER_CHECK(add("program-sha256", "/proc/self/exe", true));
  COFFER_CHECK(add("module-sha256", machine.module, machine.has_planned_module));
  for (const auto& [act, words] : plan.programs) {
    COFFER_CHECK(add(hash_finding(act), words.front(), true));
  }
  return {};
}

Finding clock_state() {
  timex state{};
  const int kernel = ::adjtimex(&state);
  const bool synchronised = kernel >= 0 && kernel != TIME_ERROR;
  return {"clock", to_rfc3339(system_clock().wall()) +
                       (synchronised ? std::string(kSynchronised) : ", not synchronised")};
}

Finding entropy() {
  const auto text = read_file("/proc/sys/kernel/random/entropy_avail", kMaxProc);
  std::string bits = text.ok() ? *text : "unknown";
  while (!bits.empty() && bits.back() == '\n') bits.pop_back();
  return {"entropy", text.ok() ? bits + std::string(kBits) : bits};
}

Finding swap() {
  const auto text = read_file("/proc/swaps", kMaxProc);
  const bool none = text.ok() && text->find('\n') + 1 >= text->size();
  return {"swap", none ? "off" : "on"};
}

Finding network() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {"network", "unknown"};
  std::set<std::string> up;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if ((each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & IFF_LOOPBACK) == 0) {
      up.insert(each->ifa_name);
    }
  }
  ::freeifaddrs(all);
  std::string names;
  for (const std::string& name : up) names.append(names.empty() ? "" : " ").append(name);
  return {"network", up.empty() ? "off" : "on: " + names};
}

Result<void> add_tokens(const std::string& module, const std::string& uri,
                        std::vector<Finding>& findings) {
  constexpr std::string_view kBySerial = "pkcs11:serial=";
  COFFER_TRY(const auto tokens, pkcs11::look_at_tokens(module));
  for (const pkcs11::TokenLook& each : tokens) {
    const bool ours = uri.empty() || uri == std::string(kBySerial).append(each.info.serial);
    if (!each.initialised || !ours) continue;
    findings.push_back({"token-" + each.info.serial,
                        each.info.label + ", " + each.info.model + ", " + each.flags});
  }
  return {};
}

}  // namespace

Result<std::vector<Finding>> preflight(const Plan& plan, const Machine& machine) {
  std::vector<Finding> findings{{"version", "coffer-ceremony " + std::string(kVersion)}};
  COFFER_CHECK(add_hashes(plan, machine, findings));
  findings.push_back(clock_state());
  findings.push_back(entropy());
  findings.push_back(swap());
  findings.push_back(network());
  COFFER_CHECK(add_tokens(machine.module, machine.uri, findings));
  for (Finding& each : findings) each.good = each.good && looks_good(each.name, each.found);
  return findings;
}

bool looks_good(std::string_view name, std::string_view found) noexcept {
  if (name == "clock") return found.ends_with(kSynchronised);
  // 256 is all that the kernel counts to since 5.18; three digits is 100 at least.
  if (name == "entropy") return found.ends_with(kBits) && found.size() >= 3 + kBits.size();
  if (name == "swap" || name == "network") return found == "off";
  if (!name.starts_with("token-")) return true;
  return found.find("_PIN_COUNT_LOW") == std::string_view::npos &&
         found.find("_PIN_FINAL_TRY") == std::string_view::npos &&
         found.find("_PIN_LOCKED") == std::string_view::npos;
}

}  // namespace coffer::ceremony
