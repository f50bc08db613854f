// coffer-audit: checks an audit log, and looks into it, without daemon, token or key.
#include <string>

#include "coffer/base/version.h"
#include "commands.h"
#include "output.h"

int main(int argc, char** argv) {
  using namespace coffer::auditor;
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
