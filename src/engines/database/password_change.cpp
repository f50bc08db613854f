#include "password_change.h"

#include "coffer/base/failpoint.h"
#include "fields.h"

namespace coffer::engines::database {
namespace {

using connectors::Target;

bool is_definite(const Error& error) {
  return error.code == ErrorCode::precondition || error.code == ErrorCode::invalid_argument ||
         error.code == ErrorCode::not_found;
}

/// The operator's statements may have run and changed something else. A user that isn't let in for
/// another reason (expired, locked, barred from here) has the new password all the same, and a
/// server doesn't say which it is: only the old one's login does.
bool old_one_stands(const std::function<Result<void>(const Targets::Act&)>& as_admin,
                    const Change& change) {
  if (change.before == nullptr) return false;
  return as_admin(
             [&](Target& target) { return target.check_login(change.username, *change.before); })
      .ok();
}

}  // namespace

Result<void> check_take_over(Target& target, const Strings& statements, std::string_view field,
                             std::string_view username) {
  auto fit = target.check_take_over(statements, username);
  if (fit.ok() || fit.error().code != ErrorCode::precondition) return fit;
  return bad_field(field, fit.error());
}

ChangeOutcome change_password(const std::function<Result<void>(const Targets::Act&)>& as_admin,
                              const Change& change) {
  const auto sent = as_admin([&](Target& target) {
    return target.set_password(change.statements, change.username, change.password);
  });
  if (!sent.ok()) {
    const bool definite = is_definite(sent.error()) && !change.sent_before;
    return {definite ? ChangeEnd::refused : ChangeEnd::unknown, sent.error()};
  }
  COFFER_FAILPOINT("database.password.sent");
  // Another code than as_admin() gives for an administrator who isn't let in.
  Result<void> login;
  const auto asked = as_admin([&](Target& target) -> Result<void> {
    login = target.check_login(change.username, change.password);
    return {};
  });
  COFFER_FAILPOINT("database.password.checked");
  if (!asked.ok()) return {ChangeEnd::unknown, asked.error()};
  if (login.ok()) return {ChangeEnd::done, {}};
  if (login.error().code != ErrorCode::unauthenticated) return {ChangeEnd::unknown, login.error()};
  const Error why =
      make_error(ErrorCode::precondition, "the statements ran, but the new password doesn't log in",
                 login.error().cause);
  const bool definite = !change.sent_before && old_one_stands(as_admin, change);
  return {definite ? ChangeEnd::refused : ChangeEnd::unknown, why};
}

}  // namespace coffer::engines::database
