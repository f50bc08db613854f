// cofferd: the daemon. Puts the process in order, opens the vault, serves.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "coffer/base/log.h"
#include "coffer/base/version.h"
#include "dev_token.h"
#include "files.h"
#include "hardening.h"
#include "options.h"
#include "server.h"

namespace coffer::daemon {
namespace {

constexpr int kExitUsage = 64;
constexpr int kExitFailed = 1;

Result<std::unique_ptr<Vault>> open_dev_vault(const Options& options) {
  const std::string& directory = options.directory;
  COFFER_CHECK(ensure_private_directory(directory));
  COFFER_TRY(DevToken token, prepare_dev_token(directory));
  VaultConfig config{.token = std::move(token.config),
                     .store_path = directory + "/store.db",
                     .audit_directory = directory + "/audit",
                     .signer_path = directory + "/signer.pem",
                     .root_token_path = directory + "/root-token",
                     .audit_durability = options.audit_durability};
  config.cache.max_age = options.cache_age;
  // The PIN goes when this returns: it is not kept beyond the login.
  return open_vault(config, token.pin, system_clock());
}

Result<void> run(const Options& options) {
  COFFER_CHECK(harden_process());
  log::warn("development vault: its token is software and its PIN stands beside it");
  COFFER_TRY(const auto vault, open_dev_vault(options));
  Server server(*vault, {.path = options.directory + "/coffer.sock"}, system_clock());
  COFFER_CHECK(server.run());
  const audit::Line lines[] = {vault->trail->system_line("stop", "told to stop")};
  return vault->log->append(lines, true);
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
  if (const auto done = run(*options); !done.ok()) {
    log::error(done.error());
    return kExitFailed;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace coffer::daemon

int main(int argc, char** argv) { return coffer::daemon::start(argc, argv); }
