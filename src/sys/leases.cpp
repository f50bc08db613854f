// sys/leases, in Vault's words: look up, list, renew, revoke. docs/leases.md.
#include <algorithm>

#include "coffer/core/lease_rules.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

/// How long `sync` waits for a target.
constexpr std::chrono::seconds kSyncWait{30};
constexpr std::int64_t kMostListed = 1000;
constexpr std::int64_t kTop = 10;
constexpr int kAccepted = 202;

/// The id, from the field or from behind `in_path`. The last part of a path of Vault's clients.
Result<std::string> lease_id(const Call& call, std::string_view in_path) {
  COFFER_TRY(const std::optional<std::string> field, call.request.fields.string("lease_id"));
  if (field && !field->empty()) return *field;
  const std::string_view rest = below(call.path, in_path);
  if (!rest.empty()) return std::string(rest);
  return invalid("missing field \"lease_id\"");
}

/// Of a path like "leases/renew/*": what comes before the star.
std::string_view stem(const Call& call, std::string_view word) {
  const std::size_t at = call.path.find(word);
  const std::size_t end = at + word.size() + 1;
  return call.path.substr(0, std::min(end, call.path.size()));
}

Result<std::size_t> limit_of(const Call& call, std::int64_t otherwise) {
  COFFER_TRY(const auto limit, call.request.fields.integer("limit"));
  const std::int64_t wanted = limit.value_or(otherwise);
  if (wanted < 1 || wanted > kMostListed) return invalid("field \"limit\" must be 1 to 1000");
  return static_cast<std::size_t>(wanted);
}

Result<Response> lookup(Call& call) {
  COFFER_TRY(const std::string id, lease_id(call, call.path));
  COFFER_TRY(const auto lease, call.vault->leases->find(call.context.tx, id, call.context.now));
  if (!lease) return invalid("invalid lease");
  JsonWriter json;
  json.begin_object().key("id").string(lease->id());
  json.key("issue_time").string(to_rfc3339(lease->issued));
  json.key("expire_time").string(to_rfc3339(lease->expires));
  json.key("last_renewal");
  if (lease->last_renewal == WallTime{}) {
    json.null();
  } else {
    json.string(to_rfc3339(lease->last_renewal));
  }
  json.key("renewable").boolean(lease->terms.renewable);
  json.key("ttl").number(lease->remaining(call.context.now).count()).end_object();
  return answer(std::move(json));
}

Result<Response> list(Call& call) {
  const std::string_view prefix = below(call.path, "leases/lookup/");
  COFFER_TRY(const auto names, call.vault->leases->list(call.context.tx, prefix, call.context.now));
  if (names.empty()) return make_error(ErrorCode::not_found, "");
  JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const std::string& name : names) json.string(name);
  json.end_array().end_object();
  return answer(std::move(json));
}

Result<Response> renew(Call& call) {
  COFFER_TRY(const std::string id, lease_id(call, stem(call, "renew")));
  COFFER_TRY(const auto increment, call.request.fields.duration("increment"));
  lifecycle::Leases& leases = *call.vault->leases;
  COFFER_TRY(const auto lease, leases.find(call.context.tx, id, call.context.now));
  if (!lease) return invalid("lease not found");
  COFFER_CHECK(core::may_reach_outside(*call.vault));
  COFFER_TRY(lifecycle::Renewal renewed,
             leases.renew(call.context.ticket, call.context.tx, *lease,
                          increment.value_or(std::chrono::seconds(0)), call.context.now));
  Response response;
  response.lease_id = id;
  response.renewable = renewed.lease.terms.renewable;
  response.lease_duration = renewed.lease.remaining(call.context.now);
  response.warnings = std::move(renewed.warnings);
  return response;
}

/// In Vault tokens are leases below auth/. Here they aren't, and a 204 would say that they are
/// revoked.
Result<void> refuse_tokens(std::string_view prefix) {
  if (prefix != "auth" && !prefix.starts_with(core::kAuthPrefix)) return {};
  return invalid(
      "tokens are no leases here: revoke each by auth/token/revoke-accessor, as "
      "auth/token/accessors names them");
}

/// As Vault: what isn't there needs no end.
Result<Response> revoke(Call& call) {
  COFFER_TRY(const std::string id, lease_id(call, stem(call, "revoke")));
  COFFER_TRY(const auto sync, call.request.fields.boolean("sync"));
  lifecycle::Leases& leases = *call.vault->leases;
  if (sync.value_or(false)) {
    COFFER_CHECK(leases.end_and_wait(call.context.ticket, id, call.context.now, kSyncWait));
    return no_content();
  }
  COFFER_TRY(const auto lease, leases.find(call.context.tx, id, call.context.now));
  if (lease) COFFER_CHECK(leases.end(call.context.tx, *lease, call.context.now));
  return no_content();
}

Result<Response> end_below(Call& call, std::string_view word, bool forced) {
  std::string prefix(below(call.path, stem(call, word)));
  COFFER_TRY(const std::optional<std::string> field, call.request.fields.string("prefix"));
  if (prefix.empty() && field) prefix = *field;
  if (prefix.empty()) return invalid("missing field \"prefix\"");
  COFFER_CHECK(refuse_tokens(prefix));
  lifecycle::Leases& leases = *call.vault->leases;
  if (!prefix.ends_with('/')) {
    COFFER_TRY(const auto lease, leases.find(call.context.tx, prefix, call.context.now));
    if (lease) COFFER_CHECK(leases.end(call.context.tx, *lease, call.context.now, forced));
    if (lease) return no_content();
    prefix += '/';
  }
  COFFER_CHECK(leases.end_prefix(call.context.tx, prefix, call.context.now, forced));
  return no_content();
}

/// Vault's `sync`: true waits for the targets, false is answered with 202.
Result<Response> revoke_prefix(Call& call) {
  COFFER_TRY(const auto sync, call.request.fields.boolean("sync"));
  if (!sync) return end_below(call, "revoke-prefix", false);
  if (!*sync) {
    COFFER_TRY(Response response, end_below(call, "revoke-prefix", false));
    response.status = kAccepted;
    return response;
  }
  const std::string prefix(below(call.path, stem(call, "revoke-prefix")));
  if (prefix.empty()) return invalid("missing field \"prefix\"");
  COFFER_CHECK(refuse_tokens(prefix));
  lifecycle::Leases& leases = *call.vault->leases;
  audit::Ticket& ticket = call.context.ticket;
  const WallTime now = call.context.now;
  if (!prefix.ends_with('/')) {
    COFFER_TRY(const auto lease, leases.find(call.context.tx, prefix, now));
    if (lease) {
      COFFER_CHECK(leases.end_and_wait(ticket, prefix, now, kSyncWait));
      return no_content();
    }
  }
  const std::string folder = prefix.ends_with('/') ? prefix : prefix + '/';
  COFFER_CHECK(leases.end_prefix_and_wait(ticket, folder, now, kSyncWait));
  return no_content();
}

Result<Response> revoke_force(Call& call) { return end_below(call, "revoke-force", true); }

Result<std::string> owner_of(const Call& call) {
  COFFER_TRY(std::optional<std::string> accessor, call.request.fields.string("accessor"));
  if (!accessor || accessor->empty()) return invalid("missing field \"accessor\"");
  return *std::move(accessor);
}

Result<Response> owned(Call& call) {
  COFFER_TRY(const std::size_t most, limit_of(call, kMostListed));
  COFFER_TRY(const std::string owner, owner_of(call));
  COFFER_TRY(const auto owned, lifecycle::Leases::owned(call.context.tx, owner, most));
  JsonWriter json;
  json.begin_object().key("lease_count").number(static_cast<std::int64_t>(owned.count));
  json.key("lease_ids").begin_array();
  for (const std::string& id : owned.ids) json.string(id);
  json.end_array().end_object();
  return answer(std::move(json));
}

/// For peers of the socket above all, whom no revocation reaches. In the body, where the log hashes
/// it: as the accessors of tokens.
Result<Response> revoke_owned(Call& call) {
  COFFER_TRY(const std::string owner, owner_of(call));
  COFFER_CHECK(call.vault->leases->end_owner(call.context.tx, owner, call.context.now));
  return no_content();
}

/// Nothing is ever left to tidy: ends are tried on by themselves, and their rows say all.
Result<Response> tidy(Call& /*call*/) {
  return Response{.warnings = {"Tidy operation successfully started. Leases need none here: ends "
                               "that are pending are in sys/leases/pending."},
                  .status = kAccepted};
}

Result<bool> irrevocable(const Call& call) {
  COFFER_TRY(const std::optional<std::string> type, call.request.fields.string("type"));
  if (!type || type->empty() || *type == "live") return false;
  if (*type == "irrevocable") return true;
  return invalid("field \"type\" must be \"live\" or \"irrevocable\"");
}

Result<Response> count(Call& call) {
  COFFER_TRY(const bool ending, irrevocable(call));
  std::size_t total = 0;
  JsonWriter counts;
  counts.begin_object();
  if (ending) {
    COFFER_TRY(const auto targets, call.vault->leases->ends().targets(call.context.tx));
    for (const lifecycle::EndTarget& target : targets) {
      if (target.pending == 0) continue;
      total += target.pending;
      counts.key(target.name).number(static_cast<std::int64_t>(target.pending));
    }
  } else {
    COFFER_TRY(const auto census, lifecycle::Leases::census(call.context.tx, false));
    total = census.total;
    for (const auto& role : census.roles) {
      counts.key(role.name).number(static_cast<std::int64_t>(role.count));
    }
  }
  counts.end_object();
  JsonWriter json;
  json.begin_object().key("lease_count").number(static_cast<std::int64_t>(total));
  json.key("counts").raw(counts.view()).end_object();
  return answer(std::move(json));
}

/// Vault has no other list either. One that is asked for and can't be had is told.
Result<void> only_irrevocable(const Call& call) {
  COFFER_TRY(const std::optional<std::string> type, call.request.fields.string("type"));
  if (!type || type->empty() || *type == "irrevocable") return {};
  return invalid("field \"type\" must be \"irrevocable\"");
}

/// Those that a target hasn't taken: what Vault calls irrevocable, but here they are tried on.
Result<Response> ending(Call& call) {
  COFFER_CHECK(only_irrevocable(call));
  COFFER_TRY(const std::size_t most, limit_of(call, kMostListed));
  COFFER_TRY(const auto ends, lifecycle::LeaseEnds::pending(call.context.tx, most));
  const auto precautions =
      std::count_if(ends.begin(), ends.end(), [](const auto& end) { return end.precaution; });
  JsonWriter json;
  json.begin_object();
  json.key("lease_count").number(static_cast<std::int64_t>(ends.size()) - precautions);
  json.key("precautions").number(precautions).key("leases").begin_array();
  for (const lifecycle::PendingEnd& end : ends) {
    json.begin_object().key("lease_id").string(end.lease.id());
    json.key("target").string(end.lease.terms.target);
    json.key("since").string(to_rfc3339(end.since));
    json.key("attempts").number(end.attempts).key("error").string(end.last_error);
    json.key("precaution").boolean(end.precaution).end_object();
  }
  json.end_array().end_object();
  return answer(std::move(json));
}

void append_time(JsonWriter& json, std::string_view name, WallTime time) {
  json.key(name);
  if (time == WallTime{}) {
    json.null();
  } else {
    json.string(to_rfc3339(time));
  }
}

Result<Response> pending(Call& call) {
  COFFER_TRY(const auto targets, call.vault->leases->ends().targets(call.context.tx));
  JsonWriter json;
  json.begin_object().key("paused").boolean(call.vault->outside_paused);
  json.key("targets").begin_object();
  for (const lifecycle::EndTarget& target : targets) {
    json.key(target.name).begin_object();
    json.key("pending").number(static_cast<std::int64_t>(target.pending));
    json.key("precautions").number(static_cast<std::int64_t>(target.precautions));
    append_time(json, "failing_since", target.failing_since);
    json.key("attempts").number(target.attempts);
    append_time(json, "next_try", target.next_try);
    json.key("last_error").string(target.last_error).end_object();
  }
  json.end_object().end_object();
  return answer(std::move(json));
}

Result<Response> top(Call& call) {
  COFFER_TRY(const std::size_t most, limit_of(call, kTop));
  COFFER_TRY(const auto census, lifecycle::Leases::census(call.context.tx, true));
  JsonWriter json;
  json.begin_object().key("total").number(static_cast<std::int64_t>(census.total));
  json.key("roles").begin_array();
  for (std::size_t i = 0; i < std::min(most, census.roles.size()); ++i) {
    json.begin_object().key("prefix").string(census.roles[i].name);
    json.key("leases").number(static_cast<std::int64_t>(census.roles[i].count)).end_object();
  }
  json.end_array().key("identities").begin_array();
  for (std::size_t i = 0; i < std::min(most, census.identities.size()); ++i) {
    const auto& identity = census.identities[i];
    json.begin_object().key("identity").string(identity.name);
    json.key("display_name").string(identity.about);
    json.key("leases").number(static_cast<std::int64_t>(identity.count)).end_object();
  }
  json.end_array().key("owners").begin_array();
  for (std::size_t i = 0; i < std::min(most, census.owners.size()); ++i) {
    const auto& owner = census.owners[i];
    json.begin_object().key("accessor").string(owner.name).key("display_name").string(owner.about);
    json.key("identity").string(owner.identity);
    json.key("leases").number(static_cast<std::int64_t>(owner.count)).end_object();
  }
  json.end_array().end_object();
  return answer(std::move(json));
}

constexpr std::string_view kRenew =
    "Renew the lease `lease_id` (or in the path) for `increment`; 0 or none: as long as at first.";
constexpr std::string_view kRevoke =
    "End the lease `lease_id` (or in the path); with `sync` the answer waits for its target.";
constexpr std::string_view kPrefix = "End all leases below a prefix.";
constexpr std::string_view kForce =
    "End all leases below a prefix, and forget them although their targets refuse.";

constexpr Handler writing(std::string_view pattern, std::string_view help, bool sudo,
                          engine::Lane lane, Result<Response> (*answer)(Call&)) {
  return {{.operation = Operation::update,
           .pattern = pattern,
           .sudo = sudo,
           .lane = lane,
           .help = help},
          answer};
}

}  // namespace

std::span<const Handler> lease_handlers() {
  using engine::Lane;
  static constexpr Handler kHandlers[] = {
      writing("leases/lookup", "What is known of the lease `lease_id`.", false, Lane::fast, lookup),
      {{.operation = Operation::list,
        .pattern = "leases/lookup/*",
        .sudo = true,
        .help = "The leases and folders directly below a prefix."},
       list},
      writing("leases/renew", kRenew, false, Lane::slow, renew),
      writing("leases/renew/*", kRenew, false, Lane::slow, renew),
      writing("renew", kRenew, false, Lane::slow, renew),
      writing("renew/*", kRenew, false, Lane::slow, renew),
      writing("leases/revoke", kRevoke, false, Lane::slow, revoke),
      writing("leases/revoke/*", kRevoke, false, Lane::slow, revoke),
      writing("revoke", kRevoke, false, Lane::slow, revoke),
      writing("revoke/*", kRevoke, false, Lane::slow, revoke),
      writing("leases/revoke-prefix/*", kPrefix, true, Lane::slow, revoke_prefix),
      writing("revoke-prefix/*", kPrefix, true, Lane::slow, revoke_prefix),
      writing("leases/revoke-force/*", kForce, true, Lane::fast, revoke_force),
      writing("revoke-force/*", kForce, true, Lane::fast, revoke_force),
      writing("leases/owned",
              "How many leases the caller with this `accessor` has, and `limit` ids.", true,
              Lane::fast, owned),
      writing("leases/revoke-owned",
              "End all leases of the caller with this `accessor`, a token or a peer of the socket.",
              true, Lane::fast, revoke_owned),
      writing("leases/tidy", "Nothing to do: leases need no tidying.", false, Lane::fast, tidy),
      {{.operation = Operation::read,
        .pattern = "leases/count",
        .help = "How many leases live, by role; with `type` irrevocable, how many ends are "
                "pending, by target."},
       count},
      {{.operation = Operation::read,
        .pattern = "leases",
        .sudo = true,
        .help = "Leases whose end is pending, `limit` (1000) of them."},
       ending},
      {{.operation = Operation::read,
        .pattern = "leases/pending",
        .help = "How the ends of leases go, by target."},
       pending},
      {{.operation = Operation::read,
        .pattern = "leases/top",
        .lane = Lane::slow,
        .help = "Which roles, identities and callers have most leases, `limit` (10) of each."},
       top},
  };
  return kHandlers;
}

}  // namespace coffer::sys
