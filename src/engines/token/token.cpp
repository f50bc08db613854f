#include "coffer/engines/token/token.h"

#include "answer.h"
#include "coffer/auth/token_roles.h"
#include "coffer/lifecycle/lease.h"
#include "request.h"
#include "roles.h"
#include "terms.h"

namespace coffer::engines::token {
namespace {

using auth::Token;
using engine::Context;
using model::Operation;
using model::Request;
using model::Response;

constexpr std::string_view kRolePaths = "roles/";
constexpr std::string_view kCreatePaths = "create/";

constexpr engine::PathRule kPaths[] = {
    {.operation = Operation::update,
     .pattern = "create",
     .help = "Make a token, a child of the caller's."},
    {.operation = Operation::update,
     .pattern = "create-orphan",
     .sudo = true,
     .help = "Make a token without a parent: it outlives the caller's."},
    {.operation = Operation::update,
     .pattern = "create/+",
     .help = "Make a token through a role, which says what it gets."},
    {.operation = Operation::read, .pattern = "lookup-self", .help = "The caller's own token."},
    {.operation = Operation::update, .pattern = "lookup-self", .help = "The caller's own token."},
    {.operation = Operation::read, .pattern = "lookup", .help = "The caller's own token."},
    {.operation = Operation::update,
     .pattern = "lookup",
     .help = "What is known of a token: `token`, or without it the caller's own."},
    {.operation = Operation::update,
     .pattern = "lookup-accessor",
     .help = "What is known of the token with this `accessor`; never the token itself."},
    {.operation = Operation::update,
     .pattern = "renew",
     .help = "Extend the life of `token` by `increment`, within its limits."},
    {.operation = Operation::update,
     .pattern = "renew-self",
     .help = "Extend the life of the caller's own token."},
    {.operation = Operation::update,
     .pattern = "renew-accessor",
     .help = "Extend the life of the token with this `accessor`."},
    {.operation = Operation::update,
     .pattern = "revoke",
     .help = "End `token` and all that were made with it."},
    {.operation = Operation::update,
     .pattern = "revoke-self",
     .help = "End the caller's own token and all that were made with it."},
    {.operation = Operation::update,
     .pattern = "revoke-accessor",
     .help = "End the token with this `accessor` and all that were made with it."},
    {.operation = Operation::update,
     .pattern = "revoke-orphan",
     .sudo = true,
     .help = "End `token` alone: those that were made with it live on as orphans."},
    {.operation = Operation::list,
     .pattern = "accessors/",
     .sudo = true,
     .help = "The accessors of all tokens."},
    {.operation = Operation::list, .pattern = "roles/", .help = "The names of all roles."},
    {.operation = Operation::read, .pattern = "roles/+", .help = "What a role says."},
    {.operation = Operation::update, .pattern = "roles/+", .help = "Make or change a role."},
    {.operation = Operation::remove, .pattern = "roles/+", .help = "Delete a role."},
    {.operation = Operation::update,
     .pattern = "tidy",
     .help = "Does nothing: what is over is always tidied up in the background."},
};

Error no_caller() { return make_error(ErrorCode::permission_denied, "permission denied"); }

Error no_token_of_own() {
  return make_error(ErrorCode::invalid_argument,
                    "the caller is known by the socket and has no token");
}

bool is_peer(const model::Caller& caller) { return caller.token_type == "unix"; }

class TokenEngine final : public engine::Engine {
 public:
  explicit TokenEngine(const auth::Tokens& tokens) : tokens_(tokens) {}

  [[nodiscard]] std::span<const engine::PathRule> paths() const override { return kPaths; }

  [[nodiscard]] Result<bool> exists(Context& context, std::string_view path) override {
    if (!path.starts_with(kRolePaths)) return true;
    return role_exists(context, path.substr(kRolePaths.size()));
  }

  [[nodiscard]] Result<Response> handle(Context& context, const Request& request,
                                        std::string_view path) override {
    if (context.caller == nullptr) return no_caller();
    if (path == kRolePaths) return list_roles(context);
    if (path.starts_with(kRolePaths)) return role(context, request, path.substr(kRolePaths.size()));
    if (path.starts_with("create")) return create(context, request, path);
    if (path.starts_with("lookup")) return lookup(context, request, path);
    if (path.starts_with("renew")) return renew(context, request, path);
    if (path.starts_with("revoke")) return revoke(context, request, path);
    if (path == "accessors/") return accessors(context);
    Response done;
    done.warnings = {"nothing to do: tokens that are over are tidied up in the background"};
    return done;
  }

 private:
  /// A token that the request is about, and its text where the client sent it.
  struct Target {
    Token token;
    std::string id;
  };

  [[nodiscard]] static Result<Response> role(Context& context, const Request& request,
                                             std::string_view name) {
    switch (request.operation) {
      case Operation::read: return read_role(context, name);
      case Operation::create:
      case Operation::update: return write_role(context, request, name);
      case Operation::remove: return remove_role(context, name);
      case Operation::list:
      case Operation::scan:
      case Operation::patch:
      case Operation::help: break;
    }
    return make_error(ErrorCode::unsupported, "unsupported operation");
  }

  [[nodiscard]] Result<Token> own(Context& context) const {
    if (is_peer(*context.caller)) return no_token_of_own();
    COFFER_TRY(std::optional<Token> token,
               tokens_.find_accessor(context.tx, context.caller->accessor, context.now));
    if (!token) return no_caller();
    return *std::move(token);
  }

  /// By `-self`, `-accessor`, or the field `token`. Unknown, revoked and expired are alike.
  [[nodiscard]] Result<Target> target(Context& context, const Request& request,
                                      std::string_view path) const {
    if (path.ends_with("-self")) {
      COFFER_TRY(Token token, own(context));
      return Target{std::move(token), std::string(context.evidence.bearer)};
    }
    if (path.ends_with("-accessor")) {
      COFFER_TRY(const auto accessor, request.fields.string("accessor"));
      if (!accessor || accessor->empty()) return bad_field("accessor", "missing");
      COFFER_TRY(auto token, tokens_.find_accessor(context.tx, *accessor, context.now));
      if (!token) return make_error(ErrorCode::permission_denied, "invalid accessor");
      return Target{*std::move(token), {}};
    }
    COFFER_TRY(auto id, request.fields.string("token"));
    if (!id || id->empty()) return bad_field("token", "missing");
    COFFER_TRY(auto token, tokens_.find(context.tx, *id, context.now));
    if (!token) return make_error(ErrorCode::permission_denied, "bad token");
    return Target{*std::move(token), *std::move(id)};
  }

  [[nodiscard]] Result<Response> lookup(Context& context, const Request& request,
                                        std::string_view path) const {
    const bool self = path == "lookup-self" || (path == "lookup" && !request.fields.has("token"));
    if (self && is_peer(*context.caller)) return Response{.data = lookup_data(*context.caller)};
    COFFER_TRY(const Target about, target(context, request, self ? "lookup-self" : path));
    return Response{.data = lookup_data(about.token, about.id, context.now,
                                        path == "lookup-accessor" ? Parent::told : Parent::kept)};
  }

  [[nodiscard]] Result<Response> revoke(Context& context, const Request& request,
                                        std::string_view path) const {
    const bool orphan = path == "revoke-orphan";
    auto found = target(context, request, path);
    if (!found.ok()) {
      // As Vault: what is gone needs no revocation, and says so.
      const bool gone =
          path == "revoke-accessor" && found.error().code == ErrorCode::permission_denied;
      if (!gone) return found.error();
      return Response{.warnings = {"No token found with this accessor"}};
    }
    const Target& about = *found;
    COFFER_CHECK(orphan ? tokens_.revoke_orphan(context.tx, about.token, context.now)
                        : tokens_.revoke(context.tx, about.token, context.now));
    return Response{.outcome = model::Outcome::empty};
  }

  [[nodiscard]] Result<Response> renew(Context& context, const Request& request,
                                       std::string_view path) const {
    COFFER_TRY(Target about, target(context, request, path));
    COFFER_TRY(const auto increment, duration_of(request.fields, "increment"));
    COFFER_CHECK(recheck_role(context, about.token));
    const Limits limits = limits_of(context.mount.config);
    COFFER_TRY(const Token renewed,
               tokens_.renew(context.tx, about.token, increment, limits.longest, context.now));
    Response response;
    response.auth = auth_of(renewed, about.id, context.now);
    // A period is the token's own: nobody's wish is cut by it.
    const std::chrono::seconds given = renewed.remaining(context.now);
    if (increment > given && renewed.terms.period.count() == 0) {
      response.warnings.push_back(lifecycle::cut_warning(increment, given));
    }
    return response;
  }

  /// A renewal asks again what the token came from (CVE-2026-115356): a role that is gone renews
  /// nothing, one that became stricter counts.
  [[nodiscard]] static Result<void> recheck_role(Context& context, Token& token) {
    auth::TokenTerms& terms = token.terms;
    if (terms.role.empty()) return {};
    COFFER_TRY(const auto stored, auth::read_token_role(context.tx, terms.role));
    if (!stored) {
      return make_error(ErrorCode::invalid_argument,
                        "the role of the token is gone, so it isn't renewed");
    }
    const auth::TokenRole& role = stored->role;
    if (terms.period.count() > 0 && role.period.count() > 0) terms.period = role.period;
    if (role.explicit_max_ttl.count() > 0 &&
        (terms.explicit_max_ttl.count() == 0 || terms.explicit_max_ttl > role.explicit_max_ttl)) {
      terms.explicit_max_ttl = role.explicit_max_ttl;
    }
    return {};
  }

  [[nodiscard]] Result<Response> accessors(Context& context) const {
    COFFER_TRY(const auto all, tokens_.accessors(context.tx, context.now));
    if (all.empty()) return make_error(ErrorCode::not_found, "");
    return Response{.data = keys_data(all)};
  }

  struct Making {
    Asked asked;
    Maker maker;
    std::optional<auth::TokenRole> role;
    auth::NewToken wanted;
    bool orphan = false;
  };

  [[nodiscard]] Result<void> find_maker(Context& context, Making& making) const {
    making.maker.policies = context.caller->policies;
    if (is_peer(*context.caller)) {
      making.orphan = true;  // there is no token that it could hang on
      return {};
    }
    COFFER_TRY(const Token parent, own(context));
    if (parent.terms.num_uses > 0) {
      return make_error(ErrorCode::invalid_argument,
                        "a token with a limited number of uses cannot make tokens");
    }
    making.maker.expires = !parent.never_expires();
    making.wanted.parent = parent.accessor;
    return {};
  }

  [[nodiscard]] static Result<void> find_role(Context& context, std::string_view path,
                                              Making& making) {
    if (!path.starts_with(kCreatePaths)) return {};
    const std::string_view name = path.substr(kCreatePaths.size());
    COFFER_TRY(const auto stored, auth::read_token_role(context.tx, name));
    if (!stored) return make_error(ErrorCode::invalid_argument, "unknown role");
    making.role = stored->role;
    making.wanted.terms.role = name;
    making.orphan = making.orphan || stored->role.orphan;
    return {};
  }

  /// What root can ask for, and who has `sudo` on the path.
  [[nodiscard]] static Result<void> check_powers(const Context& context, std::string_view path,
                                                 Making& making) {
    const bool powerful = making.maker.is_root() || path == "create-orphan" ||
                          context.access.has_sudo(context.mount.path + std::string(path));
    if (making.asked.no_parent && !powerful && !making.orphan) {
      return bad_field("no_parent", "needs root or sudo; or use auth/token/create-orphan");
    }
    if (making.asked.period.count() > 0 && !powerful) {
      return bad_field("period", "needs root or sudo, or a role that gives it");
    }
    making.orphan = making.orphan || making.asked.no_parent || path == "create-orphan";
    if (making.orphan) making.wanted.parent.clear();
    // A peer's tokens are orphans for want of a parent; that alone gives nobody another identity.
    const bool freed = (powerful && making.asked.no_parent) || path == "create-orphan" ||
                       (making.role && making.role->orphan);
    if (is_peer(*context.caller) && !freed) making.wanted.identity = context.caller->identity;
    return {};
  }

  [[nodiscard]] Result<Response> create(Context& context, const Request& request,
                                        std::string_view path) const {
    Making making;
    COFFER_TRY(making.asked, read_request(request.fields));
    COFFER_CHECK(find_maker(context, making));
    COFFER_CHECK(find_role(context, path, making));
    COFFER_CHECK(check_powers(context, path, making));
    const auth::TokenRole* role = making.role ? &*making.role : nullptr;
    auth::TokenTerms& terms = making.wanted.terms;
    Response response;
    COFFER_TRY(terms.policies, decide_policies(making.asked, making.maker, role));
    COFFER_CHECK(decide_times(making.asked, making.maker, role, limits_of(context.mount.config),
                              terms, response.warnings));
    terms.meta = std::move(making.asked.meta);
    terms.display_name = std::move(making.asked.display_name);
    terms.path = context.mount.path + std::string(path);
    if (role != nullptr && !role->path_suffix.empty()) terms.path += "/" + role->path_suffix;
    COFFER_TRY(const auth::Tokens::Created created,
               tokens_.create(context.tx, making.wanted, context.now));
    const ByteView token = created.token.expose(Reveal{"hand a new token to who asked for it"});
    response.auth = auth_of(created.about, as_text(token), context.now);
    return response;
  }

  const auth::Tokens& tokens_;
};

}  // namespace

std::unique_ptr<engine::Engine> make_engine(const auth::Tokens& tokens) {
  return std::make_unique<TokenEngine>(tokens);
}

}  // namespace coffer::engines::token
