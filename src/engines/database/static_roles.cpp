#include "static_roles.h"

#include <algorithm>

#include "coffer/base/failpoint.h"
#include "coffer/lifecycle/rotation_index.h"

namespace coffer::engines::database {
namespace {

using engine::Expect;
using engine::SealedTransaction;
using std::chrono::seconds;

constexpr seconds kFirstPause{10};
constexpr seconds kLongestPause{300};

std::string due_id(const Uuid& mount, std::string_view name) {
  return to_string(mount) + "/" + std::string(name);
}

struct Named {
  Uuid mount;
  std::string name;
};

/// What due_id() gave.
Result<Named> parse_due(const lifecycle::Due& due) {
  const auto slash = due.id.find('/');
  if (slash == std::string::npos) return make_error(ErrorCode::corrupt, "a due row's id");
  COFFER_TRY(const Uuid mount, parse_uuid(std::string_view(due.id).substr(0, slash)));
  return Named{mount, due.id.substr(slash + 1)};
}

seconds pause_after(std::uint32_t failures) {
  const auto doubled = kFirstPause * (std::int64_t{1} << std::min<std::uint32_t>(failures, 8));
  return std::min(doubled, kLongestPause);
}

/// One that is pending already stays the candidate: it was sent, and may be in force.
Result<bool> commit_candidate(House& house, const Uuid& mount, std::string_view name,
                              const SecureBytes* given) {
  bool sent_before = false;
  COFFER_CHECK(commit_own(house.parts, [&](SealedTransaction& tx) -> Result<void> {
    COFFER_TRY(auto found, find_static(tx, mount, name));
    if (!found) return make_error(ErrorCode::not_found, "the static role is gone");
    sent_before = found->role.password.pending != 0;
    if (sent_before) return {};
    COFFER_TRY(const auto connection, find_connection(tx, mount, found->role.db_name));
    if (!connection) {
      return make_error(ErrorCode::precondition, "the configuration of the static role is gone");
    }
    SecureBytes fresh;
    if (given == nullptr) {
      COFFER_TRY(fresh,
                 house.parts.make_password(tx, password_policy_of(connection->row, found->role)));
    }
    const SecureBytes& candidate = given == nullptr ? fresh : *given;
    found->role.password.start();
    const std::uint64_t version = found->role.password.pending;
    COFFER_CHECK(tx.seal_secret(static_secret_row(mount, name, version),
                                static_context(mount, name, version),
                                as_text(candidate.expose(Reveal{"it is stored sealed"}))));
    return save(tx, *found);
  }));
  return sent_before;
}

}  // namespace

Result<std::optional<StaticFound>> find_static(SealedTransaction& tx, const Uuid& mount,
                                               std::string_view name) {
  COFFER_TRY(const auto row, tx.read(static_row(mount, name)));
  if (!row) return std::optional<StaticFound>();
  COFFER_TRY(StaticRole role, decode_static_role(row->value));
  return std::optional(StaticFound{mount, std::string(name), std::move(role), row->version});
}

Result<void> save(SealedTransaction& tx, const StaticFound& found) {
  return tx.write(static_row(found.mount, found.name), encode(found.role),
                  found.version == 0 ? Expect::absent() : Expect::unchanged(found.version));
}

std::string rotation_path(std::string_view name) { return "static-roles/" + std::string(name); }

Result<void> put_in_list(SealedTransaction& tx, const StaticFound& found, std::string trouble) {
  const StaticRole& role = found.role;
  const std::string path = rotation_path(found.name);
  if (!role.rotated_by.empty()) {
    lifecycle::drop_rotation(tx, found.mount, path);
    return {};
  }
  return lifecycle::put_rotation(tx, {.mount = found.mount,
                                      .path = path,
                                      .rotator = "database",
                                      .phase = role.password.pending == 0 ? "idle" : "set",
                                      .next = role.next_rotation,
                                      .last = role.last_rotation,
                                      .failures = role.failures,
                                      .trouble = std::move(trouble)});
}

Result<void> mend_static(SealedTransaction& tx, const engine::RowName& row, std::string_view value,
                         WallTime now) {
  const Uuid& mount = row.space.mount;
  COFFER_TRY(StaticRole role, decode_static_role(value));
  const StaticFound found{mount, row.name, std::move(role)};
  if (!found.role.rotated_by.empty()) return {};
  COFFER_CHECK(put_in_list(tx, found, {}));
  return lifecycle::schedule(tx, kStaticKind, due_id(mount, row.name), found.role.next_rotation,
                             now);
}

Result<void> erase(SealedTransaction& tx, const StaticFound& found) {
  lifecycle::drop_rotation(tx, found.mount, rotation_path(found.name));
  for (const std::uint64_t version : {found.role.password.current, found.role.password.pending}) {
    if (version == 0) continue;
    COFFER_CHECK(tx.erase_secret(static_secret_row(found.mount, found.name, version)));
  }
  tx.erase(static_row(found.mount, found.name), Expect::unchanged(found.version));
  return {};
}

Result<SecureBytes> open_password(SealedTransaction& tx, const StaticFound& found,
                                  std::uint64_t version) {
  return open_secret(tx, static_secret_row(found.mount, found.name, version),
                     static_context(found.mount, found.name, version));
}

Result<std::unique_ptr<Targets::Turn>> take_turn(House& house, const Uuid& mount,
                                                 std::string_view name) {
  auto turn = house.targets.take_turn("static " + due_id(mount, name));
  if (turn != nullptr) return turn;
  return make_error(ErrorCode::unavailable, "a rotation of this static role is under way");
}

Result<Attempt> attempt(House& house, const Uuid& mount, std::string_view name,
                        const SecureBytes* given) {
  COFFER_TRY(auto turn, take_turn(house, mount, name));
  COFFER_TRY(const bool sent_before, commit_candidate(house, mount, name, given));
  COFFER_FAILPOINT("database.static.kept");
  COFFER_TRY(const auto tx, house.parts.store.begin());
  COFFER_TRY(const auto found, find_static(*tx, mount, name));
  if (!found) return make_error(ErrorCode::not_found, "the static role is gone");
  COFFER_TRY(const auto connection, find_connection(*tx, mount, found->role.db_name));
  if (!connection) {
    return make_error(ErrorCode::precondition, "the configuration of the static role is gone");
  }
  COFFER_TRY(const SecureBytes candidate, open_password(*tx, *found, found->role.password.pending));
  // Of two users in turn the current password is the other's.
  const bool knows = !found->role.rotation.empty() && found->role.alternate.empty() &&
                     found->role.password.current != 0;
  SecureBytes before;
  if (knows) {
    COFFER_TRY(before, open_password(*tx, *found, found->role.password.current));
  }
  auto outcome = change_password(
      [&](const Targets::Act& act) { return house.targets.with(*tx, *connection, act); },
      {.username = found->role.next_user(),
       .statements = found->role.rotation,
       .password = candidate,
       .before = knows ? &before : nullptr,
       .sent_before = sent_before});
  return Attempt{std::move(outcome), std::move(turn)};
}

Result<void> settle(SealedTransaction& tx, const Uuid& mount, std::string_view name,
                    const ChangeOutcome& outcome, WallTime now) {
  COFFER_TRY(auto found, find_static(tx, mount, name));
  if (!found) return {};
  StaticRole& role = found->role;
  if (outcome.end == ChangeEnd::done && role.password.pending != 0) {
    if (role.password.current != 0) {
      COFFER_CHECK(tx.erase_secret(static_secret_row(mount, name, role.password.current)));
    }
    role.promote();
    role.last_rotation = now;
    role.next_rotation = now + role.period;
    role.failures = 0;
  } else {
    if (outcome.end == ChangeEnd::refused && role.password.pending != 0) {
      COFFER_CHECK(tx.erase_secret(static_secret_row(mount, name, role.password.pending)));
      role.password.pending = 0;
    }
    role.next_rotation = now + pause_after(role.failures++);
  }
  COFFER_CHECK(save(tx, *found));
  COFFER_CHECK(put_in_list(tx, *found, role.failures == 0 ? "" : outcome.why.text));
  if (!role.rotated_by.empty()) return {};
  return lifecycle::schedule(tx, kStaticKind, due_id(mount, name), role.next_rotation, now);
}

Result<std::string> waits_for(SealedTransaction& tx, const StaticFound& found) {
  COFFER_TRY(const auto connection, find_connection(tx, found.mount, found.role.db_name));
  return connection ? target_name(*connection) : std::string(kStaticKind);
}

Result<std::string> waits_for(SealedTransaction& tx, const lifecycle::Due& due) {
  COFFER_TRY(const Named named, parse_due(due));
  COFFER_TRY(const auto found, find_static(tx, named.mount, named.name));
  return found ? waits_for(tx, *found) : std::string(kStaticKind);
}

Result<std::optional<lifecycle::Errand>> plan(House& house, SealedTransaction& tx,
                                              const lifecycle::Due& due, WallTime now) {
  COFFER_TRY(const Named named, parse_due(due));
  const Uuid& mount = named.mount;
  const std::string& name = named.name;
  COFFER_TRY(const auto found, find_static(tx, mount, name));
  // Gone, or rotated meanwhile by hand: then another row stands for the next time. Or what rotates
  // it now is a rotation of a KV secret, with rows of its own.
  const bool comes = found && found->role.rotated_by.empty();
  if (!comes || found->role.next_rotation > now) return std::optional<lifecycle::Errand>();
  // The errand has it until it is on record.
  const auto one = std::make_shared<Attempt>();
  lifecycle::Errand errand;
  errand.path = "sys/due/" + std::string(kStaticKind) + "/" + name;
  errand.act = [&house, mount, name, one](const std::stop_token&) -> Result<void> {
    auto attempted = attempt(house, mount, name);
    *one = attempted.ok() ? *std::move(attempted)
                          : Attempt{{ChangeEnd::unknown, attempted.error()}, nullptr};
    if (one->outcome.end == ChangeEnd::done) return {};
    return one->outcome.why;
  };
  errand.record = [mount, name, one](SealedTransaction& own, WallTime at) {
    return settle(own, mount, name, one->outcome, at);
  };
  return std::optional(std::move(errand));
}

}  // namespace coffer::engines::database
