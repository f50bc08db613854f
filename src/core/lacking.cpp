#include "coffer/core/lacking.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/envelope/stored.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kFormat = 1;

envelope::RowName lacking_row() { return {kSettingsSpace, {}, "lacking"}; }

void put(Writer& out, const envelope::RowName& row) {
  out.raw(row.space.mount.view()).u16(row.space.table).text(row.parent).text(row.name);
}

Result<envelope::RowName> read_name(Reader& in) {
  envelope::RowName row;
  COFFER_TRY(const ByteView mount, in.raw(row.space.mount.bytes.size()));
  COFFER_TRY(row.space.mount, uuid_from(mount));
  COFFER_TRY(row.space.table, in.u16());
  COFFER_TRY(row.parent, in.text());
  COFFER_TRY(row.name, in.text());
  return row;
}

Result<LackingSecret> read_secret(Reader& in) {
  LackingSecret one;
  COFFER_TRY(one.said_by, read_name(in));
  COFFER_TRY(one.secret.row, read_name(in));
  one.secret.context.mount = one.secret.row.space.mount;
  COFFER_TRY(one.secret.context.path, in.text());
  COFFER_TRY(one.secret.context.version, in.u64());
  COFFER_TRY(one.version, in.u64());
  COFFER_TRY(const ByteView id, in.raw(one.id.bytes.size()));
  COFFER_TRY(one.id, uuid_from(id));
  return one;
}

std::string encode(const Lacking& lacking) {
  Writer out;
  out.u8(kFormat).u64(lacking.rows).u64(lacking.secrets);
  out.u32(static_cast<std::uint32_t>(lacking.named.size()));
  for (const std::string& what : lacking.named) out.text(what);
  out.u32(static_cast<std::uint32_t>(lacking.known.size()));
  for (const LackingSecret& one : lacking.known) {
    put(out, one.said_by);
    put(out, one.secret.row);
    out.text(one.secret.context.path).u64(one.secret.context.version).u64(one.version);
    out.raw(one.id.view());
  }
  return std::string(as_text(out.view()));
}

Result<Lacking> decode(std::string_view text) {
  Reader in(as_bytes(text));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (format != kFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of what a store lacks");
  }
  Lacking lacking;
  COFFER_TRY(lacking.rows, in.u64());
  COFFER_TRY(lacking.secrets, in.u64());
  COFFER_TRY(const std::uint32_t named, in.u32());
  for (std::uint32_t i = 0; i < named; ++i) {
    COFFER_TRY(const std::string_view what, in.text());
    lacking.named.emplace_back(what);
  }
  COFFER_TRY(const std::uint32_t known, in.u32());
  for (std::uint32_t i = 0; i < known; ++i) {
    COFFER_TRY(LackingSecret one, read_secret(in));
    lacking.known.push_back(std::move(one));
  }
  COFFER_CHECK(in.finish());
  return lacking;
}

const MountTable::Entry* find_mount(const MountTable& table, const Uuid& mount) {
  const auto found = std::find_if(table.all().begin(), table.all().end(), [&](const auto& it) {
    return !it.builtin && it.mount.uuid == mount;
  });
  return found == table.all().end() ? nullptr : &*found;
}

bool same_row(const envelope::RowName& a, const envelope::RowName& b) {
  return a.space.mount == b.space.mount && a.space.table == b.space.table && a.parent == b.parent &&
         a.name == b.name;
}

/// Whether it is said of still, and stands as it did.
Result<bool> lacks(const engine::Engine& engine, envelope::SealedTransaction& tx,
                   const LackingSecret& one) {
  COFFER_TRY(const auto row, tx.read(one.said_by));
  if (!row) return false;
  COFFER_TRY(const auto said, engine.secrets_in(one.said_by, row->value));
  const bool is_said = std::any_of(said.begin(), said.end(), [&](const auto& secret) {
    return same_row(secret.row, one.secret.row);
  });
  if (!is_said) return false;
  COFFER_TRY(const store::Key place, tx.place(one.secret.row));
  COFFER_TRY(const store::RowVersion version, tx.version_at(place));
  if (version == 0 || one.version == 0 || one.id == Uuid{}) return version == one.version;
  // Its version moves when it is rewrapped, as one can be of which only the content is damaged.
  COFFER_TRY(const Uuid id, envelope::stored_secret_id(tx, one.secret.row));
  return id == one.id;
}

std::string name_of(const engine::Mount& mount, const envelope::SecretContext& secret) {
  const std::string name = mount.path + secret.path;
  return secret.version == 0 ? name : name + ", version " + std::to_string(secret.version);
}

}  // namespace

void Lacking::add_row(std::string what) {
  ++rows;
  if (named.size() < kMost) named.push_back(std::move(what));
}

void Lacking::add_secret(LackingSecret secret) {
  ++secrets;
  if (known.size() < kMost) known.push_back(std::move(secret));
}

Result<void> set_lacking(envelope::SealedTransaction& tx, const Lacking& lacking) {
  const bool none = lacking.rows == 0 && lacking.secrets == 0;
  if (!none) return tx.write(lacking_row(), encode(lacking), envelope::Expect::anything());
  tx.erase(lacking_row(), envelope::Expect::anything());
  return {};
}

Result<Lacking> read_lacking(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto row, tx.read(lacking_row()));
  return row ? decode(row->value) : Lacking{};
}

Result<StillLacking> still_lacking(Mounts& mounts, envelope::SealedTransaction& tx) {
  COFFER_TRY(Lacking lacking, read_lacking(tx));
  COFFER_TRY(const auto table, mounts.table(tx));
  StillLacking still{.rows = lacking.rows, .named = std::move(lacking.named)};
  for (const LackingSecret& one : lacking.known) {
    const auto* const mount = find_mount(*table, one.secret.context.mount);
    if (mount == nullptr) continue;
    COFFER_TRY(const bool lacking_still, lacks(*mount->engine, tx, one));
    if (lacking_still) still.damaged.push_back(name_of(mount->mount, one.secret.context));
  }
  still.secrets = lacking.secrets - lacking.known.size() + still.damaged.size();
  return still;
}

}  // namespace coffer::core
