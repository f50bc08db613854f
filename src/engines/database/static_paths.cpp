// static-roles/, static-creds/, rotate-role/.
#include <algorithm>

#include "claims.h"
#include "coffer/lifecycle/rotation_index.h"
#include "coffer/model/json_writer.h"
#include "fields.h"
#include "issue.h"
#include "roles.h"
#include "static_roles.h"

namespace coffer::engines::database {
namespace {

using connectors::Purpose;
using connectors::Target;
using engine::Context;
using model::Request;
using model::Response;
using std::chrono::seconds;

constexpr seconds kShortestPeriod{5};

Result<void> apply(const model::Fields& fields, StaticRole& role, bool is_new) {
  // The password is changed at once: who wants it otherwise must not find out afterwards.
  COFFER_CHECK(
      refuse_unknown(fields, {"skip_import_rotation", "rotation_window", "rotation_schedule",
                              "rotation_policy", "password", "self_managed_password"}));
  std::string db_name = role.db_name;
  COFFER_CHECK(take(fields, "db_name", db_name));
  if (!is_new && db_name != role.db_name) {
    return bad_field("db_name", "can't be changed: make another static role");
  }
  std::string username = role.username;
  COFFER_CHECK(take(fields, "username", username));
  if (!is_new && username != role.username) {
    return bad_field("username", "can't be changed: make another static role");
  }
  std::string alternate = role.alternate;
  COFFER_CHECK(take(fields, "alternate_username", alternate));
  if (!is_new && alternate != role.alternate) {
    return bad_field("alternate_username", "can't be changed: make another static role");
  }
  role.db_name = db_name;
  role.username = username;
  role.alternate = alternate;
  COFFER_CHECK(take(fields, "rotated_by", role.rotated_by));
  COFFER_CHECK(take(fields, "rotation_period", role.period));
  COFFER_CHECK(take(fields, "rotation_statements", role.rotation));
  COFFER_CHECK(take_credential(fields, role.password_policy));
  if (role.db_name.empty()) return bad_field("db_name", "is missing");
  if (role.username.empty()) return bad_field("username", "is missing");
  if (role.alternate == role.username) return bad_field("alternate_username", "is the same user");
  if (!role.rotated_by.empty()) {
    if (fields.has("rotation_period")) {
      return bad_field("rotation_period", "the secret of field \"rotated_by\" says when");
    }
    role.period = seconds(0);
    return {};
  }
  if (role.period < kShortestPeriod)
    return bad_field("rotation_period", "wanted 5 seconds or more");
  return {};
}

/// A role whose user isn't there would fail at each rotation; one whose user is the administrator
/// would lock the vault out.
Result<void> check(House& house, Context& context, const Found& connection, const StaticRole& role,
                   std::string_view name) {
  const struct {
    std::string_view field;
    const std::string& name;
  } users[] = {{"username", role.username}, {"alternate_username", role.alternate}};
  // What the store says now, not when this request began.
  COFFER_TRY(const auto tx, house.parts.store.begin());
  COFFER_TRY(const auto connections, of_one_server(house, *tx, connection));
  for (const auto& user : users) {
    for (const Found& other : connections) {
      if (user.name.empty() || user.name != other.row.username) continue;
      return bad_field(user.field, "is a configuration's administrator: use rotate-root/");
    }
    COFFER_TRY(const bool claimed, is_of_static_role(*tx, connections, user.name, name));
    if (claimed) return bad_field(user.field, "is another static role's of this server");
  }
  return house.targets.with(context.tx, connection, [&](Target& target) -> Result<void> {
    const auto checked = target.check(Purpose::rotation, role.rotation);
    if (!checked.ok()) return bad_field("rotation_statements", checked.error());
    for (const auto& user : users) {
      if (user.name.empty()) continue;
      COFFER_TRY(const bool there, target.has_user(user.name));
      if (!there) return bad_field(user.field, "the database has no such user");
      COFFER_CHECK(check_take_over(target, role.rotation, user.field, user.name));
    }
    return {};
  });
}

/// Their passwords belong to whoever asked for them, and they end with their leases.
Result<void> check_unleased(const House& house, const Found& connection, const StaticRole& role) {
  COFFER_TRY(const auto tx, house.parts.store.begin());
  COFFER_TRY(const auto connections, of_one_server(house, *tx, connection));
  for (const auto& [field, name] :
       {std::pair("username", role.username), std::pair("alternate_username", role.alternate)}) {
    if (name.empty()) continue;
    COFFER_TRY(const bool leased, is_of_lease(*tx, connections, name));
    if (leased) return bad_field(field, "is a lease's, and ends with it");
  }
  return {};
}

/// By whoever asked: with the line of the request on disk first.
Result<Response> rotate_now(House& house, Context& context, std::string_view name, bool is_new) {
  const Uuid& mount = context.mount.uuid;
  COFFER_CHECK(context.ticket.make_durable());
  const auto attempted = attempt(house, mount, name);
  const bool sent = attempted.ok();
  const bool refused = sent && attempted->outcome.end == ChangeEnd::refused;
  COFFER_CHECK(commit_own(house.parts, [&](engine::SealedTransaction& tx) -> Result<void> {
    COFFER_TRY(const auto found, find_static(tx, mount, name));
    if (!found) return {};
    if (is_new && (refused || !sent)) return erase(tx, *found);
    if (!sent) return {};
    return settle(tx, mount, name, attempted->outcome, house.parts.clock.wall());
  }));
  if (!sent) return attempted.error();
  const ChangeOutcome& outcome = attempted->outcome;
  if (outcome.end == ChangeEnd::done) return Response{.outcome = model::Outcome::empty};
  if (refused) return bad_field("rotation_statements", outcome.why);
  return make_error(ErrorCode::unavailable,
                    "whether the password was changed isn't known; it is tried again by itself",
                    describe(outcome.why));
}

seconds until(WallTime time, WallTime now) {
  return std::max(std::chrono::ceil<seconds>(time - now), seconds(0));
}

/// What isn't over, or failed, is tried again when it was to be.
WallTime next_after_write(const StaticRole& role) {
  const WallTime regular = role.last_rotation + role.period;
  const bool is_over = role.password.pending == 0 && role.failures == 0;
  return is_over ? regular : std::min(regular, role.next_rotation);
}

std::string static_role_data(const StaticRole& role, std::string_view trouble) {
  model::JsonWriter json;
  json.begin_object();
  if (!role.alternate.empty()) json.key("alternate_username").string(role.alternate);
  put_credential(json, role.password_policy);
  json.key("credential_type").string("password");
  json.key("db_name").string(role.db_name);
  json.key("failures").number(role.failures);
  if (role.last_rotation != WallTime()) {
    json.key("last_vault_rotation").string(to_rfc3339(role.last_rotation));
  }
  if (!role.rotated_by.empty()) json.key("rotated_by").string(role.rotated_by);
  json.key("rotation_period").number(role.period.count());
  json.key("rotation_statements").begin_array();
  for (const std::string& text : role.rotation) json.string(text);
  json.end_array();
  json.key("trouble").string(trouble);
  json.key("username").string(role.username).end_object();
  return std::move(json).take();
}

/// What the last attempt said.
Result<std::string> trouble_of(engine::SealedTransaction& tx, const StaticFound& found) {
  COFFER_TRY(const auto entry,
             lifecycle::find_rotation(tx, found.mount, rotation_path(found.name)));
  return entry && found.role.failures > 0 ? entry->trouble : std::string();
}

}  // namespace

Result<Response> list_static_roles(House&, Context& context, const Request&, std::string_view) {
  return list_table(context, kStaticTable);
}

Result<Response> read_static_role(House&, Context& context, const Request&, std::string_view name) {
  COFFER_TRY(const auto found, find_static(context.tx, context.mount.uuid, name));
  if (!found) return make_error(ErrorCode::not_found, "");
  COFFER_TRY(const std::string trouble, trouble_of(context.tx, *found));
  return Response{.data = static_role_data(found->role, trouble)};
}

Result<Response> write_static_role(House& house, Context& context, const Request& request,
                                   std::string_view name) {
  const Uuid& mount = context.mount.uuid;
  COFFER_TRY(auto stored, find_static(context.tx, mount, name));
  const bool is_new = !stored;
  StaticFound found = stored.value_or(StaticFound{mount, std::string(name), {}, 0});
  COFFER_CHECK(apply(request.fields, found.role, is_new));
  COFFER_CHECK(check_policy(house, context.tx, found.role.password_policy));
  COFFER_TRY(const Found connection, connection_for(context, found.role.db_name, name));
  if (is_new) COFFER_CHECK(house.parts.may_reach_outside());
  // Two that come together would each find the user free.
  const auto turn = hold_users(house, connection);
  if (turn == nullptr) {
    return make_error(ErrorCode::unavailable,
                      "another static role of this server is being written: try again");
  }
  COFFER_CHECK(check(house, context, connection, found.role, name));
  if (is_new) COFFER_CHECK(check_unleased(house, connection, found.role));
  if (!is_new) {
    found.role.next_rotation = next_after_write(found.role);
    COFFER_CHECK(save(context.tx, found));
    COFFER_TRY(std::string trouble, trouble_of(context.tx, found));
    COFFER_CHECK(put_in_list(context.tx, found, std::move(trouble)));
    if (found.role.rotated_by.empty()) {
      COFFER_CHECK(lifecycle::schedule(context.tx, kStaticKind,
                                       to_string(mount) + "/" + std::string(name),
                                       found.role.next_rotation, context.now));
    }
    return Response{.outcome = model::Outcome::empty};
  }
  // Taken over at once, so that whoever had the password until now has it no more. The role is
  // there before, with a due row: if this process dies, the next one goes on.
  COFFER_CHECK(context.ticket.make_durable());
  COFFER_CHECK(commit_own(house.parts, [&](engine::SealedTransaction& tx) -> Result<void> {
    StaticFound fresh = found;
    fresh.role.next_rotation = context.now;
    COFFER_CHECK(save(tx, fresh));
    return lifecycle::schedule(tx, kStaticKind, to_string(mount) + "/" + std::string(name),
                               context.now + seconds(60), context.now);
  }));
  COFFER_TRY(auto first, rotate_now(house, context, name, true));
  if (found.role.alternate.empty()) return first;
  // Of two, the second likewise: whoever had either password has it no more.
  return rotate_now(house, context, name, false);
}

/// Not while its password is being changed, or one was sent and nobody knows what became of it: the
/// one in force might be one that goes with it.
Result<Response> delete_static_role(House& house, Context& context, const Request& request,
                                    std::string_view name) {
  COFFER_TRY(const std::optional<bool> force, request.fields.boolean("force"));
  COFFER_TRY(const auto turn, take_turn(house, context.mount.uuid, name));
  COFFER_TRY(const auto found, find_static(context.tx, context.mount.uuid, name));
  if (!found) return Response{.outcome = model::Outcome::empty};
  if (found->role.password.pending != 0 && !force.value_or(false)) {
    return make_error(ErrorCode::precondition,
                      "a new password may be in force already, which nobody else knows: rotate it "
                      "until that is settled, or delete it with force=true");
  }
  COFFER_CHECK(erase(context.tx, *found));
  return Response{.outcome = model::Outcome::empty};
}

Result<Response> read_static_creds(House&, Context& context, const Request&,
                                   std::string_view name) {
  const Uuid& mount = context.mount.uuid;
  COFFER_TRY(const auto found, find_static(context.tx, mount, name));
  if (!found || found->role.password.current == 0) {
    return make_error(ErrorCode::invalid_argument,
                      "no static role of this name, or not rotated yet");
  }
  const StaticRole& role = found->role;
  COFFER_TRY(std::string password,
             context.tx.open_secret(static_secret_row(mount, name, role.password.current),
                                    static_context(mount, name, role.password.current)));
  model::JsonWriter json;
  json.begin_object();
  json.key("last_vault_rotation").string(to_rfc3339(role.last_rotation));
  json.key("password").string(password);
  json.key("rotation_period").number(role.period.count());
  json.key("ttl").number(until(role.last_rotation + role.period, context.now).count());
  json.key("username").string(role.current_user()).end_object();
  wipe(password);
  return Response{.data = std::move(json).take()};
}

Result<Response> rotate_static_role(House& house, Context& context, const Request&,
                                    std::string_view name) {
  COFFER_TRY(const auto found, find_static(context.tx, context.mount.uuid, name));
  if (!found) return make_error(ErrorCode::invalid_argument, "no static role of this name");
  if (!found->role.rotated_by.empty()) {
    return make_error(ErrorCode::invalid_argument,
                      "a KV secret rotates this static role: use its own rotation");
  }
  COFFER_CHECK(house.parts.may_reach_outside());
  return rotate_now(house, context, name, false);
}

}  // namespace coffer::engines::database
