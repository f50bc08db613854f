// One engine of an auth method, called without a pipeline: no policy decides, and the caller is
// whom the test says.
#pragma once

#include "coffer/audit/trail.h"
#include "coffer/engine/engine.h"
#include "fakes/fake_log.h"
#include "fakes/test_auth.h"

namespace coffer::fakes {

class EngineKit : public TestAuth {
 public:
  explicit EngineKit(std::string mount_path,
                     std::unique_ptr<store::Store> stored_in = store::open_memory_store(Uuid{{9}}))
      : TestAuth(std::move(stored_in)) {
    mount.path = std::move(mount_path);
    trail_ = std::make_unique<audit::Trail>(log_, nullptr, system_clock());
  }

  /// As the pipeline does: rule, exists, handle, commit. Fails where there is no rule.
  Result<model::Response> call(const model::Caller& caller, model::Operation operation,
                               const std::string& path, const std::string& body = {}) {
    model::Request request{.id = {},
                           .time = now,
                           .operation = operation,
                           .path = mount.path + path,
                           .fields = must(model::Fields::parse(body))};
    audit::Ticket ticket = trail_->open(request, peer_);
    auto tx = begin();
    std::function<void()> then;
    const AllMay access(sudo);
    const model::Evidence evidence{peer_, bearer};
    engine::Context context{ticket, *tx, &caller, mount, now, access, then, evidence};
    const auto match = engine::match_rule(engine->paths(), operation, path);
    last_rule = match.rule;
    if (match.rule == nullptr) return make_error(ErrorCode::unsupported, "no rule");
    if (operation == model::Operation::update && !must(engine->exists(context, path))) {
      request.operation = model::Operation::create;
    }
    last_operation = request.operation;
    auto response = engine->handle(context, request, path);
    response.ok() ? (void)std::move(ticket).close(*response)
                  : (void)std::move(ticket).close(response.error());
    if (response.ok() && !commit(*tx)) throw std::runtime_error("lost a race against nobody");
    if (response.ok() && then) then();
    return response;
  }

  std::unique_ptr<engine::Engine> engine;
  engine::Mount mount;
  bool sudo = false;   ///< what has_sudo() says
  std::string bearer;  ///< as if it had come with the request
  const engine::PathRule* last_rule = nullptr;
  model::Operation last_operation = model::Operation::read;

 protected:
  /// Of something that passes no engine.
  audit::Ticket open_ticket(const model::Request& request) { return trail_->open(request, peer_); }

 private:
  class AllMay final : public engine::Access {
   public:
    explicit AllMay(bool sudo) : sudo_(sudo) {}
    [[nodiscard]] bool may(model::Operation, std::string_view) const override { return true; }
    [[nodiscard]] bool has_sudo(std::string_view) const override { return sudo_; }

   private:
    const bool sudo_;
  };

  FakeLog log_;
  std::unique_ptr<audit::Trail> trail_;
  model::Peer peer_{.uid = 1000, .gid = 1000, .pid = 42, .groups = {}, .unit = {}};
};

}  // namespace coffer::fakes
