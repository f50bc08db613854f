// The file to read first. One request, from who calls to what is staged; the Door does the rest.
#include "coffer/core/pipeline.h"

#include <chrono>
#include <thread>

#include "coffer/policy/policy.h"

namespace coffer::core {
namespace {

/// A snapshot that the store has overtaken is no one's fault; more than this many in a row are.
constexpr int kMaxReruns = 64;
/// From then on the store is likely between its commit and telling of it: let it run.
constexpr int kPatientFrom = 4;
constexpr std::chrono::milliseconds kPatience{1};

Error no_handler(const engine::RuleMatch& match) {
  if (match.path_known) return make_error(ErrorCode::unsupported, "unsupported operation");
  return make_error(ErrorCode::not_found, "no handler for this path");
}

bool overtaken(const Result<model::Response>& response) {
  return !response.ok() && response.error().code == ErrorCode::conflict;
}

}  // namespace

/// What the caller may do beside what was asked; without a caller nothing.
class CallerAccess final : public engine::Access {
 public:
  explicit CallerAccess(const model::Caller* caller) : caller_(caller) {}
  [[nodiscard]] bool may(model::Operation operation, std::string_view path) const override {
    return caller_ != nullptr && policy::decide(*caller_, operation, path).allowed;
  }

 private:
  const model::Caller* caller_;
};

struct Pipeline::Call {
  model::Request& request;
  const model::Evidence& evidence;
  audit::Ticket& ticket;
  envelope::SealedTransaction& tx;
  std::function<void()> then{};
  bool open = false;    ///< the path needs no caller
  bool status = false;  ///< it tells the vault's own state, sealed or not
};

Staged Pipeline::run(model::Request& request, const model::Evidence& evidence) const {
  audit::Ticket ticket = parts_.trail.open(request, evidence.peer);
  const model::Operation asked = request.operation;
  for (int attempt = 1;; ++attempt) {
    request.operation = asked;
    auto tx = parts_.store.begin();
    if (!tx.ok()) return {std::move(ticket).close(tx.error()), {}, std::move(tx).error()};
    Call call{request, evidence, ticket, **tx};
    Result<model::Response> response = serve(call);
    if (overtaken(response) && attempt < kMaxReruns) {
      if (attempt >= kPatientFrom) std::this_thread::sleep_for(kPatience);
      continue;
    }
    if (!response.ok()) {
      return {std::move(ticket).close(response.error()), {}, std::move(response), call.status};
    }
    return {std::move(ticket).close(*response), (*tx)->take(), std::move(response), call.status,
            std::move(call.then)};
  }
}

Staged Pipeline::give_up(model::Request& request, const model::Evidence& evidence) const {
  audit::Ticket ticket = parts_.trail.open(request, evidence.peer);
  Error error = make_error(ErrorCode::resource_exhausted,
                           "too many writers of the same thing at once; try again");
  return {std::move(ticket).close(error), {}, std::move(error)};
}

Result<model::Response> Pipeline::serve(Call& call) const {
  const std::optional<Route> route = parts_.mounts.find(call.request.path);
  engine::RuleMatch match;
  if (route) {
    match = engine::match_rule(route->engine->paths_for(*route->mount), call.request.operation,
                               route->path);
    call.ticket.routed(route->mount->path, route->mount->type);
  }
  call.open = match.rule != nullptr && match.rule->open;
  call.status = call.open && match.rule->while_sealed;

  Result<model::Caller> caller = identify(call);
  if (!caller.ok() && (!call.open || caller.error().code != ErrorCode::permission_denied)) {
    return std::move(caller).error();
  }
  if (!route) {
    // Who isn't known learns nothing, not even which mounts there are.
    return make_error(ErrorCode::not_found, "no handler for this path");
  }

  const model::Caller* who = caller.ok() ? &*caller : nullptr;
  const CallerAccess access(who);
  engine::Context context{call.ticket,       call.tx, who,      *route->mount,
                          call.request.time, access,  call.then};
  if (match.rule != nullptr && call.request.operation == model::Operation::update) {
    COFFER_TRY(const bool exists, route->engine->exists(context, route->path));
    if (!exists) call.request.operation = model::Operation::create;
  }

  if (!call.open) {
    const auto decision = policy::decide(*caller, call.request.operation, call.request.path);
    call.ticket.decided(decision);
    if (!decision.allowed) return make_error(ErrorCode::permission_denied, "permission denied");
  }
  if (match.rule == nullptr) return no_handler(match);
  return route->engine->handle(context, call.request, route->path);
}

Result<model::Caller> Pipeline::identify(Call& call) const {
  COFFER_TRY(model::Caller caller, parts_.tokens.identify(call.tx, call.evidence.bearer));
  parts_.hasher->append(caller.token_hash, call.evidence.bearer);
  call.ticket.identified(caller);
  return caller;
}

}  // namespace coffer::core
