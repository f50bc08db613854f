#include "targets.h"

#include "coffer/base/races.h"

namespace coffer::engines::database {
namespace {

using connectors::Kind;
using connectors::Target;
using engine::Expect;
using engine::SealedTransaction;

constexpr std::chrono::milliseconds kConnectTimeout{4000};
constexpr std::chrono::milliseconds kStatementTimeout{8000};

Error not_let_in(const Error& why) {
  return make_error(ErrorCode::unavailable,
                    "the database doesn't let the configured administrator in", why.cause);
}

bool refused(const Result<void>& outcome) {
  return !outcome.ok() && outcome.error().code == ErrorCode::unauthenticated;
}

/// A configuration that was written for the server and the administrator of one that was deleted.
bool takes_over(const Connection& row, const Connection& retired) {
  return row.retired == WallTime() && row.plugin == retired.plugin && row.url == retired.url &&
         row.username == retired.username;
}

}  // namespace

std::optional<Kind> kind_of(std::string_view plugin) {
  if (plugin == "postgresql-database-plugin") return Kind::postgresql;
  if (plugin == "mysql-database-plugin" || plugin == "mariadb-database-plugin") {
    return Kind::mariadb;
  }
  if (plugin == "redis-database-plugin" || plugin == "valkey-database-plugin") return Kind::redis;
  return std::nullopt;
}

std::string target_name(const Found& connection) {
  return connection.row.name + " " + to_string(connection.id);
}

Result<void> commit_own(const Parts& parts,
                        const std::function<Result<void>(SealedTransaction&)>& stage) {
  for (int race = 0; race < kMostRaces; wait_after_race(race++)) {
    COFFER_TRY(const auto tx, parts.store.begin());
    const auto staged = stage(*tx);
    if (!staged.ok() && staged.error().code == ErrorCode::conflict) continue;
    if (!staged.ok()) return staged.error();
    auto writes = tx->take();
    if (writes.empty()) return {};
    COFFER_TRY(const bool committed, parts.commit(std::move(writes)));
    if (committed) return {};
  }
  return make_error(ErrorCode::resource_exhausted, "too many writers at once; try again");
}

Result<std::optional<Found>> read_connection(SealedTransaction& tx, const Uuid& mount,
                                             const Uuid& id) {
  COFFER_TRY(const auto row, tx.read(connection_row(mount, id)));
  if (!row) return std::optional<Found>();
  COFFER_TRY(Connection connection, decode_connection(row->value));
  return std::optional(Found{mount, id, std::move(connection), row->version});
}

Result<std::optional<Found>> find_connection(SealedTransaction& tx, const Uuid& mount,
                                             std::string_view name) {
  COFFER_TRY(const auto row, tx.read(name_row(mount, name)));
  if (!row) return std::optional<Found>();
  COFFER_TRY(const Uuid id, decode_name(row->value));
  COFFER_TRY(auto found, read_connection(tx, mount, id));
  if (!found) return make_error(ErrorCode::corrupt, "a configuration without its connection");
  return found;
}

Result<std::vector<std::string>> configuration_names(SealedTransaction& tx, const Uuid& mount) {
  COFFER_TRY(const auto rows, tx.list({mount, kNameTable}, ""));
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const engine::ListedRow& row : rows) names.push_back(row.name);
  return names;
}

Result<SecureBytes> open_secret(SealedTransaction& tx, const engine::RowName& row,
                                const engine::SecretContext& context) {
  COFFER_TRY(std::string text, tx.open_secret(row, context));
  auto copy = SecureBytes::copy_of(as_bytes(text));
  wipe(text);
  return copy;
}

Result<SecureBytes> open_password(SealedTransaction& tx, const Found& found,
                                  std::uint64_t version) {
  if (version == 0) return SecureBytes();
  return open_secret(tx, admin_row(found.mount, found.id, version),
                     admin_context(found.mount, found.id, version));
}

Result<void> seal_pending(SealedTransaction& tx, const Found& found, const SecureBytes& password) {
  const std::uint64_t version = found.row.password.pending;
  return tx.seal_secret(admin_row(found.mount, found.id, version),
                        admin_context(found.mount, found.id, version),
                        as_text(password.expose(Reveal{"it is stored sealed"})));
}

Result<void> save(SealedTransaction& tx, const Found& found) {
  return tx.write(connection_row(found.mount, found.id), encode(found.row),
                  found.version == 0 ? Expect::absent() : Expect::unchanged(found.version));
}

Result<void> promote(SealedTransaction& tx, Found found, WallTime now) {
  if (found.row.password.pending == 0) return {};
  if (found.row.password.current != 0) {
    COFFER_CHECK(tx.erase_secret(admin_row(found.mount, found.id, found.row.password.current)));
  }
  found.row.password.promote();
  found.row.last_rotation = now;
  return save(tx, found);
}

std::shared_ptr<connectors::Seats> Targets::seats_of(const Uuid& id, Kind kind,
                                                     const std::string& url) {
  const auto address = connectors::address_of(kind, url);
  if (!address.ok()) return nullptr;  // nothing will be opened
  const MutexLock lock(mutex_);
  std::erase_if(seats_, [](const auto& each) { return each.second.expired(); });
  auto& known = seats_[to_string(id) + " " + *address];
  auto seats = known.lock();
  if (seats == nullptr) known = seats = connectors::make_seats();
  return seats;
}

Result<std::unique_ptr<Target>> Targets::make(const Uuid& id, const Connection& row,
                                              SecureBytes password) {
  const auto kind = kind_of(row.plugin);
  if (!kind) return make_error(ErrorCode::corrupt, "a connection of a kind that isn't known");
  return parts_.make_target({.kind = *kind,
                             .connection_url = row.url,
                             .username = row.username,
                             .password = std::move(password),
                             .max_connections = row.max_connections,
                             .connect_timeout = kConnectTimeout,
                             .statement_timeout = kStatementTimeout,
                             .persistence_mode = row.persistence_mode,
                             .tls_ca = row.tls_ca,
                             .seats = seats_of(id, *kind, row.url)});
}

Result<Targets::Shared> Targets::open_version(SealedTransaction& tx, const Found& found,
                                              std::uint64_t version) {
  COFFER_TRY(SecureBytes password, open_password(tx, found, version));
  COFFER_TRY(auto made, make(found.id, found.row, std::move(password)));
  return Shared(std::move(made));
}

/// A change of the password was interrupted: one of two logs in. The one that does stays; the other
/// is kept until a change has come to its end, for a statement that is on its way may still take
/// effect.
Result<Targets::Shared> Targets::settle(SealedTransaction& tx, const Found& found) {
  COFFER_TRY(Shared current, open_version(tx, found, found.row.password.current));
  const auto logged_in = current->verify();
  if (logged_in.ok()) return current;
  if (logged_in.error().code != ErrorCode::unauthenticated) return logged_in.error();
  const std::uint64_t candidate = found.row.password.pending;
  COFFER_TRY(Shared pending, open_version(tx, found, candidate));
  COFFER_CHECK(pending->verify());
  COFFER_CHECK(commit_own(parts_, [&](SealedTransaction& own) -> Result<void> {
    COFFER_TRY(auto again, read_connection(own, found.mount, found.id));
    if (!again || again->row.password.pending != candidate) return {};
    return promote(own, *std::move(again), parts_.clock.wall());
  }));
  return pending;
}

Targets::Shared Targets::kept(const Found& found) {
  const MutexLock lock(mutex_);
  const auto known = kept_.find(found.id);
  if (known == kept_.end()) return nullptr;
  const bool good = known->second.version == found.version || turns_.contains(to_string(found.id));
  return good ? known->second.target : nullptr;
}

Result<Targets::Shared> Targets::open(SealedTransaction& tx, const Found& found) {
  if (Shared target = kept(found); target != nullptr) return target;
  const bool in_doubt = found.row.password.pending != 0;
  COFFER_TRY(Shared target,
             in_doubt ? settle(tx, found) : open_version(tx, found, found.row.password.current));
  return keep(found, std::move(target));
}

/// Of those who open one at the same time, all go on with the first one's; unless it was in doubt
/// which password is in force, for then the last one knows best.
Targets::Shared Targets::keep(const Found& found, Shared made) {
  Shared last;  // closed outside of the lock
  {
    const MutexLock lock(mutex_);
    Kept& known = kept_[found.id];
    const bool as_good = known.target != nullptr && known.version == found.version;
    if (as_good && found.row.password.pending == 0) return known.target;
    last = std::exchange(known, Kept{found.version, made}).target;
  }
  if (last != nullptr) last->retire();
  return made;
}

Result<void> Targets::run(SealedTransaction& tx, const Found& found, const Act& act) {
  COFFER_TRY(const Shared target, open(tx, found));
  return act(*target);
}

Result<void> Targets::with_successor(SealedTransaction& tx, const Found& retired, const Act& act,
                                     Result<void> refusal) {
  COFFER_TRY(const auto rows, tx.list({retired.mount, kConnectionTable}, ""));
  for (const engine::ListedRow& listed : rows) {
    COFFER_TRY(const Uuid id, parse_uuid(listed.name));
    COFFER_TRY(const auto other, read_connection(tx, retired.mount, id));
    if (!other || !takes_over(other->row, retired.row)) continue;
    auto outcome = run(tx, *other, act);
    if (!refused(outcome)) return outcome;
    forget(id);
  }
  return refusal;
}

Result<void> Targets::with(SealedTransaction& tx, const Found& found, const Act& act) {
  auto outcome = run(tx, found, act);
  if (!refused(outcome)) return outcome;
  forget(found.id);
  // As it is now: the request's own view may be from before a change of the password.
  COFFER_TRY(const auto fresh, parts_.store.begin());
  COFFER_TRY(const auto now, read_connection(*fresh, found.mount, found.id));
  outcome = now ? run(*fresh, *now, act) : run(tx, found, act);
  if (!refused(outcome)) return outcome;
  forget(found.id);
  if (now && now->row.retired != WallTime()) {
    outcome = with_successor(*fresh, *now, act, std::move(outcome));
    if (!refused(outcome)) return outcome;
  }
  return not_let_in(outcome.error());
}

void Targets::forget(const Uuid& id) {
  Shared last;  // closed outside of the lock
  {
    const MutexLock lock(mutex_);
    const auto known = kept_.find(id);
    if (known == kept_.end()) return;
    last = std::move(known->second.target);
    kept_.erase(known);
  }
  last->retire();
}

std::unique_ptr<Targets::Turn> Targets::take_turn(const std::string& what,
                                                  std::chrono::milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  const MutexLock lock(mutex_);
  while (turns_.contains(what)) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return nullptr;
    ended_.wait_for(mutex_, left);
  }
  turns_.insert(what);
  return std::make_unique<Turn>(*this, what);
}

void Targets::end_turn(const std::string& what) {
  {
    const MutexLock lock(mutex_);
    turns_.erase(what);
  }
  ended_.notify_all();
}

}  // namespace coffer::engines::database
