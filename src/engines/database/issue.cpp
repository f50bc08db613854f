#include "issue.h"

#include <set>

#include "coffer/base/failpoint.h"
#include "made_name.h"
#include "roles.h"
#include "username.h"

namespace coffer::engines::database {
namespace {

using connectors::Kind;
using connectors::Target;
using engine::Context;
using lifecycle::Lease;

Result<std::string> name_for(const House& house, const Context& context, const Wanted& wanted,
                             std::string_view lease) {
  const NameFacts facts{.display_name = context.caller->display_name,
                        .role_name = wanted.role_name,
                        .now = context.now};
  const std::string& text = wanted.found.row.username_template;
  if (text.empty()) return default_username(facts, house.parts.leases.epoch(), lease);
  COFFER_TRY(const NameTemplate parsed, NameTemplate::parse(text));
  return parsed.render_unique(facts);
}

Error name_is_taken() {
  return make_error(ErrorCode::invalid_argument,
                    "there is a user of that name already; it was left as it is: try again");
}

lifecycle::NewLease terms_of(const Context& context, const Wanted& wanted,
                             const std::string& username) {
  const Found& found = wanted.found;
  lifecycle::NewLease terms{.prefix = wanted.prefix,
                            .kind = std::string(kLeaseKind),
                            .target = target_name(found),
                            .payload = encode(Payload{found.mount, found.id, username,
                                                      wanted.role.revocation, wanted.role.renew}),
                            .ttl = wanted.ttl,
                            .max_ttl = wanted.max_ttl};
  terms.on_trial = wanted.on_trial;
  terms.owned_by(*context.caller);
  return terms;
}

/// Nobody who was there before is ended for ours: an end goes by the name alone.
Result<void> must_be_free(House& house, Context& context, const Wanted& wanted,
                          const std::string& username) {
  bool taken = false;
  COFFER_CHECK(house.targets.with(context.tx, wanted.found, [&](Target& target) -> Result<void> {
    COFFER_TRY(taken, target.has_user(username));
    return {};
  }));
  if (taken) return name_is_taken();
  return {};
}

/// What is known of a creation that failed, best case first.
enum class Trace : std::uint8_t { none, refused, unknown };

Trace trace_of(const Error& error) {
  switch (error.code) {
    // Somebody else's is there, or nothing was sent.
    case ErrorCode::conflict:
    case ErrorCode::resource_exhausted:
    case ErrorCode::unauthenticated:
    case ErrorCode::invalid_argument: return Trace::none;
    // The database said no, so nothing of this is on its way to it any more.
    case ErrorCode::precondition: return Trace::refused;
    default: return Trace::unknown;
  }
}

/// As the caller is to see it.
Error answer_to(Error error) {
  if (error.code == ErrorCode::conflict) return name_is_taken();
  if (error.code == ErrorCode::resource_exhausted) error.code = ErrorCode::unavailable;
  return error;
}

void undo(House& house, Context& context, const Wanted& wanted, lifecycle::Issuing& issuing,
          const std::string& username) {
  const Connection& row = wanted.found.row;
  const auto kind = kind_of(row.plugin);
  // PostgreSQL does all or nothing; Redis too, but for what it then can't write down.
  const bool all_or_nothing =
      kind == Kind::postgresql || (kind == Kind::redis && row.persistence_mode.empty());
  if (all_or_nothing) issuing.nothing_was_made();
  if (wanted.role.rollback.empty()) return;
  // The lease's end comes after it, whatever this does.
  static_cast<void>(house.targets.with(context.tx, wanted.found, [&](Target& target) {
    return target.drop_user(wanted.role.rollback, username);
  }));
}

Result<std::optional<Found>> connection_of(engine::SealedTransaction& tx, const Payload& payload) {
  COFFER_TRY(auto found, read_connection(tx, payload.mount, payload.connection));
  if (!found) return make_error(ErrorCode::internal, "the connection of the lease is gone");
  return found;
}

/// As its prefix ends, also after the mount moved.
std::string_view role_of(const Lease& lease) {
  std::string_view prefix = lease.terms.prefix;
  prefix.remove_suffix(1);
  return prefix.substr(prefix.rfind('/') + 1);
}

/// Whoever changes a role's times, or deletes it, means the users that are about as well.
Result<lifecycle::LeaseTimes> times_now(const House& house, engine::SealedTransaction& tx,
                                        const Lease& lease) {
  COFFER_TRY(const Payload payload, decode_payload(lease.terms.payload));
  COFFER_TRY(const auto mount, house.parts.mount_of(tx, payload.mount));
  std::optional<Role> role;
  if (mount) {
    COFFER_TRY(role, find_role(tx, payload.mount, role_of(lease)));
  }
  if (!role) {
    return make_error(ErrorCode::invalid_argument,
                      "the role of the lease is gone, so it can't be renewed");
  }
  const Times times = times_of(*role, *mount);
  return lifecycle::LeaseTimes{times.usual, times.max_ttl};
}

}  // namespace

Result<Issued> issue(House& house, Context& context, const Wanted& wanted) {
  // Others commit while the server is asked below: a conflict after it would have it asked again.
  COFFER_CHECK(context.tx.fix());
  COFFER_TRY(std::string lease, new_lease_name(house.parts.vault));
  COFFER_TRY(std::string username, name_for(house, context, wanted, lease));
  COFFER_TRY(
      SecureBytes password,
      house.parts.make_password(context.tx, password_policy_of(wanted.found.row, wanted.role)));
  // Before the intent: a server that isn't reached needs none.
  COFFER_CHECK(must_be_free(house, context, wanted, username));
  COFFER_TRY(
      lifecycle::Issuing issuing,
      house.parts.leases.begin(context.ticket, context.tx, terms_of(context, wanted, username),
                               std::move(lease), context.now));
  const WallTime until = issuing.lease().expires + kGrace;
  Trace trace = Trace::none;
  const auto made = house.targets.with(context.tx, wanted.found, [&](Target& target) {
    auto created = target.create_user(wanted.role.creation, username, password, until);
    trace = created.ok() ? Trace::unknown : trace_of(created.error());
    return created;
  });
  if (!made.ok()) {
    if (trace == Trace::none) issuing.withdraw();
    if (trace == Trace::refused) undo(house, context, wanted, issuing, username);
    return answer_to(made.error());
  }
  COFFER_FAILPOINT("database.user.made");
  return Issued{std::move(issuing), std::move(username), std::move(password)};
}

Result<bool> is_of_lease(engine::SealedTransaction& tx, const std::vector<Found>& connections,
                         std::string_view username) {
  std::set<std::string> targets;
  for (const Found& connection : connections) targets.insert(target_name(connection));
  bool found = false;
  COFFER_CHECK(lifecycle::Leases::visit(tx, [&](const Lease& lease) -> Result<bool> {
    if (!targets.contains(lease.terms.target)) return true;
    COFFER_TRY(const Payload payload, decode_payload(lease.terms.payload));
    found = payload.username == username;
    return !found;
  }));
  return found;
}

/// Whether the server that failed is there: then the failure was this end's own, as by a lock that
/// others hold, and the ends of other users needn't wait for it.
Result<void> end_user(House& house, engine::SealedTransaction& tx, const Found& connection,
                      const Payload& payload) {
  auto ended = house.targets.with(tx, connection, [&](Target& target) {
    return target.drop_user(payload.revocation, payload.username);
  });
  if (ended.ok() || ended.error().code != ErrorCode::unavailable) return ended;
  const auto there =
      house.targets.with(tx, connection, [](Target& target) { return target.verify(); });
  if (!there.ok()) return ended;
  Error error = ended.error();
  error.code = ErrorCode::precondition;
  return error;
}

lifecycle::LeaseKind lease_kind(House& house) {
  lifecycle::LeaseKind kind;
  kind.end = [&house](const Lease& lease) -> Result<void> {
    COFFER_TRY(const Payload payload, decode_payload(lease.terms.payload));
    COFFER_TRY(const auto tx, house.parts.store.begin());
    COFFER_TRY(const auto found, connection_of(*tx, payload));
    auto ended = end_user(house, *tx, *found, payload);
    if (!ended.ok() && ended.error().code == ErrorCode::not_found) return {};
    return ended;
  };
  kind.renew = [&house](const Lease& lease, WallTime until) -> Result<void> {
    COFFER_TRY(const Payload payload, decode_payload(lease.terms.payload));
    COFFER_TRY(const auto tx, house.parts.store.begin());
    COFFER_TRY(const auto found, connection_of(*tx, payload));
    return house.targets.with(*tx, *found, [&](Target& target) {
      return target.renew_user(payload.renew, payload.username, until + kGrace);
    });
  };
  kind.times = [&house](engine::SealedTransaction& tx, const Lease& lease) {
    return times_now(house, tx, lease);
  };
  return kind;
}

}  // namespace coffer::engines::database
