// The file to read first. One request, from who calls to what is staged; the Door does the rest.
#include "coffer/core/pipeline.h"

#include <chrono>
#include <thread>

#include "help.h"

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

bool changes(model::Operation operation) {
  using model::Operation;
  return operation == Operation::create || operation == Operation::update ||
         operation == Operation::patch || operation == Operation::remove;
}

template <typename T>
bool overtaken(const Result<T>& result) {
  return !result.ok() && result.error().code == ErrorCode::conflict;
}

/// What the caller may do beside what was asked; without a caller nothing.
class CallerAccess final : public engine::Access {
 public:
  explicit CallerAccess(const policy::Acl* acl) : acl_(acl) {}
  [[nodiscard]] bool may(model::Operation operation, std::string_view path) const override {
    return acl_ != nullptr && acl_->decide({.operation = operation, .path = path}).allowed;
  }
  [[nodiscard]] bool has_sudo(std::string_view path) const override {
    return acl_ != nullptr &&
           acl_->decide({.operation = model::Operation::update, .path = path, .sudo = true})
               .allowed;
  }

 private:
  const policy::Acl* acl_;
};

}  // namespace

struct Pipeline::Call {
  Unsealed& vault;
  model::Request& request;
  const model::Evidence& evidence;
  audit::Ticket& ticket;
  envelope::SealedTransaction& tx;
  auth::Identity identity{};                 ///< without a caller on open paths alone
  std::shared_ptr<const policy::Acl> acl{};  ///< the caller's
  std::function<void()> then{};
  bool open = false;    ///< the path needs no caller
  bool status = false;  ///< it tells the vault's own state, sealed or not
};

Staged Pipeline::run(model::Request& request, const model::Evidence& evidence) const {
  const InFlight::Presence presence(parts_.state.in_flight, request, evidence.peer);
  const std::shared_ptr<Unsealed> vault = parts_.state.unsealed();
  Staged staged = vault ? run_open(*vault, request, evidence) : run_sealed(request, evidence);
  parts_.state.tally.add(request.operation, Tally::outcome_of(staged.response));
  return staged;
}

engine::Lane Pipeline::lane(const model::Request& request) const {
  const std::shared_ptr<Unsealed> vault = parts_.state.unsealed();
  if (vault == nullptr) return engine::Lane::fast;
  const auto table = vault->mounts->latest();
  return table == nullptr ? engine::Lane::fast : table->lane(request.operation, request.path);
}

Staged Pipeline::run_open(Unsealed& vault, model::Request& request,
                          const model::Evidence& evidence) const {
  audit::Ticket ticket = vault.trail->open(request, evidence.peer);
  const model::Operation asked = request.operation;
  for (int attempt = 1;; ++attempt) {
    request.operation = asked;
    auto tx = vault.sealed_store->begin();
    if (!tx.ok()) return {std::move(ticket).close(tx.error()), {}, std::move(tx).error()};
    Call call{vault, request, evidence, ticket, **tx};
    Result<model::Response> response = serve(call);
    const Result<void> spent = overtaken(response) ? Result<void>() : spend(call, response.ok());
    if (!spent.ok()) response = spent.error();
    if (overtaken(response) && attempt < kMaxReruns) {
      if (attempt >= kPatientFrom) std::this_thread::sleep_for(kPatience);
      continue;
    }
    if (!response.ok()) {
      auto writes = spent.ok() && call.identity.counted ? (*tx)->take() : store::Transaction();
      return {std::move(ticket).close(response.error()),
              std::move(writes),
              std::move(response),
              call.status,
              {},
              call.identity.caller != nullptr};
    }
    return {std::move(ticket).close(*response),
            (*tx)->take(),
            std::move(response),
            call.status,
            std::move(call.then),
            call.identity.caller != nullptr};
  }
}

Staged Pipeline::give_up(model::Request& request, const model::Evidence& evidence) const {
  const std::shared_ptr<Unsealed> vault = parts_.state.unsealed();
  audit::Trail& trail = vault ? *vault->trail : parts_.sealed_trail;
  audit::Ticket ticket = trail.open(request, evidence.peer);
  Error error = make_error(ErrorCode::resource_exhausted,
                           "too many writers of the same thing at once; try again");
  return {std::move(ticket).close(error), {}, std::move(error)};
}

Result<model::Response> Pipeline::serve(Call& call) const {
  model::Request& request = call.request;
  COFFER_TRY(const auto table, call.vault.mounts->table(call.tx));
  const std::optional<Route> route = table->find(request.path);
  engine::RuleMatch match;
  if (route) {
    match =
        engine::match_rule(route->engine->paths_for(*route->mount), request.operation, route->path);
    call.ticket.routed(route->mount->path, route->mount->type);
  }
  call.open = match.rule != nullptr && match.rule->open;
  call.status =
      call.open && match.rule->while_sealed && request.operation == model::Operation::read;

  const Result<void> identified = identify(call);
  if (!identified.ok() && (!call.open || identified.error().code != ErrorCode::permission_denied)) {
    return identified.error();
  }
  // Help tells what paths there are, nothing of what they hold: to whoever is known at all.
  if (request.operation == model::Operation::help) return help(route);

  const CallerAccess access(call.acl.get());
  static const engine::Mount nowhere;
  engine::Context context{call.ticket,
                          call.tx,
                          call.identity.caller.get(),
                          route ? *route->mount : nowhere,
                          request.time,
                          access,
                          call.then,
                          call.evidence};
  if (match.rule != nullptr && request.operation == model::Operation::update) {
    COFFER_TRY(const bool exists, route->engine->exists(context, route->path));
    if (!exists) request.operation = model::Operation::create;
  }
  if (!call.open) COFFER_CHECK(authorise(call, match.rule));
  // Only now: who may not do a thing learns nothing of what there is.
  if (match.rule == nullptr) return no_handler(match);
  COFFER_TRY(model::Response response, route->engine->handle(context, request, route->path));
  const bool mounted = route->mount->uuid != Uuid{};
  if (mounted && changes(request.operation)) COFFER_CHECK(call.vault.mounts->hold(call.tx));
  return response;
}

/// A token decides alone; without one the kernel's word on who connected does.
Result<void> Pipeline::identify(Call& call) const {
  if (!call.evidence.bearer.empty()) {
    Result<auth::Identity> by_token =
        call.vault.tokens->identify(call.tx, call.evidence.bearer, call.request.time);
    if (!by_token.ok()) {
      if (by_token.error().code != ErrorCode::permission_denied || call.open)
        return by_token.error();
      return deny(call, {.why = "the token is unknown, expired or revoked"});
    }
    call.identity = *std::move(by_token);
  } else {
    COFFER_TRY(auto by_peer, call.vault.unix_roles->identify(call.tx, call.evidence.peer));
    if (!by_peer) return deny(call, {.why = "no token, and no role of auth/unix fits the peer"});
    call.identity = *std::move(by_peer);
  }
  const model::Caller& caller = *call.identity.caller;
  call.ticket.identified(caller);
  COFFER_TRY(call.acl, call.vault.policies->acl(call.tx, caller.policies, call.request.time));
  return {};
}

Result<void> Pipeline::authorise(Call& call, const engine::PathRule* rule) const {
  const model::Decision decision = call.acl->decide({.operation = call.request.operation,
                                                     .path = call.request.path,
                                                     .parameters = &call.request.fields,
                                                     .wrap_ttl = call.request.wrap_ttl,
                                                     .sudo = rule != nullptr && rule->sudo});
  call.ticket.decided(decision);
  if (decision.allowed) return {};
  return deny(call, decision);
}

/// The caller learns that he may not, and an id; the operator finds the reason by it.
Error Pipeline::deny(Call& call, const model::Decision& decision) const {
  if (!call.open) {
    const model::Caller* caller = call.identity.caller.get();
    parts_.state.denials.add(
        {.id = call.request.id,
         .time = call.request.time,
         .operation = call.request.operation,
         .path = call.request.path,
         .accessor = caller == nullptr ? std::string() : caller->accessor,
         .display_name = caller == nullptr ? std::string() : caller->display_name,
         .policies = caller == nullptr ? std::vector<std::string>() : caller->policies,
         .uid = call.evidence.peer.uid,
         .rule = std::string(decision.rule),
         .policy = std::string(decision.policy),
         .why = std::string(decision.why)});
  }
  return make_error(ErrorCode::permission_denied, "permission denied");
}

/// A use is a use, whatever came of it; of a failed request nothing else remains.
Result<void> Pipeline::spend(Call& call, bool served) {
  if (!call.identity.counted) return {};
  if (!served) (void)call.tx.take();
  return call.vault.tokens->spend(call.tx, *call.identity.caller, call.request.time);
}

}  // namespace coffer::core
