// The engine over a memory store and a database in memory, in which somebody may pull the plug: at
// the nth thing that is done outside of the engine, before or after it takes effect.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "coffer/engines/database/database.h"
#include "fakes/manual_clock.h"
#include "fakes/test_engine.h"

namespace coffer::engines::database {

using fakes::must;
using model::Operation;

/// Thrown where the process would have died; nothing catches it but the test.
struct Died {};

/// What happens at the nth step.
enum class Plug : std::uint8_t { die_before, die_after, fail_before, fail_after, refuse };

struct Steps {
  int count = 0;
  int at = 0;  ///< 0: never
  Plug plug = Plug::die_before;

  Result<void> take(const std::function<Result<void>()>& effect) {
    if (++count != at) return effect();
    const Error away = make_error(ErrorCode::unavailable, "the connection was lost");
    switch (plug) {
      case Plug::die_before: throw Died();
      case Plug::fail_before: return away;
      case Plug::refuse: return make_error(ErrorCode::precondition, "refused");
      case Plug::die_after: (void)effect(); throw Died();
      case Plug::fail_after: (void)effect(); return away;
    }
    return effect();
  }
};

inline constexpr const char* kAdmin = "admin";

/// Users and their passwords.
struct FakeDatabase {
  std::map<std::string, std::string> users{
      {kAdmin, "first"}, {"owner", "of old"}, {"twin", "of old, too"}};
  Steps steps;
  std::function<void()> when_listed;  ///< once, when somebody has been told who is there
  /// Once, with the name: before somebody is told whether a user is there, and before one is made.
  std::function<void(const std::string&)> when_asked;
  std::function<void(const std::string&)> when_made;
  std::function<void()> when_set;  ///< once, before a password is changed
  std::set<std::string> locked;    ///< whom nobody can drop for now
  std::set<std::string> barred;    ///< whom no password lets in
  bool idle_statements = false;    ///< those of a change run, and change nothing
  bool busy = false;               ///< no connection can be had for a creation
  /// What those who connect to it share their connections by, the last one's last.
  std::vector<std::shared_ptr<connectors::Seats>> seats;
  int retired = 0;  ///< Targets in whose place came another

  [[nodiscard]] bool logs_in(const std::string& user, const std::string& password) const {
    const auto known = users.find(user);
    return known != users.end() && known->second == password && !barred.contains(user);
  }
};

class FakeTarget final : public connectors::Target {
 public:
  FakeTarget(FakeDatabase& database, connectors::TargetConfig config)
      : database_(database), config_(std::move(config)) {
    database_.seats.push_back(config_.seats);
  }
  void retire() override { ++database_.retired; }

  Result<void> verify() override {
    return as_admin([] { return Result<void>(); });
  }
  Result<void> check(connectors::Purpose, connectors::Statements) const override { return {}; }
  std::size_t longest_name() const override { return 63; }
  Result<void> create_user(connectors::Statements, std::string_view name,
                           const SecureBytes& password, WallTime) override {
    if (database_.when_made) std::exchange(database_.when_made, {})(std::string(name));
    if (database_.busy) return make_error(ErrorCode::resource_exhausted, "all are busy");
    return as_admin([&]() -> Result<void> {
      if (database_.users.contains(std::string(name))) {
        return make_error(ErrorCode::conflict, "a user of this name is there");
      }
      database_.users[std::string(name)] = text(password);
      return {};
    });
  }
  Result<void> renew_user(connectors::Statements, std::string_view name, WallTime) override {
    return on_user(name, [] {});
  }
  Result<void> drop_user(connectors::Statements, std::string_view name) override {
    if (database_.locked.contains(std::string(name))) {
      return make_error(ErrorCode::unavailable, "a lock wasn't free in time");
    }
    return on_user(name, [&] { database_.users.erase(std::string(name)); });
  }
  Result<void> end_sessions(std::string_view) override { return {}; }
  Result<void> set_password(connectors::Statements statements, std::string_view name,
                            const SecureBytes& password) override {
    if (database_.when_set) std::exchange(database_.when_set, {})();
    if (database_.idle_statements && !statements.empty()) return on_user(name, [] {});
    return on_user(name, [&] { database_.users[std::string(name)] = text(password); });
  }
  Result<void> check_login(std::string_view name, const SecureBytes& password) override {
    return database_.steps.take([&]() -> Result<void> {
      if (database_.logs_in(std::string(name), text(password))) return {};
      return make_error(ErrorCode::unauthenticated, "wrong password");
    });
  }
  Result<bool> has_user(std::string_view name) override {
    if (database_.when_asked) std::exchange(database_.when_asked, {})(std::string(name));
    COFFER_CHECK(as_admin([] { return Result<void>(); }));
    return database_.users.contains(std::string(name));
  }
  Result<std::vector<std::string>> users(std::string_view prefix) override {
    std::vector<std::string> names;
    COFFER_CHECK(as_admin([&]() -> Result<void> {
      for (const auto& [name, password] : database_.users) {
        if (name.starts_with(prefix)) names.push_back(name);
      }
      return {};
    }));
    if (database_.when_listed) std::exchange(database_.when_listed, {})();
    return names;
  }

 private:
  static std::string text(const SecureBytes& bytes) {
    return std::string(as_text(bytes.expose(Reveal{"a test's database"})));
  }
  Result<void> as_admin(const std::function<Result<void>()>& act) {
    return database_.steps.take([&]() -> Result<void> {
      if (database_.logs_in(config_.username, text(config_.password))) return act();
      return make_error(ErrorCode::unauthenticated, "wrong password");
    });
  }
  Result<void> on_user(std::string_view name, const std::function<void()>& act) {
    return as_admin([&]() -> Result<void> {
      if (!database_.users.contains(std::string(name))) {
        return make_error(ErrorCode::not_found, "no such user");
      }
      act();
      return {};
    });
  }

  FakeDatabase& database_;
  const connectors::TargetConfig config_;
};

class World : public fakes::EngineKit {
 public:
  explicit World(std::unique_ptr<store::Store> stored_in = store::open_memory_store(Uuid{{9}}))
      : EngineKit("database/", std::move(stored_in)) {
    mount.uuid = Uuid{{7}};
    now = clock_.wall();
    start();
    call(Operation::update, "config/pg",
         R"({"plugin_name":"postgresql-database-plugin","connection_url":"x","username":"admin",
             "password":"first","allowed_roles":"*"})");
    call(Operation::update, "roles/app", R"({"db_name":"pg","creation_statements":"C"})");
    run_ends();  // of the role's trial
    database.steps.count = 0;
  }

  /// As after a crash, or an unseal: what was in memory is gone.
  void restart() {
    engine.reset();
    leases.reset();
    start();
  }

  Result<model::Response> try_call(Operation operation, const std::string& path,
                                   const std::string& body = {}) {
    return EngineKit::call(caller_, operation, path, body);
  }
  model::Response call(Operation operation, const std::string& path, const std::string& body = {}) {
    return must(try_call(operation, path, body));
  }

  void advance(std::chrono::nanoseconds by) {
    clock_.advance(by);
    now = clock_.wall();
  }
  /// What is due now, each once.
  void sweep() {
    for (const auto& due : must(lifecycle::due(*begin(), now, 100)).due) {
      auto tx = begin();
      if (!due_handlers.is_errand(due.kind)) {
        must(due_handlers.run(*tx, due, now));
      } else {
        const auto errand = must(due_handlers.plan(*tx, due, now));
        if (errand) {
          (void)errand->act({});
          tx = begin();
          must(lifecycle::Handlers::record(*tx, due, *errand, now));
        }
      }
      (void)commit(*tx);
    }
  }

  /// A user that logs in, from the engine. Its lease stays.
  bool gives_creds() {
    const auto answer = try_call(Operation::read, "creds/app");
    if (!answer.ok()) return false;
    const auto data = must(model::Fields::parse(answer->data));
    return database.logs_in(*must(data.string("username")), *must(data.string("password")));
  }
  /// Of the only lease that there is.
  Result<lifecycle::Renewal> renew(std::chrono::seconds increment) {
    const auto tx = begin();
    std::optional<lifecycle::Lease> lease;
    must(lifecycle::Leases::visit(*tx, [&](const lifecycle::Lease& one) -> Result<bool> {
      COFFER_TRY(lease, leases->find(*tx, one.id(), now));
      return !lease;
    }));
    const model::Request request{.id = {},
                                 .time = now,
                                 .operation = Operation::update,
                                 .path = "sys/leases/renew",
                                 .fields = {}};
    audit::Ticket ticket = open_ticket(request);
    auto renewal = leases->renew(ticket, *tx, lease.value(), increment, now);
    (void)std::move(ticket).close(model::Response{});
    if (renewal.ok()) (void)commit(*tx);
    return renewal;
  }
  std::string static_password() { return static_member("password"); }
  std::string static_user() { return static_member("username"); }
  std::string static_member(std::string_view name) {
    const auto data = must(model::Fields::parse(call(Operation::read, "static-creds/own").data));
    return *must(data.string(name));
  }

  /// Runs what is due, and all ends, as core does.
  void run_ends() {
    must(leases->end_dropped(now));
    while (const auto end = must(leases->ends().take(*sealed))) {
      const auto ended = leases->kind(end->lease.terms.kind)->end(end->lease);
      auto tx = begin();
      bool gone = false;
      if (ended.ok()) {
        gone = must(leases->ends().stage_done(*tx, *end));
      } else {
        must(leases->ends().stage_failed(*tx, *end, ended.error()));
      }
      (void)commit(*tx);
      leases->ends().settle(
          *end, ended.ok() ? lifecycle::EndOutcome::done : lifecycle::outcome_of(ended.error()),
          gone);
    }
  }
  [[nodiscard]] std::size_t leased_users() const {
    std::size_t count = 0;
    for (const auto& [name, password] : database.users) count += name.starts_with("v-") ? 1U : 0U;
    return count;
  }

  FakeDatabase database;
  std::function<void()> when_committed;  ///< before each commit beside the Door
  bool outside_paused = false;
  Uuid vault{{9}};
  std::unique_ptr<lifecycle::Leases> leases;
  lifecycle::Handlers due_handlers;
  lifecycle::Rotators rotators;

 private:
  void start() {
    const auto commit_it = [this](store::Transaction staged) -> Result<bool> {
      bool committed = false;
      if (when_committed) when_committed();
      COFFER_CHECK(database.steps.take([&]() -> Result<void> {
        const store::Transaction all[] = {std::move(staged)};
        COFFER_TRY(const auto outcomes, store->commit(all));
        committed = outcomes.front() == store::CommitOutcome::committed;
        return {};
      }));
      return committed;
    };
    due_handlers = {};
    leases = std::make_unique<lifecycle::Leases>(
        *sealed,
        lifecycle::Leases::Hooks{
            .commit = commit_it,
            .admit = [](auto&, const auto&, WallTime) { return Result<void>(); }},
        lifecycle::LeaseLimits{}, clock_);
    leases->register_handlers(due_handlers);
    engine = make_engine(
        {.store = *sealed,
         .leases = *leases,
         .commit = commit_it,
         .make_password = [this](envelope::SealedTransaction&,
                                 std::string_view policy) -> Result<SecureBytes> {
           if (policy == "none") {
             return make_error(ErrorCode::invalid_argument, "no password policy of this name");
           }
           const std::string made = "made" + std::string(policy);
           return SecureBytes::copy_of(as_bytes(made + std::to_string(++passwords_)));
         },
         .clock = clock_,
         .vault = vault,
         .make_target = [this](connectors::TargetConfig config)
             -> Result<std::unique_ptr<connectors::Target>> {
           return std::unique_ptr<connectors::Target>(
               std::make_unique<FakeTarget>(database, std::move(config)));
         },
         .find_mount =
             [this](envelope::SealedTransaction&, std::string_view path) {
               const bool it = path == "database/";
               return Result<std::optional<Uuid>>(it ? std::optional(mount.uuid) : std::nullopt);
             },
         .mount_of =
             [this](envelope::SealedTransaction&, const Uuid& id) {
               const bool it = id == mount.uuid;
               return Result<std::optional<engine::Mount>>(it ? std::optional(mount)
                                                              : std::nullopt);
             },
         .may_reach_outside = [this]() -> Result<void> {
           if (outside_paused) return make_error(ErrorCode::unavailable, "paused");
           return {};
         }},
        due_handlers, rotators);
    must(leases->load(now));
  }

  const model::Caller caller_{.accessor = "acc",
                              .display_name = "token-x",
                              .policies = {},
                              .token_type = "service",
                              .token_hash = {}};
  fakes::ManualClock clock_;
  int passwords_ = 0;
};

}  // namespace coffer::engines::database
