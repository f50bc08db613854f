#include "coffer/core/mounts.h"

#include "coffer/base/codec.h"

namespace coffer::core {
namespace {

/// The rooms' own rows stand under the nil uuid; numbers are part of the format (1: tokens).
constexpr envelope::Space kMountSpace{.mount = {}, .table = 2};
constexpr std::uint8_t kRowFormat = 1;

std::string encode(const engine::Mount& mount) {
  Writer row;
  row.u8(kRowFormat).text(mount.path).text(mount.type).raw(mount.uuid.view());
  row.text(mount.accessor).text(mount.description);
  row.u32(static_cast<std::uint32_t>(mount.options.size()));
  for (const auto& [name, value] : mount.options) row.text(name).text(value);
  return std::string(as_text(row.view()));
}

Result<engine::Mount> decode(std::string_view text) {
  Reader row(as_bytes(text));
  engine::Mount mount;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kRowFormat) return make_error(ErrorCode::corrupt, "unknown format of a mount row");
  COFFER_TRY(mount.path, row.text());
  COFFER_TRY(mount.type, row.text());
  COFFER_TRY(const ByteView uuid, row.raw(sizeof(Uuid::bytes)));
  COFFER_TRY(mount.uuid, uuid_from(uuid));
  COFFER_TRY(mount.accessor, row.text());
  COFFER_TRY(mount.description, row.text());
  COFFER_TRY(const std::uint32_t options, row.u32());
  for (std::uint32_t i = 0; i < options; ++i) {
    COFFER_TRY(const std::string_view name, row.text());
    COFFER_TRY(const std::string_view value, row.text());
    mount.options.emplace_back(name, value);
  }
  COFFER_CHECK(row.finish());
  return mount;
}

}  // namespace

Result<void> Mounts::create(envelope::SealedTransaction& tx, const engine::Mount& mount) {
  return tx.write({kMountSpace, {}, to_string(mount.uuid)}, encode(mount),
                  envelope::Expect::absent());
}

Result<void> Mounts::load(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, tx.list(kMountSpace, {}));
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(engine::Mount mount, decode(row.value));
    if (engine_for(mount.type) == nullptr) {
      return make_error(ErrorCode::internal, "a mount has a type that no engine serves");
    }
    mounts_.push_back(std::move(mount));
  }
  return {};
}

void Mounts::serve(std::string type, std::unique_ptr<engine::Engine> engine) {
  engines_.push_back({std::move(type), std::move(engine)});
}

void Mounts::add_builtin(engine::Mount mount, std::unique_ptr<engine::Engine> engine) {
  serve(mount.type, std::move(engine));
  mounts_.push_back(std::move(mount));
}

engine::Engine* Mounts::engine_for(std::string_view type) const {
  for (const Served& served : engines_) {
    if (served.type == type) return served.engine.get();
  }
  return nullptr;
}

std::optional<Route> Mounts::find(std::string_view path) const {
  const engine::Mount* best = nullptr;
  for (const engine::Mount& mount : mounts_) {
    if (!path.starts_with(mount.path)) continue;
    if (best == nullptr || mount.path.size() > best->path.size()) best = &mount;
  }
  if (best == nullptr) return std::nullopt;
  return Route{best, engine_for(best->type), path.substr(best->path.size())};
}

}  // namespace coffer::core
