// What anyone may ask, whether the vault is open or not.
#include <algorithm>

#include "coffer/audit/checkpointer.h"
#include "coffer/audit/witness.h"
#include "coffer/base/version.h"
#include "coffer/core/key_inventory.h"
#include "coffer/core/lacking.h"
#include "coffer/core/restored.h"
#include "coffer/lifecycle/effective_time.h"
#include "coffer/lifecycle/rotation_index.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr int kOk = 200;
constexpr int kNotInitialised = 501;
constexpr int kUnavailable = 503;
constexpr int kMaxStatus = 599;

void append_identity(JsonWriter& json, const core::State& state) {
  json.key("version").string(kVersion);
  const std::optional<Uuid> vault = state.vault();
  const std::shared_ptr<core::Unsealed> open = state.unsealed();
  if (!vault || open == nullptr) return;
  json.key("recovery").boolean(open->keyring->tokens().size() > 1);
  json.key("cluster_name").string("coffer").key("cluster_id").string(to_string(*vault));
}

/// How the token is, for everyone; why, only for who may read sys/token.
std::optional<pkcs11::TokenState> token_state(const core::State& state) {
  const auto vault = state.unsealed();
  if (vault == nullptr || vault->keeper == nullptr) return std::nullopt;
  return vault->keeper->health().state;
}

void append_token(JsonWriter& json, std::optional<pkcs11::TokenState> token) {
  if (token) json.key("token_state").string(pkcs11::to_string(*token));
}

/// How many targets take no ends of leases, and have not for a minute; nothing while none is.
/// Which, for who may read sys/leases/pending.
void append_leases(JsonWriter& json, const core::State& state) {
  const auto vault = state.unsealed();
  if (vault == nullptr) return;
  const auto failing = vault->leases->ends().failing(std::chrono::minutes(1));
  if (failing.empty()) return;
  json.key("lease_targets_failing").number(static_cast<std::int64_t>(failing.size()));
}

/// A number for everyone; which they are, for who may list sys/rotation. That it can't be told now
/// is no reason to call the vault ill.
void append_rotations(JsonWriter& json, const Call& call) {
  const auto failing = lifecycle::failing_rotations(call.context.tx);
  if (!failing.ok() || *failing == 0) return;
  json.key("rotations_failing").number(static_cast<std::int64_t>(*failing));
}

/// In how many databases nobody has looked for users of a time that a restore took back; which, for
/// who may read sys/restore.
void append_unsearched(JsonWriter& json, const Call& call) {
  const auto vault = call.parts.state.unsealed();
  if (vault == nullptr) return;
  const auto paths = core::unsearched_databases(*vault->mounts, call.context.tx);
  if (!paths.ok() || paths->empty()) return;
  json.key("databases_unsearched").number(static_cast<std::int64_t>(paths->size()));
}

/// How many secrets of a store that was taken on are damaged; which, for who may read sys/restore.
void append_lacking(JsonWriter& json, const Call& call) {
  const auto vault = call.parts.state.unsealed();
  if (vault == nullptr) return;
  const auto lacking = core::still_lacking(*vault->mounts, call.context.tx);
  if (!lacking.ok() || lacking->secrets == 0) return;
  json.key("secrets_damaged").number(static_cast<std::int64_t>(lacking->secrets));
}

/// Numbers for everyone; which keys they are, for who may read sys/key-inventory.
void append_periods(JsonWriter& json, const Call& call) {
  const auto vault = call.parts.state.unsealed();
  if (vault == nullptr) return;
  const auto keys = core::key_inventory(*vault, call.context.tx, call.context.now);
  if (!keys.ok()) return;
  const core::PeriodCounts counts = core::count_periods(*keys);
  if (counts.ending > 0) {
    json.key("cryptoperiods_ending").number(static_cast<std::int64_t>(counts.ending));
  }
  if (counts.compromised > 0) {
    json.key("keys_compromised").number(static_cast<std::int64_t>(counts.compromised));
  }
  if (counts.over > 0) {
    json.key("cryptoperiods_over").number(static_cast<std::int64_t>(counts.over));
  }
}

bool has_fork(const core::Control& control) {
  if (control.witnesses() == nullptr) return false;
  const auto all = control.witnesses()->status();
  return std::any_of(all.begin(), all.end(),
                     [](const audit::WitnessStatus& one) { return one.fork; });
}

/// Since when the audit log goes unsigned; nothing while it is signed. Why, for who may read
/// sys/audit/status.
void append_signing(JsonWriter& json, const core::Control& control) {
  const audit::Checkpointer* const signing = control.signing();
  if (signing == nullptr) return;
  const auto since = signing->status().unsigned_since;
  if (since) json.key("audit_unsigned_since").string(to_rfc3339(*since));
  if (has_fork(control)) json.key("audit_fork").boolean(true);
}

/// Vault lets the caller choose the status, for load balancers that know only one.
Result<int> status_wanted(const model::Fields& fields, std::string_view name, int usual) {
  COFFER_TRY(const std::optional<std::int64_t> wanted, fields.integer(name));
  if (!wanted) return usual;
  if (*wanted < kOk || *wanted > kMaxStatus) {
    return invalid(std::string("field \"").append(name) + "\" must be an HTTP status, 200 to 599");
  }
  return static_cast<int>(*wanted);
}

/// All four are read, so that a wrong one is told also while it doesn't count. A token that is down
/// is 200 unless the caller wants otherwise: the keeper opens it again, what needs no token is
/// served, and a supervisor that restarts the daemon for it would end both.
Result<int> health_status(const Call& call, bool initialised, bool sealed, bool trouble,
                          bool token_down) {
  const model::Fields& fields = call.request.fields;
  COFFER_TRY(const int active, status_wanted(fields, "activecode", kOk));
  COFFER_TRY(const int when_sealed, status_wanted(fields, "sealedcode", kUnavailable));
  COFFER_TRY(const int not_made, status_wanted(fields, "uninitcode", kNotInitialised));
  COFFER_TRY(const int without_token, status_wanted(fields, "tokendowncode", active));
  if (!initialised) return not_made;
  if (sealed) return when_sealed;
  if (trouble) return kUnavailable;
  return token_down ? without_token : active;
}

/// Vault's codes: 200 when this node serves. A vault that can't record what it does doesn't serve.
Result<Response> health(Call& call) {
  const core::State& state = call.parts.state;
  const std::string trouble = state.log_trouble();
  const bool initialised = state.vault().has_value();
  const bool sealed = state.unsealed() == nullptr;
  const auto token = token_state(state);
  const bool token_down = token == pkcs11::TokenState::down;
  COFFER_TRY(const int status,
             health_status(call, initialised, sealed, !trouble.empty(), token_down));
  JsonWriter json;
  json.begin_object().key("initialized").boolean(initialised).key("sealed").boolean(sealed);
  json.key("standby").boolean(false).key("performance_standby").boolean(false);
  json.key("replication_performance_mode").string("disabled");
  json.key("replication_dr_mode").string("disabled");
  const auto now = call.context.now.time_since_epoch();
  json.key("server_time_utc").number(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  append_identity(json, state);
  append_token(json, token);
  append_leases(json, state);
  append_rotations(json, call);
  append_unsearched(json, call);
  append_lacking(json, call);
  append_periods(json, call);
  append_signing(json, call.parts.control);
  if (const auto* time = call.parts.control.time(); time != nullptr && time->read().stepped) {
    json.key("clock_stepped").boolean(true);
  }
  if (!trouble.empty()) json.key("errors").begin_array().string(trouble).end_array();
  json.end_object();
  return bare(std::move(json), status);
}

Result<Response> leader(Call& /*call*/) {
  JsonWriter json;
  json.begin_object().key("ha_enabled").boolean(false).key("is_self").boolean(true);
  json.key("leader_address").string("").key("leader_cluster_address").string("");
  json.end_object();
  return bare(std::move(json));
}

}  // namespace

/// One token opens the vault: one share of one, in Vault's words.
Response seal_status(const core::State& state) {
  JsonWriter json;
  json.begin_object().key("type").string("pkcs11");
  json.key("initialized").boolean(state.vault().has_value());
  json.key("sealed").boolean(state.unsealed() == nullptr);
  json.key("t").number(1).key("n").number(1);
  json.key("progress").number(0).key("nonce").string("").key("migration").boolean(false);
  json.key("recovery_seal").boolean(false).key("storage_type").string("sqlite");
  json.key("commit_date").string("").key("build_date").string("");
  append_identity(json, state);
  append_token(json, token_state(state));
  json.end_object();
  return bare(std::move(json));
}

std::span<const Handler> status_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "health",
        .open = true,
        .while_sealed = true,
        .help = "Is this vault initialised, unsealed, and able to serve?"},
       health},
      {{.operation = Operation::read,
        .pattern = "seal-status",
        .open = true,
        .while_sealed = true,
        .help = "The state of the seal."},
       [](Call& call) -> Result<Response> { return seal_status(call.parts.state); }},
      {{.operation = Operation::read,
        .pattern = "leader",
        .open = true,
        .while_sealed = true,
        .help = "Whether there are several nodes: there is one."},
       leader},
  };
  return kHandlers;
}

}  // namespace coffer::sys
