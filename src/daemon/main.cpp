// cofferd: the daemon. Puts the process in order, opens the vault, serves.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "coffer/base/log.h"
#include "coffer/base/version.h"
#include "hardening.h"
#include "launch.h"
#include "offline.h"

namespace coffer::daemon {
namespace {

// sysexits.h, where it has one.
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;
constexpr int kExitPin = 77;
constexpr int kExitConfig = 78;

int failed(const Error& error) {
  log::error(error);
  return kExitFailed;
}

Result<void> serve(Vault& vault, ServerConfig config) {
  vault.start_signing();
  vault.start_anchoring();
  Server server(vault, std::move(config), system_clock());
  COFFER_CHECK(server.run());
  const audit::Line lines[] = {vault.trail().system_line("stop", "told to stop")};
  COFFER_CHECK(vault.log().append(lines, true));
  vault.finish_anchoring();
  vault.finish_signing();
  return {};
}

/// Wrong PINs are told apart so that a service manager doesn't start us until the token locks
/// itself.
int run(Launch launch) {
  auto vault = Vault::make(std::move(launch.vault), system_clock());
  if (!vault.ok()) return failed(vault.error());
  if (const auto opened = launch.open(**vault); !opened.ok()) {
    const bool wrong_pin = opened.error().code == ErrorCode::permission_denied;
    log::error(opened.error());
    return wrong_pin ? kExitPin : kExitFailed;
  }
  const auto served = serve(**vault, std::move(launch.server));
  return served.ok() ? EXIT_SUCCESS : failed(served.error());
}

int run(const Options& options) {
  if (const auto hardened = harden_process(); !hardened.ok()) return failed(hardened.error());
  if (options.action != Action::serve) return run_offline(options);
  if (options.config.empty()) {
    auto launch = launch_dev(options);
    return launch.ok() ? run(*std::move(launch)) : failed(launch.error());
  }
  auto launch = launch_config(options);
  if (!launch) return kExitConfig;
  if (!options.check) return run(*std::move(launch));
  std::fputs("the configuration is good\n", stdout);
  return EXIT_SUCCESS;
}

int start(int argc, const char* const* argv) {
  const auto options = parse_options(argc, argv);
  if (!options.ok()) {
    std::fprintf(stderr, "cofferd: %s (see cofferd --help)\n", options.error().text.c_str());
    return kExitUsage;
  }
  if (options->help || options->version) {
    const std::string text = options->help ? usage() : "cofferd " + std::string(kVersion) + "\n";
    std::fputs(text.c_str(), stdout);
    return EXIT_SUCCESS;
  }
  return run(*options);
}

}  // namespace
}  // namespace coffer::daemon

int main(int argc, char** argv) { return coffer::daemon::start(argc, argv); }
