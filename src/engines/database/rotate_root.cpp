// rotate-root/: another password for the administrator, which nobody knows afterwards.
#include "claims.h"
#include "coffer/base/failpoint.h"
#include "fields.h"
#include "password_change.h"
#include "paths.h"

namespace coffer::engines::database {
namespace {

using engine::Context;
using engine::SealedTransaction;
using model::Request;
using model::Response;

/// The candidate is on disk when this returns. One that is pending already stays the candidate; it
/// gives whether there was one: it was sent, and may be in force.
Result<bool> commit_candidate(House& house, const Found& found, const SecureBytes& password) {
  bool sent_before = false;
  COFFER_CHECK(commit_own(house.parts, [&](SealedTransaction& tx) -> Result<void> {
    COFFER_TRY(auto again, read_connection(tx, found.mount, found.id));
    if (!again) return make_error(ErrorCode::not_found, "");
    sent_before = again->row.password.pending != 0;
    if (sent_before) return {};
    again->row.password.start();
    COFFER_CHECK(seal_pending(tx, *again, password));
    return save(tx, *again);
  }));
  return sent_before;
}

/// What the database has taken is in force, whatever the row has come to say meanwhile: dropped,
/// nobody would know it.
Result<void> settle(House& house, const Found& found, const SecureBytes& candidate,
                    const ChangeOutcome& outcome) {
  if (outcome.end == ChangeEnd::unknown) return {};
  return commit_own(house.parts, [&](SealedTransaction& tx) -> Result<void> {
    COFFER_TRY(auto again, read_connection(tx, found.mount, found.id));
    if (!again) return {};
    Versions& versions = again->row.password;
    const bool ours = versions.pending == found.row.password.pending;
    if (outcome.end == ChangeEnd::refused) {
      if (!ours) return {};
      COFFER_CHECK(tx.erase_secret(admin_row(found.mount, found.id, versions.pending)));
      versions.pending = 0;
      return save(tx, *again);
    }
    if (!ours) {
      if (versions.pending != 0) {
        COFFER_CHECK(tx.erase_secret(admin_row(found.mount, found.id, versions.pending)));
      }
      versions.start();
      COFFER_CHECK(seal_pending(tx, *again, candidate));
    }
    return promote(tx, *again, house.parts.clock.wall());
  });
}

/// The connection as it is now, its candidate in it.
Result<Found> with_candidate(House& house, const Found& before, const SecureBytes& fresh,
                             bool& sent_before) {
  COFFER_TRY(sent_before, commit_candidate(house, before, fresh));
  COFFER_TRY(const auto tx, house.parts.store.begin());
  COFFER_TRY(auto found, read_connection(*tx, before.mount, before.id));
  if (!found || found->row.password.pending == 0) {
    return make_error(ErrorCode::unavailable, "another change of this password came between");
  }
  return *std::move(found);
}

/// Others that log in as this administrator would be shut out, and not before their connections
/// are opened anew.
Result<void> must_be_its_own(const House& house, const Found& found) {
  COFFER_TRY(const auto tx, house.parts.store.begin());
  COFFER_TRY(const auto other, shares_administrator(house, *tx, found));
  if (!other) return {};
  return make_error(ErrorCode::invalid_argument,
                    "the configuration " + *other +
                        " has this administrator too, and would be locked out: give each one of "
                        "its own");
}

}  // namespace

Result<Response> rotate_root(House& house, Context& context, const Request&,
                             std::string_view name) {
  COFFER_TRY(const auto found, find_connection(context.tx, context.mount.uuid, name));
  if (!found) return make_error(ErrorCode::invalid_argument, "no configuration of this name");
  if (found->row.username.empty() || found->row.password.current == 0) {
    return make_error(ErrorCode::invalid_argument,
                      "the configuration has no username and password to rotate");
  }
  COFFER_CHECK(house.parts.may_reach_outside());
  COFFER_TRY(const SecureBytes fresh,
             house.parts.make_password(context.tx, found->row.password_policy));
  // From a Target that is open on, for it goes on with the password that is in force.
  COFFER_CHECK(
      house.targets.with(context.tx, *found, [&](connectors::Target& target) -> Result<void> {
        COFFER_CHECK(target.verify());
        return check_take_over(target, found->row.root_rotation_statements, "username",
                               found->row.username);
      }));
  const auto turn = house.targets.take_turn(to_string(found->id));
  if (turn == nullptr) {
    return make_error(ErrorCode::unavailable, "a rotation of this password is under way");
  }
  COFFER_CHECK(must_be_its_own(house, *found));
  COFFER_CHECK(context.ticket.make_durable());
  bool sent_before = false;
  COFFER_TRY(const Found now, with_candidate(house, *found, fresh, sent_before));
  COFFER_FAILPOINT("database.root.kept");
  COFFER_TRY(const auto tx, house.parts.store.begin());
  COFFER_TRY(const SecureBytes candidate, open_password(*tx, now, now.row.password.pending));
  const Strings& statements = now.row.root_rotation_statements;
  SecureBytes before;
  if (!statements.empty()) {
    COFFER_TRY(before, open_password(*tx, now, now.row.password.current));
  }
  const ChangeOutcome outcome =
      change_password([&](const Targets::Act& act) { return house.targets.with(*tx, now, act); },
                      {.username = now.row.username,
                       .statements = statements,
                       .password = candidate,
                       .before = statements.empty() ? nullptr : &before,
                       .sent_before = sent_before});
  COFFER_CHECK(settle(house, now, candidate, outcome));
  COFFER_FAILPOINT("database.root.settled");
  house.targets.forget(found->id);
  if (outcome.end != ChangeEnd::done) {
    if (outcome.end == ChangeEnd::unknown) {
      return make_error(ErrorCode::unavailable,
                        "whether the password was changed isn't known; both are kept: try again",
                        describe(outcome.why));
    }
    return bad_field("root_rotation_statements", outcome.why);
  }
  return Response{.outcome = model::Outcome::empty};
}

}  // namespace coffer::engines::database
