// roles/: what users are made like. Writing one tries it: a user is made and dropped.
#include <algorithm>

#include "coffer/model/json_writer.h"
#include "fields.h"
#include "issue.h"
#include "retired.h"
#include "roles.h"

namespace coffer::engines::database {
namespace {

using connectors::Purpose;
using connectors::Target;
using engine::Context;
using engine::Expect;
using model::Request;
using model::Response;
using std::chrono::seconds;

constexpr seconds kTrial{300};

/// Each lease carries some of these with it.
constexpr std::size_t kMostBytes = 16384;

Result<void> check_sizes(const Role& role) {
  std::size_t bytes = 0;
  for (const Strings* list : {&role.creation, &role.revocation, &role.rollback, &role.renew}) {
    for (const std::string& text : *list) bytes += text.size();
  }
  if (bytes <= kMostBytes) return {};
  return make_error(ErrorCode::invalid_argument,
                    "the role's statements have over 16384 bytes in all");
}

Result<void> apply(const model::Fields& fields, Role& role) {
  COFFER_CHECK(take(fields, "db_name", role.db_name));
  COFFER_CHECK(take(fields, "default_ttl", role.default_ttl));
  COFFER_CHECK(take(fields, "max_ttl", role.max_ttl));
  COFFER_CHECK(take(fields, "creation_statements", role.creation));
  COFFER_CHECK(take(fields, "revocation_statements", role.revocation));
  COFFER_CHECK(take(fields, "rollback_statements", role.rollback));
  COFFER_CHECK(take(fields, "renew_statements", role.renew));
  COFFER_CHECK(take_credential(fields, role.password_policy));
  if (role.db_name.empty()) return bad_field("db_name", "is missing");
  COFFER_CHECK(check_sizes(role));
  if (role.max_ttl.count() > 0 && role.default_ttl > role.max_ttl) {
    return bad_field("default_ttl", "is over max_ttl");
  }
  return {};
}

Result<void> check(const Role& role, const Target& target) {
  const struct {
    Purpose purpose;
    const Strings& statements;
    std::string_view field;
  } all[] = {{Purpose::creation, role.creation, "creation_statements"},
             {Purpose::revocation, role.revocation, "revocation_statements"},
             {Purpose::rollback, role.rollback, "rollback_statements"},
             {Purpose::renew, role.renew, "renew_statements"}};
  for (const auto& [purpose, statements, field] : all) {
    const auto checked = target.check(purpose, statements);
    if (!checked.ok()) return bad_field(field, checked.error());
  }
  return {};
}

/// `what` became of the user.
Error failed_trial(std::string_view what, std::string_view field, const Error& why) {
  Error error = why.code == ErrorCode::unavailable ? why : bad_field(field, why);
  error.text = "on trial " + std::string(what) + "; " + error.text;
  return error;
}

/// Now, and not when the first lease ends, is the time to learn that a right is missing. The user
/// has a lease of its own that is never granted: whatever happens here, it ends.
Result<void> try_out(House& house, Context& context, const Wanted& wanted) {
  auto issued = issue(house, context, wanted);
  if (!issued.ok()) {
    if (issued.error().code != ErrorCode::precondition) return issued.error();
    return failed_trial("no user could be made, and what may be left of it is dropped by itself",
                        "creation_statements", issued.error());
  }
  const WallTime later = issued->issuing.lease().expires + kGrace;
  const auto renewed = house.targets.with(context.tx, wanted.found, [&](Target& target) {
    return target.renew_user(wanted.role.renew, issued->username, later);
  });
  if (!renewed.ok()) {
    return failed_trial("a user was made that couldn't be renewed; it is dropped by itself",
                        "renew_statements", renewed.error());
  }
  const auto dropped = house.targets.with(context.tx, wanted.found, [&](Target& target) {
    return target.drop_user(wanted.role.revocation, issued->username);
  });
  if (!dropped.ok()) {
    return failed_trial(
        "a user was made that couldn't be dropped, which is tried again (sys/leases/pending)",
        "revocation_statements", dropped.error());
  }
  issued->issuing.nothing_was_made();
  return {};
}

void put(model::JsonWriter& json, std::string_view key, const Strings& strings) {
  json.key(key).begin_array();
  for (const std::string& text : strings) json.string(text);
  json.end_array();
}

std::string role_data(const Role& role) {
  model::JsonWriter json;
  json.begin_object();
  put(json, "creation_statements", role.creation);
  put_credential(json, role.password_policy);
  json.key("credential_type").string("password");
  json.key("db_name").string(role.db_name);
  json.key("default_ttl").number(role.default_ttl.count());
  json.key("max_ttl").number(role.max_ttl.count());
  put(json, "renew_statements", role.renew);
  put(json, "revocation_statements", role.revocation);
  put(json, "rollback_statements", role.rollback);
  json.end_object();
  return std::move(json).take();
}

struct Stored {
  Role role;
  engine::RowVersion version = 0;
};

Result<Stored> load(engine::SealedTransaction& tx, const Uuid& mount, std::string_view name) {
  COFFER_TRY(const auto row, tx.read(role_row(mount, name)));
  if (!row) return Stored{};
  COFFER_TRY(Role role, decode_role(row->value));
  return Stored{std::move(role), row->version};
}

}  // namespace

Result<std::optional<Role>> find_role(engine::SealedTransaction& tx, const Uuid& mount,
                                      std::string_view name) {
  COFFER_TRY(Stored stored, load(tx, mount, name));
  if (stored.version == 0) return std::optional<Role>();
  return std::optional(std::move(stored.role));
}

Result<Found> connection_for(Context& context, std::string_view db_name, std::string_view role) {
  COFFER_TRY(auto found, find_connection(context.tx, context.mount.uuid, db_name));
  if (!found) return bad_field("db_name", "no configuration of this name");
  const Strings& allowed = found->row.allowed_roles;
  const bool may = std::any_of(allowed.begin(), allowed.end(), [&](const std::string& pattern) {
    if (!pattern.ends_with('*')) return pattern == role;
    return role.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  });
  if (!may) {
    return make_error(ErrorCode::invalid_argument,
                      "the configuration's allowed_roles doesn't name this role");
  }
  return *std::move(found);
}

Result<void> check_policy(House& house, engine::SealedTransaction& tx, const std::string& name) {
  if (name.empty()) return {};
  const auto sample = house.parts.make_password(tx, name);
  if (!sample.ok()) return bad_field("credential_config", sample.error());
  return {};
}

Times times_of(const Role& role, const engine::Mount& mount) {
  const seconds longest = longest_lease(mount);
  const seconds most = role.max_ttl.count() > 0 ? std::min(role.max_ttl, longest) : longest;
  const seconds of_mount = mount.config.default_lease_ttl;
  const seconds usual = role.default_ttl.count() > 0 ? role.default_ttl
                        : of_mount.count() > 0       ? of_mount
                                                     : most;
  return {std::min(usual, most), most, usual};
}

Result<Response> list_roles(House&, Context& context, const Request&, std::string_view) {
  return list_table(context, kRoleTable);
}

Result<Response> read_role(House&, Context& context, const Request&, std::string_view name) {
  COFFER_TRY(const auto role, find_role(context.tx, context.mount.uuid, name));
  if (!role) return make_error(ErrorCode::not_found, "");
  return Response{.data = role_data(*role)};
}

Result<Response> write_role(House& house, Context& context, const Request& request,
                            std::string_view name) {
  COFFER_TRY(Stored stored, load(context.tx, context.mount.uuid, name));
  COFFER_TRY(const auto trial, request.fields.boolean("verify_statements"));
  COFFER_CHECK(apply(request.fields, stored.role));
  COFFER_TRY(const auto found,
             find_connection(context.tx, context.mount.uuid, stored.role.db_name));
  if (!found) return bad_field("db_name", "no configuration of this name");
  COFFER_TRY(const auto bare, house.targets.make(found->id, found->row, SecureBytes()));
  COFFER_CHECK(check(stored.role, *bare));
  COFFER_CHECK(check_policy(house, context.tx, stored.role.password_policy));
  if (trial.value_or(true)) {
    const Wanted wanted{.found = *found,
                        .role = stored.role,
                        .role_name = name,
                        .prefix = context.mount.path + "roles/" + std::string(name) + "/",
                        .ttl = kTrial,
                        .max_ttl = kTrial,
                        .on_trial = true};
    COFFER_CHECK(try_out(house, context, wanted));
  }
  COFFER_CHECK(
      context.tx.write(role_row(context.mount.uuid, name), encode(stored.role),
                       stored.version == 0 ? Expect::absent() : Expect::unchanged(stored.version)));
  return Response{.outcome = model::Outcome::empty};
}

Result<Response> delete_role(House&, Context& context, const Request&, std::string_view name) {
  context.tx.erase(role_row(context.mount.uuid, name), Expect::anything());
  return Response{.outcome = model::Outcome::empty};
}

}  // namespace coffer::engines::database
