// rotate-root/: another password for the administrator, which nobody knows afterwards.
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

/// The candidate is on disk when this returns. One that is pending already stays the candidate.
Result<void> commit_candidate(House& house, const Found& found, const SecureBytes& password) {
  return commit_own(house.parts, [&](SealedTransaction& tx) -> Result<void> {
    COFFER_TRY(auto again, read_connection(tx, found.mount, found.id));
    if (!again) return make_error(ErrorCode::not_found, "");
    if (again->row.password.pending != 0) return {};
    again->row.password.start();
    const std::uint64_t version = again->row.password.pending;
    COFFER_CHECK(tx.seal_secret(admin_row(found.mount, found.id, version),
                                admin_context(found.mount, found.id, version),
                                as_text(password.expose(Reveal{"it is stored sealed"}))));
    return save(tx, *again);
  });
}

Result<void> settle(House& house, const Found& found, const ChangeOutcome& outcome) {
  if (outcome.end == ChangeEnd::unknown) return {};
  return commit_own(house.parts, [&](SealedTransaction& tx) -> Result<void> {
    COFFER_TRY(auto again, read_connection(tx, found.mount, found.id));
    if (!again || again->row.password.pending != found.row.password.pending) return {};
    if (outcome.end == ChangeEnd::done) return promote(tx, *again, house.parts.clock.wall());
    COFFER_CHECK(tx.erase_secret(admin_row(found.mount, found.id, again->row.password.pending)));
    again->row.password.pending = 0;
    return save(tx, *again);
  });
}

/// The connection as it is now, its candidate in it.
Result<Found> with_candidate(House& house, const Found& before, const SecureBytes& fresh) {
  COFFER_CHECK(commit_candidate(house, before, fresh));
  COFFER_TRY(const auto tx, house.parts.store.begin());
  COFFER_TRY(auto found, read_connection(*tx, before.mount, before.id));
  if (!found || found->row.password.pending == 0) {
    return make_error(ErrorCode::unavailable, "another change of this password came between");
  }
  return *std::move(found);
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
  COFFER_TRY(const SecureBytes fresh,
             house.parts.make_password(context.tx, found->row.password_policy));
  // From a Target that is open on, for it goes on with the password that is in force.
  COFFER_CHECK(house.targets.with(context.tx, *found,
                                  [](connectors::Target& target) { return target.verify(); }));
  const auto turn = house.targets.take_turn(to_string(found->id));
  if (turn == nullptr) {
    return make_error(ErrorCode::unavailable, "a rotation of this password is under way");
  }
  COFFER_CHECK(context.ticket.make_durable());
  const bool sent_before = found->row.password.pending != 0;
  COFFER_TRY(const Found now, with_candidate(house, *found, fresh));
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
  COFFER_CHECK(settle(house, now, outcome));
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
