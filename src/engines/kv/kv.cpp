// One engine for both versions: the mount's option `version` says which one answers.
#include "coffer/engines/kv/kv.h"

#include "coffer/crypto/random.h"
#include "coffer/engine/readable.h"
#include "handlers.h"
#include "rotation_row.h"
#include "rotations.h"
#include "stored_key.h"
#include "tables.h"

namespace coffer::engines::kv {
namespace {

/// As in Vault: a mount of type kv without the option is version 1.
bool is_version2(const engine::Mount& mount) { return mount.option("version") == "2"; }

/// An answer with a value of the secret itself, and the one that readers are meant to get.
bool is_read(const model::Request& request, std::string_view path, const model::Response& answer) {
  return request.operation == model::Operation::read && path.starts_with("data/") &&
         answer.outcome == model::Outcome::ok && answer.until_changed.empty() &&
         !request.fields.has("stage");
}

constexpr std::string_view kMetadata = "metadata/";

/// All of a secret goes, and what is known of its rotation with it.
bool is_removal(const model::Request& request, std::string_view path) {
  return request.operation == model::Operation::remove && path.starts_with(kMetadata);
}

class KvEngine final : public engine::Engine, public engine::Readable {
 public:
  KvEngine(Parts parts, const Uuid& instance, lifecycle::Handlers& handlers)
      : rotations_(std::move(parts), instance) {
    rotations_.add_to(handlers);
  }
  [[nodiscard]] std::span<const engine::PathRule> paths() const override {
    return paths_of_version2();
  }
  [[nodiscard]] std::span<const engine::PathRule> paths_for(
      const engine::Mount& mount) const override {
    return is_version2(mount) ? paths_of_version2() : paths_of_version1();
  }
  [[nodiscard]] Result<bool> exists(engine::Context& context, std::string_view path) override {
    return is_version2(context.mount) ? exists_in_version2(context, path)
                                      : exists_in_version1(context, path);
  }
  [[nodiscard]] Result<bool> clear(engine::SealedTransaction& tx,
                                   const engine::Mount& mount) override {
    rotations_.forget(mount.uuid);  // nobody reads there any more
    return clear_mount(tx, mount);
  }
  [[nodiscard]] Result<std::vector<engine::KnownSecret>> secrets_in(
      const engine::RowName& row, std::string_view value) const override {
    return known_secrets(row, value);
  }
  [[nodiscard]] Result<void> mend(engine::SealedTransaction& tx, const engine::RowName& row,
                                  std::string_view value, WallTime now) override {
    const View view(tx, row.space.mount, now);
    if (row.space.table == kMetadataTable) return mend_folders(view, row.parent + row.name);
    if (row.space.table != kRotationTable) return {};
    COFFER_TRY([[maybe_unused]] const Rotation whole, decode_rotation(value));
    return rotations_.mend(view, row.parent + row.name);
  }
  [[nodiscard]] std::optional<std::vector<engine::SecretText>> texts_of(
      std::string_view) const override {
    return std::nullopt;
  }
  [[nodiscard]] Result<std::optional<engine::SecretPlace>> place_of(
      engine::SealedTransaction&, const engine::Mount& mount,
      const engine::SecretContext& secret) const override {
    const std::optional<std::string> pending = pending_path(secret);
    const std::string& name = pending ? *pending : secret.path;
    return std::optional(engine::SecretPlace{.path = is_version2(mount) ? "data/" + name : name,
                                             .name = name,
                                             .kind = "secret",
                                             .version = pending ? 0 : secret.version,
                                             .pending = pending.has_value()});
  }
  [[nodiscard]] Result<model::Response> handle(engine::Context& context,
                                               const model::Request& request,
                                               std::string_view path) override {
    if (!is_version2(context.mount)) return handle_version1(context, request, path);
    if (Rotations::is_ours(path)) return rotations_.handle(context, request, path);
    auto answer = handle_version2(context, request, path);
    if (answer.ok() && is_read(request, path, *answer)) {
      COFFER_CHECK(rotations_.was_read(context, request, path));
    }
    if (answer.ok() && is_removal(request, path)) {
      rotations_.was_removed(context, path.substr(kMetadata.size()));
    }
    return answer;
  }

 private:
  Rotations rotations_;
};

}  // namespace

Result<std::unique_ptr<engine::Engine>> make_engine(Parts parts, lifecycle::Handlers& handlers) {
  COFFER_TRY(const Uuid instance, crypto::random_uuid());
  std::unique_ptr<engine::Engine> made =
      std::make_unique<KvEngine>(std::move(parts), instance, handlers);
  return made;
}

}  // namespace coffer::engines::kv
