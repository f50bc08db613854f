// coffer-audit: checks an audit log, and looks into it, without daemon, token or key.
#include <cstdio>
#include <string>

#include "coffer/base/version.h"
#include "commands.h"
#include "options.h"
#include "output.h"

namespace coffer::auditor {
namespace {

int run(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options.ok()) return complain(options.error().text);
  if (options->help) {
    print(help_text());
    return kGood;
  }
  if (options->version) {
    print(std::string("coffer-audit ").append(coffer::kVersion).append("\n"));
    return kGood;
  }
  if (options->command == "verify") return verify(*options);
  if (options->command == "prove") return prove(*options);
  if (options->command == "check") return check(*options);
  if (options->command == "search") return search(*options);
  if (options->command == "follow") return follow(*options);
  if (options->command == "report") return report(*options);
  if (options->command == "verify-evidence") return verify_evidence(*options);
  if (options->command == "verify-attestation") return verify_attestation(*options);
  if (options->command == "compress") return compress(*options);
  return prune(*options);
}

}  // namespace
}  // namespace coffer::auditor

/// A proof or a search that is cut, on a full disk, must not look like a whole one.
int main(int argc, char** argv) {
  using namespace coffer::auditor;
  const int status = run(argc, argv);
  if (all_printed()) return status;
  std::fputs("coffer-audit: cannot write to standard output\n", stderr);
  return status == kGood ? kUsage : status;
}
