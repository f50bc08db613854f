// One step of changing a password that is in use, the same for administrators and static roles: the
// new one is on disk before the database hears of it, and the old one stays until the new one has
// logged in. What was sent without an answer is sent again, never another in its place.
#pragma once

#include "targets.h"

namespace coffer::engines::database {

enum class ChangeEnd : std::uint8_t {
  done,     ///< the new one has logged in
  refused,  ///< definitely not, and the old one is in force: the new one goes, unless it was sent
            ///< before
  unknown,  ///< keep both, try again with the same
};

struct ChangeOutcome {
  ChangeEnd end = ChangeEnd::unknown;
  Error why{};  ///< if it isn't done
};

struct Change {
  std::string_view username;
  const Strings& statements;
  const SecureBytes& password;
  /// The one in force until now, where `statements` are the operator's; nullptr: they aren't, or it
  /// isn't known.
  const SecureBytes* before = nullptr;
  bool sent_before = false;  ///< by an earlier try, whose outcome nobody knows
};

/// Before the first one, of a user that was there already. A refusal names `field`.
[[nodiscard]] Result<void> check_take_over(connectors::Target& target, const Strings& statements,
                                           std::string_view field, std::string_view username);

/// `as_admin` runs what it is given on the Target.
[[nodiscard]] ChangeOutcome change_password(
    const std::function<Result<void>(const Targets::Act&)>& as_admin, const Change& change);

}  // namespace coffer::engines::database
