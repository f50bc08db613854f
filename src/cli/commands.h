// The rows of the command table, by subject.
#pragma once

#include <vector>

#include "command.h"

namespace coffer::cli {

[[nodiscard]] std::vector<Command>
path_commands();  ///< read, write, patch, list, delete, path-help
[[nodiscard]] std::vector<Command> status_commands();
[[nodiscard]] std::vector<Command> login_commands();
[[nodiscard]] std::vector<Command> kv_commands();        ///< kv get, put, list, scan
[[nodiscard]] std::vector<Command> kv_patch_commands();  ///< kv patch
[[nodiscard]] std::vector<Command>
kv_version_commands();  ///< kv delete, undelete, destroy, rollback
[[nodiscard]] std::vector<Command> kv_metadata_commands();  ///< kv metadata …
[[nodiscard]] std::vector<Command> secrets_commands();      ///< secrets list, enable, disable, tune
[[nodiscard]] std::vector<Command> move_commands();         ///< secrets move
[[nodiscard]] std::vector<Command> auth_commands();         ///< auth list, enable, disable, tune
[[nodiscard]] std::vector<Command> auth_help_commands();    ///< auth help
[[nodiscard]] std::vector<Command> policy_commands();       ///< policy list, read, write, delete
[[nodiscard]] std::vector<Command> policy_why_commands();   ///< policy why
[[nodiscard]] std::vector<Command> policy_test_commands();  ///< policy test
[[nodiscard]] std::vector<Command> token_commands();
[[nodiscard]] std::vector<Command> lease_commands();
[[nodiscard]] std::vector<Command> lease_orphans_commands();  ///< lease orphans
[[nodiscard]] std::vector<Command> audit_commands();
[[nodiscard]] std::vector<Command> operator_commands();  ///< operator init, unseal, seal
[[nodiscard]] std::vector<Command> backup_commands();    ///< operator backup …, accept-restore
[[nodiscard]] std::vector<Command> rotate_commands();    ///< operator rotate-key, rotate
[[nodiscard]] std::vector<Command> doctor_commands();    ///< doctor
[[nodiscard]] std::vector<Command> evidence_commands();  ///< evidence
[[nodiscard]] std::vector<Command> key_commands();       ///< key …, token attest
[[nodiscard]] std::vector<Command> token_enrolment_commands();  ///< operator token …
[[nodiscard]] std::vector<Command> rotation_commands();         ///< rotation …
[[nodiscard]] std::vector<Command> watch_commands();            ///< watch
[[nodiscard]] std::vector<Command> leak_commands();             ///< leak check
[[nodiscard]] std::vector<Command> leak_respond_commands();     ///< leak respond
[[nodiscard]] std::vector<Command> print_commands();            ///< print token

}  // namespace coffer::cli
