// Opening everything, really: each secret of each mount, by the token, a part at each request.
#include <algorithm>
#include <map>

#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::int64_t kUsualRows = 256;
constexpr std::int64_t kMostRows = 4096;

struct Verified {
  std::uint64_t opened = 0;
  std::uint64_t damaged = 0;
  std::uint64_t damaged_rows = 0;
  envelope::RowWalk walk;
};

/// A row tells of it, so a secret that isn't there is as damaged as one that was changed. A token
/// that is away says nothing about either.
Result<void> open_secret(envelope::SealedTransaction& tx, const engine::KnownSecret& known,
                         Verified& verified) {
  Result<std::string> secret = tx.open_secret(known.row, known.context);
  if (secret.ok()) {
    wipe(*secret);
    ++verified.opened;
    return {};
  }
  const ErrorCode code = secret.error().code;
  if (code != ErrorCode::corrupt && code != ErrorCode::not_found) return std::move(secret).error();
  ++verified.damaged;
  return {};
}

using MountsById = std::map<Uuid, const core::MountTable::Entry*>;

MountsById by_id(const core::MountTable& table) {
  MountsById mounts;
  for (const core::MountTable::Entry& entry : table.all()) {
    if (!entry.builtin) mounts.emplace(entry.mount.uuid, &entry);
  }
  return mounts;
}

Result<Verified> verify_rows(core::Unsealed& vault, const store::Key& after, std::size_t rows) {
  Verified verified;
  // Whatever is cached, it is the token that is asked.
  COFFER_TRY(const auto tx, vault.sealed_store->begin_uncached());
  COFFER_TRY(const auto table, vault.mounts->table(*tx));
  const MountsById mounts = by_id(*table);
  COFFER_TRY(verified.walk, vault.sealed_store->walk_rows(*tx, after, rows));
  verified.damaged_rows = verified.walk.unreadable;
  for (const envelope::WalkedRow& row : verified.walk.rows) {
    const auto mount = mounts.find(row.name.space.mount);
    if (mount == mounts.end()) continue;
    const auto secrets = mount->second->engine->secrets_in(row.name, row.value);
    if (!secrets.ok()) {
      ++verified.damaged_rows;
      continue;
    }
    for (const engine::KnownSecret& known : *secrets) {
      COFFER_CHECK(open_secret(*tx, known, verified));
    }
  }
  return verified;
}

Result<Response> verify(Call& call) {
  COFFER_TRY(const auto text, call.request.fields.string("after"));
  COFFER_TRY(const auto rows, call.request.fields.integer("rows"));
  const auto after = from_hex(text.value_or(""));
  if (!after.ok()) return invalid("field \"after\" must be what the part before this one answered");
  if (rows && (*rows < 1 || *rows > kMostRows)) return invalid("field \"rows\" must be 1 to 4096");
  COFFER_TRY(const Verified verified,
             verify_rows(*call.vault, store::Key(as_text(*after)),
                         static_cast<std::size_t>(rows.value_or(kUsualRows))));
  JsonWriter json;
  json.begin_object().key("opened").number(static_cast<std::int64_t>(verified.opened));
  json.key("damaged").number(static_cast<std::int64_t>(verified.damaged));
  json.key("damaged_rows").number(static_cast<std::int64_t>(verified.damaged_rows));
  json.key("after").string(to_hex(as_bytes(verified.walk.next)));
  json.key("done").boolean(verified.walk.done).end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> verify_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::update,
        .pattern = "rotate/verify",
        .sudo = true,
        .help = "Open the secrets of the next `rows` rows `after` one, by the token."},
       verify},
  };
  return kHandlers;
}

}  // namespace coffer::sys
