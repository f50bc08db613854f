// The path of a request to a sealed vault: only what says of itself that it needs no keys.
#include "coffer/core/pipeline.h"

namespace coffer::core {
namespace {

Error sealed() { return make_error(ErrorCode::sealed, "Vault is sealed"); }

/// No keys, no rows.
class SealedOff final : public envelope::SealedTransaction {
 public:
  Result<std::optional<envelope::OpenedRow>> read(const envelope::RowName&) override {
    return sealed();
  }
  Result<void> write(const envelope::RowName&, std::string_view, envelope::Expect) override {
    return sealed();
  }
  void erase(const envelope::RowName&, envelope::Expect) override {}
  Result<void> require(const envelope::RowName&, envelope::Expect) override { return sealed(); }
  Result<std::vector<envelope::ListedRow>> list_some(const envelope::Space&, std::string_view,
                                                     std::size_t) override {
    return sealed();
  }
  Result<store::Key> place(const envelope::RowName&) const override { return sealed(); }
  Result<store::RowVersion> version_at(const store::Key&) override { return sealed(); }
  Result<std::vector<envelope::ListedRow>> list(const envelope::Space&, std::string_view) override {
    return sealed();
  }
  Result<envelope::RowPage> page(const envelope::Space&, std::string_view, const store::Key&,
                                 std::size_t) override {
    return sealed();
  }
  Result<std::size_t> count(const envelope::Space&, std::string_view) override { return sealed(); }
  Result<void> seal_secret(const envelope::RowName&, const envelope::SecretContext&,
                           std::string_view) override {
    return sealed();
  }
  Result<std::string> open_secret(const envelope::RowName&,
                                  const envelope::SecretContext&) override {
    return sealed();
  }
  Result<void> erase_secret(const envelope::RowName&) override { return sealed(); }
  Result<void> fix() override { return sealed(); }
  store::Transaction take() override { return {}; }
};

class NoAccess final : public engine::Access {
 public:
  [[nodiscard]] bool may(model::Operation, std::string_view) const override { return false; }
  [[nodiscard]] bool has_sudo(std::string_view) const override { return false; }
};

}  // namespace

Staged Pipeline::run_sealed(model::Request& request, const model::Evidence& evidence) const {
  audit::Ticket ticket = parts_.sealed_trail.open(request, evidence.peer);
  const std::string_view mount = parts_.sys_mount.path;
  const engine::PathRule* rule = nullptr;
  std::string_view path = request.path;
  if (path.starts_with(mount)) {
    path.remove_prefix(mount.size());
    rule = engine::match_rule(parts_.sys.paths(), request.operation, path).rule;
  }
  if (rule == nullptr || !rule->open || !rule->while_sealed) {
    return {std::move(ticket).close(sealed()), {}, sealed()};
  }
  SealedOff tx;
  const NoAccess access;
  std::function<void()> then;
  engine::Context context{ticket,       tx,     nullptr, parts_.sys_mount,
                          request.time, access, then,    evidence};
  Result<model::Response> response = parts_.sys.handle(context, request, path);
  audit::Entry entry = response.ok() ? std::move(ticket).close(*response)
                                     : std::move(ticket).close(response.error());
  return {std::move(entry),
          {},
          std::move(response),
          request.operation == model::Operation::read,
          std::move(then)};
}

}  // namespace coffer::core
