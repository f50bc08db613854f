#include "coffer/engines/database/database.h"

#include "issue.h"
#include "paths.h"
#include "retired.h"
#include "rotator.h"
#include "secret_places.h"
#include "static_roles.h"

namespace coffer::engines::database {
namespace {

using engine::Context;
using engine::Lane;
using engine::PathRule;
using engine::SealedTransaction;
using model::Operation;
using model::Request;
using model::Response;

struct Route {
  PathRule rule;
  Handler handler;
};

constexpr PathRule rule(Operation operation, std::string_view pattern, Lane lane,
                        std::string_view help) {
  return {.operation = operation, .pattern = pattern, .lane = lane, .help = help};
}

constexpr PathRule with_sudo(PathRule rule) {
  rule.sudo = true;
  return rule;
}

constexpr Route kRoutes[] = {
    {rule(Operation::list, "config/", Lane::fast, "The names of all configurations."),
     list_configs},
    {rule(Operation::read, "config/+", Lane::fast, "How a database is reached; no password."),
     read_config},
    {rule(Operation::update, "config/+", Lane::slow,
          "Make or change a configuration; logs in, unless verify_connection is false."),
     write_config},
    {rule(Operation::remove, "config/+", Lane::fast,
          "Delete a configuration. Leases of its roles still end."),
     delete_config},
    {rule(Operation::update, "reset/+", Lane::slow, "Close a configuration's connections."),
     reset_connection},
    {rule(Operation::update, "rotate-root/+", Lane::slow,
          "Give the administrator a password that nobody knows."),
     rotate_root},
    {rule(Operation::list, "roles/", Lane::fast, "The names of all roles."), list_roles},
    {rule(Operation::read, "roles/+", Lane::fast, "What a role says."), read_role},
    {rule(Operation::update, "roles/+", Lane::slow,
          "Make or change a role; makes and drops a user on trial."),
     write_role},
    {rule(Operation::remove, "roles/+", Lane::fast, "Delete a role. Its leases still end."),
     delete_role},
    {rule(Operation::read, "creds/+", Lane::slow, "A user of the database, with a lease."),
     read_creds},
    {rule(Operation::list, "static-roles/", Lane::fast, "The names of all static roles."),
     list_static_roles},
    {rule(Operation::read, "static-roles/+", Lane::fast, "What a static role says."),
     read_static_role},
    {rule(Operation::update, "static-roles/+", Lane::slow,
          "Take a user over: its password is changed now, and regularly."),
     write_static_role},
    {rule(Operation::remove, "static-roles/+", Lane::fast,
          "Delete a static role. The user keeps its last password; `force` if nobody knows that."),
     delete_static_role},
    {rule(Operation::read, "static-creds/+", Lane::fast, "A static role's user and password."),
     read_static_creds},
    {rule(Operation::update, "rotate-role/+", Lane::slow, "Change a static role's password now."),
     rotate_static_role},
    {with_sudo(rule(Operation::read, "orphans/+", Lane::slow,
                    "Users by names that the engine makes, of which no lease knows.")),
     list_orphans},
    {with_sudo(rule(Operation::update, "orphans/+/revoke", Lane::slow,
                    "End users that orphans/ lists, by their names.")),
     revoke_orphans},
};

constexpr auto rules() {
  std::array<PathRule, std::size(kRoutes)> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = kRoutes[i].rule;
  return all;
}
constexpr auto kRules = rules();

std::string_view name_in(std::string_view path) {
  const auto slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
}

/// The secrets of a password that changes.
template <typename Row, typename Context>
void add_secrets(std::vector<engine::KnownSecret>& secrets, const Versions& versions, Row row,
                 Context context) {
  for (const std::uint64_t version : {versions.current, versions.pending}) {
    if (version != 0) secrets.push_back({row(version), context(version)});
  }
}

class DatabaseEngine final : public engine::Engine, public engine::Readable {
 public:
  explicit DatabaseEngine(Parts parts) : house_{std::move(parts)} {}

  void register_with(lifecycle::Handlers& handlers, lifecycle::Rotators& rotators) {
    house_.parts.leases.add_kind(std::string(kLeaseKind), lease_kind(house_));
    // It waits as ends of leases do: they need the connection.
    handlers.add(
        std::string(kRetiredKind),
        [this](SealedTransaction& tx, const lifecycle::Due& due, WallTime now) {
          return end_retired(house_, tx, due, now);
        },
        lifecycle::Effects::outside);
    handlers.add_errand(
        std::string(kStaticKind),
        [this](SealedTransaction& tx, const lifecycle::Due& due, WallTime now) {
          return plan(house_, tx, due, now);
        },
        lifecycle::Effects::outside,
        [](SealedTransaction& tx, const lifecycle::Due& due) { return waits_for(tx, due); });
    rotators.add("database", make_rotator(house_));
  }

  [[nodiscard]] std::span<const PathRule> paths() const override { return kRules; }

  [[nodiscard]] Result<bool> exists(Context& context, std::string_view path) override {
    const Uuid& mount = context.mount.uuid;
    const std::string_view name = name_in(path);
    engine::RowName row;
    if (path.starts_with("config/")) {
      row = name_row(mount, name);
    } else if (path.starts_with("roles/")) {
      row = role_row(mount, name);
    } else if (path.starts_with("static-roles/")) {
      row = static_row(mount, name);
    } else {
      return true;
    }
    COFFER_TRY(const auto stored, context.tx.read(row));
    return stored.has_value();
  }

  [[nodiscard]] Result<bool> clear(SealedTransaction& tx, const engine::Mount& mount) override {
    return clear_mount(house_, tx, mount);
  }

  [[nodiscard]] Result<std::vector<engine::KnownSecret>> secrets_in(
      const engine::RowName& row, std::string_view value) const override {
    std::vector<engine::KnownSecret> secrets;
    const Uuid& mount = row.space.mount;
    if (row.space.table == kConnectionTable) {
      COFFER_TRY(const Connection connection, decode_connection(value));
      COFFER_TRY(const Uuid id, parse_uuid(row.name));
      add_secrets(
          secrets, connection.password, [&](auto version) { return admin_row(mount, id, version); },
          [&](auto version) { return admin_context(mount, id, version); });
    } else if (row.space.table == kStaticTable) {
      COFFER_TRY(const StaticRole role, decode_static_role(value));
      add_secrets(
          secrets, role.password,
          [&](auto version) { return static_secret_row(mount, row.name, version); },
          [&](auto version) { return static_context(mount, row.name, version); });
    }
    return secrets;
  }

  [[nodiscard]] Result<void> mend(SealedTransaction& tx, const engine::RowName& row,
                                  std::string_view value, WallTime now) override {
    if (row.space.table == kStaticTable) return mend_static(tx, row, value, now);
    if (row.space.table != kConnectionTable) return {};
    COFFER_TRY(const Connection connection, decode_connection(value));
    if (connection.retired == WallTime{}) return {};
    return lifecycle::schedule(tx, kRetiredKind, to_string(row.space.mount) + "/" + row.name, now,
                               now);
  }

  /// A password is itself.
  [[nodiscard]] std::optional<std::vector<engine::SecretText>> texts_of(
      std::string_view value) const override {
    return std::vector<engine::SecretText>{{"/password", std::string(value)}};
  }

  [[nodiscard]] Result<std::optional<engine::SecretPlace>> place_of(
      SealedTransaction& tx, const engine::Mount& mount,
      const engine::SecretContext& secret) const override {
    return secret_place(tx, mount.uuid, secret);
  }

  [[nodiscard]] Result<Response> handle(Context& context, const Request& request,
                                        std::string_view path) override {
    const Operation asked =
        request.operation == Operation::create ? Operation::update : request.operation;
    const engine::RuleMatch match = engine::match_rule(kRules, asked, path);
    if (match.rule == nullptr) return make_error(ErrorCode::unsupported, "unsupported operation");
    const auto index = static_cast<std::size_t>(match.rule - kRules.data());
    return kRoutes[index].handler(house_, context, request, name_in(path));
  }

 private:
  House house_;
};

}  // namespace

std::unique_ptr<engine::Engine> make_engine(Parts parts, lifecycle::Handlers& handlers,
                                            lifecycle::Rotators& rotators) {
  auto made = std::make_unique<DatabaseEngine>(std::move(parts));
  made->register_with(handlers, rotators);
  return made;
}

}  // namespace coffer::engines::database
