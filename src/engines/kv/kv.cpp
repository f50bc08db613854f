// One engine for both versions: the mount's option `version` says which one answers.
#include "coffer/engines/kv/kv.h"

#include "handlers.h"

namespace coffer::engines::kv {
namespace {

/// As in Vault: a mount of type kv without the option is version 1.
bool is_version2(const engine::Mount& mount) { return mount.option("version") == "2"; }

class KvEngine final : public engine::Engine {
 public:
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
    return clear_mount(tx, mount);
  }
  [[nodiscard]] Result<std::vector<engine::KnownSecret>> secrets_in(
      const engine::RowName& row, std::string_view value) const override {
    return known_secrets(row, value);
  }
  [[nodiscard]] Result<model::Response> handle(engine::Context& context,
                                               const model::Request& request,
                                               std::string_view path) override {
    return is_version2(context.mount) ? handle_version2(context, request, path)
                                      : handle_version1(context, request, path);
  }
};

}  // namespace

std::unique_ptr<engine::Engine> make_engine() { return std::make_unique<KvEngine>(); }

}  // namespace coffer::engines::kv
