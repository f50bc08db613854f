#include "commands.h"

#include <iterator>

namespace coffer::cli {

std::span<const Command> all_commands() {
  static const std::vector<Command> table = [] {
    std::vector<Command> all;
    for (auto* const part :
         {&path_commands,         &status_commands,        &login_commands,
          &kv_commands,           &kv_patch_commands,      &kv_version_commands,
          &kv_metadata_commands,  &secrets_commands,       &move_commands,
          &auth_commands,         &auth_help_commands,     &policy_commands,
          &policy_why_commands,   &policy_test_commands,   &token_commands,
          &lease_commands,        &lease_orphans_commands, &leak_commands,
          &leak_respond_commands, &audit_commands,         &operator_commands,
          &backup_commands,       &rotate_commands,        &key_commands,
          &evidence_commands,     &doctor_commands,        &token_enrolment_commands,
          &rotation_commands,     &watch_commands,         &print_commands}) {
      std::vector<Command> rows = part();
      std::move(rows.begin(), rows.end(), std::back_inserter(all));
    }
    return all;
  }();
  return table;
}

}  // namespace coffer::cli
