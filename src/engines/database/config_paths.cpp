// config/ and reset/: how a database is reached.
#include "claims.h"
#include "coffer/crypto/random.h"
#include "coffer/lifecycle/unsearched.h"
#include "coffer/model/json_writer.h"
#include "fields.h"
#include "other_server.h"
#include "paths.h"
#include "retired.h"
#include "username.h"

namespace coffer::engines::database {
namespace {

using connectors::Purpose;
using engine::Context;
using engine::Expect;
using model::Request;
using model::Response;

void put(model::JsonWriter& json, std::string_view key, const Strings& strings) {
  json.key(key).begin_array();
  for (const std::string& text : strings) json.string(text);
  json.end_array();
}

/// Redis as Vault's plugin takes it.
Result<void> take_host(const model::Fields& fields, std::string& url) {
  std::string host;
  COFFER_CHECK(take(fields, "host", host));
  COFFER_TRY(const auto port, fields.integer("port"));
  COFFER_TRY(const auto tls, fields.boolean("tls"));
  if (port && (*port < 1 || *port > 65535)) return bad_field("port", "wanted 1 to 65535");
  if (host.empty()) return {};
  if (tls.value_or(false)) return bad_field("tls", "no TLS to Redis: use a tunnel, or its socket");
  url = "redis://{{username}}:{{password}}@" + host;
  if (!host.starts_with('/')) url += ":" + std::to_string(port.value_or(6379));
  return {};
}

/// Vault's plugins take these. To pass over one in silence would leave a connection less safe, or
/// to somebody else, than whoever sent it thinks. What means "as without it" is taken.
Result<void> refuse_unknown_tls(const model::Fields& fields) {
  for (const std::string_view name : {"tls_skip_verify", "insecure_tls"}) {
    COFFER_TRY(const auto set, fields.boolean(name));
    if (set.value_or(false)) return bad_field(name, "say it in field \"connection_url\"");
  }
  for (const std::string_view name :
       {"tls_server_name", "ca_cert", "tls_certificate_key", "tls_certificate", "private_key"}) {
    std::string given;
    COFFER_CHECK(take(fields, name, given));
    if (!given.empty()) return bad_field(name, "isn't supported");
  }
  return {};
}

Result<void> take_numbers(const model::Fields& fields, Connection& row) {
  COFFER_TRY(const auto roles, fields.strings("allowed_roles"));
  if (roles && roles->size() > 1024) return bad_field("allowed_roles", "more than 1024 names");
  if (roles) row.allowed_roles = *roles;
  COFFER_TRY(const auto verify, fields.boolean("verify_connection"));
  row.verify = verify.value_or(row.verify);
  COFFER_TRY(const auto most, fields.integer("max_open_connections"));
  if (most && (*most < 1 || *most > static_cast<std::int64_t>(connectors::kMostConnections))) {
    return bad_field("max_open_connections", "wanted 1 to 8");
  }
  if (most) row.max_connections = static_cast<std::uint32_t>(*most);
  return {};
}

/// All that came, before any of it is judged by the rest.
Result<void> apply(const model::Fields& fields, Connection& row) {
  COFFER_CHECK(take(fields, "plugin_name", row.plugin));
  COFFER_CHECK(refuse_unknown_tls(fields));
  COFFER_CHECK(refuse_unknown(
      fields, {"skip_static_role_import_rotation", "rotation_period", "rotation_schedule",
               "rotation_window", "rotation_policy", "disable_escaping", "auth_type",
               "service_account_json", "self_managed"}));
  COFFER_CHECK(take_host(fields, row.url));
  COFFER_CHECK(take(fields, "connection_url", row.url));
  COFFER_CHECK(take(fields, "username", row.username));
  COFFER_CHECK(take(fields, "persistence_mode", row.persistence_mode));
  COFFER_TRY(auto authorities, fields.string("tls_ca"));
  if (authorities) row.tls_ca = *std::move(authorities);
  COFFER_CHECK(take(fields, "password_policy", row.password_policy));
  COFFER_CHECK(take(fields, "username_template", row.username_template));
  COFFER_CHECK(take(fields, "root_rotation_statements", row.root_rotation_statements));
  COFFER_CHECK(take_numbers(fields, row));
  COFFER_CHECK(check_plugin(row.plugin));
  if (row.username_template.empty()) return {};
  COFFER_TRY(const auto parsed, NameTemplate::parse(row.username_template));
  // Names of callers and roles may still cut the random part off; then creds/ says so.
  COFFER_TRY(const auto sample,
             parsed.render_unique({.display_name = "", .role_name = "", .now = {}}));
  return {};
}

/// What can be known without the database.
Result<void> check(const Connection& row, const connectors::Target& target) {
  const auto rotation = target.check(Purpose::rotation, row.root_rotation_statements);
  if (!rotation.ok()) return bad_field("root_rotation_statements", rotation.error());
  return {};
}

/// The password that the row has now, or the one that came.
Result<SecureBytes> password_of(Context& context, const Found& found,
                                const std::optional<std::string>& given) {
  if (given) return SecureBytes::copy_of(as_bytes(*given));
  return open_password(context.tx, found, found.row.password.current);
}

bool is_not_let_in(const Result<void>& login) {
  return !login.ok() && login.error().code == ErrorCode::unauthenticated;
}

/// While it isn't known whether a change of the stored password took effect, the pending one is as
/// good as the one in force: `password` is the one of the two that logs in afterwards.
Result<void> verify_login(House& house, Context& context, const Found& found,
                          connectors::Target& target, bool given, SecureBytes& password) {
  auto logged_in = target.verify_fit();
  const std::uint64_t pending = given ? 0 : found.row.password.pending;
  if (pending != 0 && is_not_let_in(logged_in)) {
    COFFER_TRY(SecureBytes other, open_password(context.tx, found, pending));
    COFFER_TRY(SecureBytes copy, other.clone());
    COFFER_TRY(const auto second, house.targets.make(found.id, found.row, std::move(copy)));
    auto again = second->verify_fit();
    if (again.ok()) password = std::move(other);
    if (!is_not_let_in(again)) logged_in = std::move(again);
  }
  // A field that is named already is all that there is to say.
  if (logged_in.ok() || logged_in.error().code == ErrorCode::invalid_argument) return logged_in;
  return make_error(ErrorCode::invalid_argument,
                    "error verifying connection: " + logged_in.error().text,
                    logged_in.error().cause);
}

/// One that came takes the place of all that there were: it is how an administrator helps out when
/// none of them logs in any more.
Result<void> store_password(Context& context, Found& found, const SecureBytes& password) {
  Versions& versions = found.row.password;
  for (const std::uint64_t old : {versions.current, versions.pending}) {
    if (old != 0) COFFER_CHECK(context.tx.erase_secret(admin_row(found.mount, found.id, old)));
  }
  versions.start();
  COFFER_CHECK(seal_pending(context.tx, found, password));
  versions.promote();
  return {};
}

/// The row becomes a connection of its own. A lease that is being issued in this moment keeps the
/// one that it began with, and ends there.
Result<Found> in_place_of(Context& context, const Found& before, Connection row) {
  COFFER_CHECK(retire(context, before));
  COFFER_TRY(const Uuid id, crypto::random_uuid());
  COFFER_CHECK(
      context.tx.write(name_row(before.mount, row.name), encode_name(id), Expect::anything()));
  row.password = {};
  return Found{before.mount, id, std::move(row), 0};
}

Result<Found> found_or_new(Context& context, std::string_view name) {
  const Uuid& mount = context.mount.uuid;
  COFFER_TRY(auto stored, find_connection(context.tx, mount, name));
  if (stored) return *std::move(stored);
  COFFER_TRY(const Uuid id, crypto::random_uuid());
  COFFER_CHECK(context.tx.write(name_row(mount, name), encode_name(id), Expect::absent()));
  Found made{mount, id, {}, 0};
  made.row.name = name;
  return made;
}

std::string config_data(const Connection& row) {
  model::JsonWriter json;
  json.begin_object();
  put(json, "allowed_roles", row.allowed_roles);
  json.key("connection_details").begin_object();
  json.key("connection_url").string(row.url);
  json.key("max_open_connections").number(row.max_connections);
  if (!row.persistence_mode.empty()) json.key("persistence_mode").string(row.persistence_mode);
  if (!row.tls_ca.empty()) json.key("tls_ca").string(row.tls_ca);
  json.key("username").string(row.username);
  if (!row.username_template.empty()) json.key("username_template").string(row.username_template);
  json.end_object();
  json.key("password_policy").string(row.password_policy);
  json.key("plugin_name").string(row.plugin);
  json.key("plugin_version").string("");
  put(json, "root_credentials_rotate_statements", row.root_rotation_statements);
  json.key("verify_connection").boolean(row.verify);
  json.end_object();
  return std::move(json).take();
}

}  // namespace

Result<Response> list_table(Context& context, std::uint16_t table) {
  COFFER_TRY(const auto rows, context.tx.list({context.mount.uuid, table}, ""));
  if (rows.empty()) return make_error(ErrorCode::not_found, "");
  model::JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const engine::ListedRow& row : rows) json.string(row.name);
  json.end_array().end_object();
  return Response{.data = std::move(json).take()};
}

Result<Response> list_configs(House&, Context& context, const Request&, std::string_view) {
  return list_table(context, kNameTable);
}

Result<Response> read_config(House&, Context& context, const Request&, std::string_view name) {
  COFFER_TRY(const auto found, find_connection(context.tx, context.mount.uuid, name));
  if (!found) return make_error(ErrorCode::not_found, "");
  return Response{.data = config_data(found->row)};
}

Result<Response> write_config(House& house, Context& context, const Request& request,
                              std::string_view name) {
  COFFER_TRY(Found found, found_or_new(context, name));
  const Found before = found;
  // One that came while another was being set would take its candidate away.
  const auto turn = house.targets.take_turn(to_string(found.id));
  if (turn == nullptr) {
    return make_error(ErrorCode::unavailable, "a rotation of this password is under way");
  }
  COFFER_TRY(const auto given, request.fields.string("password"));
  COFFER_TRY(const auto moved, request.fields.boolean("server_moved"));
  COFFER_CHECK(apply(request.fields, found.row));
  COFFER_CHECK(check_kind_stays(before.row, found.row));
  // As the store has it: a new one's name is staged already, its connection isn't.
  COFFER_TRY(const auto stored, house.parts.store.begin());
  COFFER_TRY(const auto connections, of_one_server(house, *stored, found));
  COFFER_TRY(const bool claimed, is_of_static_role(*stored, connections, found.row.username));
  if (claimed) return bad_field("username", "is a static role's: its rotation would lock this out");
  COFFER_TRY(SecureBytes password, password_of(context, found, given));
  COFFER_TRY(SecureBytes copy, password.clone());
  COFFER_TRY(const auto target, house.targets.make(found.id, found.row, std::move(copy)));
  COFFER_CHECK(check(found.row, *target));
  bool elsewhere = false;
  if (!moved.value_or(false)) {
    COFFER_TRY(elsewhere, leads_elsewhere(house, request.fields, before, found.row));
  }
  if (found.row.verify) {
    COFFER_CHECK(verify_login(house, context, found, *target, given.has_value(), password));
  }
  if (elsewhere) {
    COFFER_TRY(found, in_place_of(context, before, std::move(found.row)));
  }
  if (given || (elsewhere && before.row.password.current != 0)) {
    COFFER_CHECK(store_password(context, found, password));
  }
  COFFER_CHECK(save(context.tx, found));
  house.targets.forget(before.id);
  return Response{.outcome = model::Outcome::empty};
}

Result<Response> delete_config(House& house, Context& context, const Request&,
                               std::string_view name) {
  COFFER_TRY(const auto found, find_connection(context.tx, context.mount.uuid, name));
  if (found) {
    context.tx.erase(name_row(context.mount.uuid, name), Expect::anything());
    COFFER_CHECK(retire(context, *found));
    COFFER_CHECK(lifecycle::note_searched(context.tx, context.mount.uuid, name));
    house.targets.forget(found->id);
  }
  return Response{.outcome = model::Outcome::empty};
}

Result<Response> reset_connection(House& house, Context& context, const Request&,
                                  std::string_view name) {
  COFFER_TRY(const auto found, find_connection(context.tx, context.mount.uuid, name));
  if (!found) return make_error(ErrorCode::invalid_argument, "no configuration of this name");
  house.targets.forget(found->id);
  return Response{.outcome = model::Outcome::empty};
}

}  // namespace coffer::engines::database
