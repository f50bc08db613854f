#include "rotator.h"

#include "coffer/crypto/digest.h"
#include "coffer/model/json_tree.h"
#include "coffer/model/json_writer.h"
#include "fields.h"
#include "static_roles.h"

namespace coffer::engines::database {
namespace {

using engine::SealedTransaction;
using lifecycle::RotationCall;
using lifecycle::RotationStep;
using lifecycle::StepEnd;
using lifecycle::StepResult;
using model::Json;

constexpr std::string_view kSetting = "static_role";
constexpr std::string_view kSegment = "/static-roles/";
constexpr std::string_view kUser = "username";
constexpr std::string_view kPassword = "password";

Error no_such_role() {
  return make_error(ErrorCode::not_found, "field \"static_role\" names no static role");
}

/// As its path in the API says: "database/static-roles/app".
Result<StaticFound> find_by_path(const House& house, SealedTransaction& tx, std::string_view path) {
  const auto at = path.rfind(kSegment);
  if (at == std::string_view::npos || !house.parts.find_mount) return no_such_role();
  COFFER_TRY(const auto mount, house.parts.find_mount(tx, path.substr(0, at + 1)));
  if (!mount) return no_such_role();
  COFFER_TRY(auto found, find_static(tx, *mount, path.substr(at + kSegment.size())));
  if (!found) return no_such_role();
  return *std::move(found);
}

/// The user and the password that a value of the secret has.
struct Login {
  std::string username;
  SecureBytes password;
};

Result<Login> login_in(std::string_view value) {
  COFFER_TRY(auto fields, model::Fields::parse(std::string(value)));
  COFFER_TRY(const auto username, fields.string(kUser));
  COFFER_TRY(auto password, fields.string(kPassword));
  if (!username || !password) {
    return make_error(ErrorCode::precondition, "the new value has no user and password");
  }
  auto copy = SecureBytes::copy_of(as_bytes(*password));
  wipe(*password);
  COFFER_TRY(SecureBytes secret, std::move(copy));
  return Login{*username, std::move(secret)};
}

StepResult failed(const Error& error) {
  const bool definite =
      error.code == ErrorCode::precondition || error.code == ErrorCode::invalid_argument ||
      error.code == ErrorCode::not_found || error.code == ErrorCode::permission_denied;
  return {.end = definite ? StepEnd::refused : StepEnd::unknown, .value = {}, .why = error.text};
}

class DatabaseRotator final : public lifecycle::Rotator {
 public:
  explicit DatabaseRotator(House& house) : house_(house) {}

  [[nodiscard]] bool reaches_outside() const override { return true; }

  [[nodiscard]] Result<std::string> take_settings(std::string_view secret,
                                                  const model::Fields& given,
                                                  std::string_view before) const override {
    COFFER_TRY(const auto path, given.string(kSetting));
    if (!path && !before.empty()) return std::string(before);
    if (!path) return make_error(ErrorCode::invalid_argument, "missing field \"static_role\"");
    COFFER_TRY(const auto tx, house_.parts.store.begin());
    const auto found = find_by_path(house_, *tx, *path);
    const bool none = !found.ok() && found.error().code == ErrorCode::not_found;
    if (!none && !found.ok()) return found.error();
    // Nobody learns here which static roles there are, or whose they are.
    if (none || found->role.rotated_by != secret) {
      return bad_field(kSetting, "names no static role whose \"rotated_by\" is this secret");
    }
    model::JsonWriter json;
    json.begin_object().key(kSetting).string(*path).end_object();
    return std::move(json).take();
  }

  /// With the static roles that rotate by themselves: it is the same database.
  [[nodiscard]] Result<std::string> waits_for(SealedTransaction& tx,
                                              std::string_view settings) const override {
    COFFER_TRY(const auto kept, model::Fields::parse(std::string(settings)));
    COFFER_TRY(const auto path, kept.string(kSetting));
    if (!path) return no_such_role();
    COFFER_TRY(const auto found, find_by_path(house_, tx, *path));
    return database::waits_for(tx, found);
  }

  [[nodiscard]] StepResult step(const RotationCall& call,
                                const std::stop_token& /*stop*/) override {
    switch (call.step) {
      case RotationStep::create: return ended(create(call));
      case RotationStep::set: return set(call);
      case RotationStep::test: return test(call);
      // Of two users the one of before stays as it is until its turn comes; of one, nothing is
      // left.
      case RotationStep::finish: return {.end = StepEnd::done};
    }
    return {};
  }

 private:
  [[nodiscard]] static StepResult ended(Result<std::string> value) {
    if (!value.ok()) return failed(value.error());
    return {.end = StepEnd::done, .value = *std::move(value), .why = {}};
  }

  /// The static role itself says which secret may have its password. Otherwise whoever may have a
  /// secret rotated could read what any static role keeps.
  [[nodiscard]] Result<StaticFound> role_of(SealedTransaction& tx, const RotationCall& call) const {
    COFFER_TRY(const auto settings, model::Fields::parse(std::string(call.settings)));
    COFFER_TRY(const auto path, settings.string(kSetting));
    if (!path) return no_such_role();
    COFFER_TRY(auto found, find_by_path(house_, tx, *path));
    if (found.role.rotated_by != call.secret) {
      return make_error(ErrorCode::permission_denied,
                        "the static role's \"rotated_by\" doesn't name this secret");
    }
    return found;
  }

  /// The secret as it is, with the user whose turn it is and a new password.
  [[nodiscard]] Result<std::string> create(const RotationCall& call) {
    COFFER_TRY(const auto tx, house_.parts.store.begin());
    COFFER_TRY(const auto found, role_of(*tx, call));
    COFFER_TRY(const auto connection, find_connection(*tx, found.mount, found.role.db_name));
    if (!connection) {
      return make_error(ErrorCode::precondition, "the configuration of the static role is gone");
    }
    COFFER_TRY(const SecureBytes password,
               house_.parts.make_password(*tx, password_policy_of(connection->row, found.role)));
    Json value = Json::object();
    if (!call.current.empty()) {
      COFFER_TRY(value, Json::parse(call.current));
    }
    if (!value.is_object()) value = Json::object();
    value.set(kUser, Json::string(found.role.next_user()));
    value.set(kPassword, Json::string(std::string(as_text(
                             password.expose(Reveal{"a generated password, to be sealed"})))));
    return value.compact();
  }

  /// Whether this very login is the one that the static role tells.
  [[nodiscard]] static Result<bool> is_told(SealedTransaction& tx, const StaticFound& found,
                                            const Login& login) {
    const std::uint64_t version = found.role.password.current;
    if (version == 0 || found.role.current_user() != login.username) return false;
    COFFER_TRY(const SecureBytes told, open_password(tx, found, version));
    return crypto::equal_constant_time(told.expose(Reveal{"compared"}),
                                       login.password.expose(Reveal{"compared"}));
  }

  [[nodiscard]] StepResult set(const RotationCall& call) {
    const auto outcome = change(call);
    if (!outcome.ok()) return failed(outcome.error());
    switch (outcome->end) {
      case ChangeEnd::done: return {.end = StepEnd::done};
      case ChangeEnd::refused: return {.end = StepEnd::refused, .why = outcome->why.text};
      case ChangeEnd::unknown: break;
    }
    return {.end = StepEnd::unknown, .why = outcome->why.text};
  }

  /// An error from before anything was sent, or the outcome. The static role keeps the candidate as
  /// the secret does: whichever of the two the vault dies between, both know it.
  [[nodiscard]] Result<ChangeOutcome> change(const RotationCall& call) {
    COFFER_TRY(const Login login, login_in(call.pending));
    COFFER_TRY(const auto tx, house_.parts.store.begin());
    COFFER_TRY(const auto found, role_of(*tx, call));
    COFFER_TRY(const bool was_set, is_told(*tx, found, login));
    if (was_set) return ChangeOutcome{ChangeEnd::done, {}};
    if (login.username != found.role.next_user()) {
      return make_error(ErrorCode::precondition, "it is another user's turn");
    }
    COFFER_TRY(const Attempt attempted, attempt(house_, found.mount, found.name, &login.password));
    const ChangeOutcome& outcome = attempted.outcome;
    COFFER_CHECK(commit_own(house_.parts, [&](SealedTransaction& own) {
      return settle(own, found.mount, found.name, outcome, house_.parts.clock.wall());
    }));
    if (outcome.end != ChangeEnd::done) return outcome;
    COFFER_TRY(const auto after, house_.parts.store.begin());
    COFFER_TRY(const auto now, role_of(*after, call));
    COFFER_TRY(const bool is_set, is_told(*after, now, login));
    if (is_set) return outcome;
    return ChangeOutcome{ChangeEnd::unknown,
                         make_error(ErrorCode::unavailable, "an earlier change ended first")};
  }

  /// Only a login that fails says that the value isn't in force; or that the static role is another
  /// secret's now: what was set for this one is none of its business, and it knows all that may be
  /// in force itself.
  [[nodiscard]] StepResult test(const RotationCall& call) {
    Result<void> login;
    const auto asked = try_login(call, login);
    const Result<void>& outcome = asked.ok() ? login : asked;
    if (outcome.ok()) return {.end = StepEnd::done};
    const bool wrong = asked.ok() ? login.error().code == ErrorCode::unauthenticated
                                  : asked.error().code == ErrorCode::permission_denied;
    return {.end = wrong ? StepEnd::refused : StepEnd::unknown,
            .value = {},
            .why = outcome.error().text};
  }

  [[nodiscard]] Result<void> try_login(const RotationCall& call, Result<void>& outcome) {
    COFFER_TRY(const Login login, login_in(call.pending));
    COFFER_TRY(const auto tx, house_.parts.store.begin());
    COFFER_TRY(const auto found, role_of(*tx, call));
    COFFER_TRY(const auto connection, find_connection(*tx, found.mount, found.role.db_name));
    if (!connection) {
      return make_error(ErrorCode::precondition, "the configuration of the static role is gone");
    }
    // What Targets::with() gives for an administrator who isn't let in is another matter.
    return house_.targets.with(*tx, *connection, [&](connectors::Target& target) {
      outcome = target.check_login(login.username, login.password);
      return Result<void>();
    });
  }

  House& house_;
};

}  // namespace

std::unique_ptr<lifecycle::Rotator> make_rotator(House& house) {
  return std::make_unique<DatabaseRotator>(house);
}

}  // namespace coffer::engines::database
