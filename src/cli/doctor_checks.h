// What `coffer doctor` makes of what it was told. Pure functions: one document in, findings out.
// docs/operations.md lists them. Private to the room.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/model/json_tree.h"

namespace coffer::cli {

enum class Severity : std::uint8_t { info, warning, error };
[[nodiscard]] std::string_view to_string(Severity severity) noexcept;

struct Finding {
  Severity severity = Severity::warning;
  std::string check;  ///< "backup.old"
  std::string what;
  std::string fix;
};
using Findings = std::vector<Finding>;

struct DoctorLimits {
  std::chrono::sys_seconds now{};
  std::chrono::days backup_age{7};
  std::chrono::days drill_age{90};
  std::chrono::days root_age{1};
  std::chrono::minutes clocks_apart{5};  ///< ours and the daemon's
};

/// "2026-11-27T03:04:05…"; nullopt for anything else.
[[nodiscard]] std::optional<std::chrono::sys_seconds> read_time(std::string_view text);

/// 0: there is none of the name, or it is no number.
[[nodiscard]] std::int64_t number_of(const model::Json& object, std::string_view name);

// Each adds to `found` what is wrong with one answer of the daemon.
void check_health(const model::Json& health, Findings& found);
void check_token(const model::Json& token, Findings& found);
void check_keys(const model::Json& inventory, Findings& found);
void check_usage(const model::Json& usage, Findings& found);
void check_rotation(const model::Json& config, Findings& found);
/// Those that are there (`key_info`), and the last one since the start.
void check_backups(const model::Json& names, const model::Json& last, const DoctorLimits& limits,
                   Findings& found);
void check_drills(const model::Json& drills, const DoctorLimits& limits, Findings& found);
void check_restore(const model::Json& restore, Findings& found);
void check_signing(const model::Json& status, Findings& found);
void check_host(const model::Json& host, Findings& found);
void check_clock(const model::Json& clock, Findings& found);

/// One token by its accessor. `used`: whether the audit log knows a request of it; nullopt: nobody
/// looked.
void check_root(std::string_view accessor, const model::Json& token, std::optional<bool> used,
                const DoctorLimits& limits, Findings& found);
[[nodiscard]] bool is_root(const model::Json& token);

// Of the machine.
/// The text of /proc/PID/status.
void check_process(std::string_view status, Findings& found);
/// The mode of the socket's file.
void check_socket(unsigned mode, Findings& found);
/// What `cofferd --check` printed, and its status.
void check_config(int status, std::string_view text, Findings& found);
/// What `coffer-audit verify -format=json` printed, and its status; and how many lines the vault
/// said it had signed, before that.
void check_verified(int status, std::string_view text, bool with_key, std::int64_t signed_lines,
                    Findings& found);
/// What was to be seen and couldn't be.
void check_unseen(const std::vector<std::string>& what, Findings& found);

}  // namespace coffer::cli
