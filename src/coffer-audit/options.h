// The command line of coffer-audit, in Vault's manner: -format=json and --format=json are the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coffer/audit/record.h"

namespace coffer::auditor {

inline constexpr int kGood = 0;
inline constexpr int kUsage = 1;  ///< or something can't be read
inline constexpr int kBadLog = 2;
inline constexpr int kDoubts = 3;

struct Options {
  bool json = false;
  bool help = false;
  bool version = false;
  std::string command;
  std::vector<std::string> words;  ///< behind the command
  std::vector<std::string> keys;
  std::vector<std::string> witness_keys{};
  std::vector<std::string> checkpoints;
  std::optional<std::uint64_t> line{};
  std::string from{};       ///< of prove and check: the older checkpoint
  std::string challenge{};  ///< of verify-attestation
  std::string text{};       ///< of check: the line
  std::string policies{};   ///< of report: names of those there are
  std::optional<std::uint32_t> keep_days{};
  audit::RecordFilter filter{};
  bool events = false;  ///< of search: what the daemon tells of itself, and no requests
};

/// invalid_argument names the option.
[[nodiscard]] Result<Options> parse_options(int argc, const char* const* argv);
[[nodiscard]] std::string_view help_text();

}  // namespace coffer::auditor
