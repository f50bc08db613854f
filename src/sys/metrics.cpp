#include "metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "coffer/base/version.h"

namespace coffer::sys {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string name, std::string help, MetricType type) {
  MetricFamily out;
  out.name = std::move(name);
  out.help = std::move(help);
  out.type = type;
  return out;
}

void add_counter(MetricFamily& to, std::vector<ClientMetric::Label> labels, std::uint64_t value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  to.metric.push_back(std::move(metric));
}

MetricFamily gauge(std::string name, std::string help, double value) {
  MetricFamily out = family(std::move(name), std::move(help), MetricType::Gauge);
  ClientMetric metric;
  metric.gauge.value = value;
  out.metric.push_back(std::move(metric));
  return out;
}

MetricFamily requests(const core::Tally& tally) {
  using Outcome = core::Tally::Outcome;
  constexpr std::pair<Outcome, const char*> kOutcomes[] = {{Outcome::served, "served"},
                                                           {Outcome::denied, "denied"},
                                                           {Outcome::refused, "refused"},
                                                           {Outcome::failed, "failed"}};
  MetricFamily out =
      family("coffer_requests_total", "Requests by operation and outcome since the daemon started",
             MetricType::Counter);
  for (std::size_t i = 0; i < core::Tally::kOperations; ++i) {
    const auto operation = static_cast<model::Operation>(i);
    for (const auto& [outcome, name] : kOutcomes) {
      const std::uint64_t count = tally.of(operation, outcome);
      if (count == 0) continue;
      add_counter(out, {{"operation", std::string(model::to_string(operation))}, {"outcome", name}},
                  count);
    }
  }
  return out;
}

void add_token(std::vector<MetricFamily>& families, const pkcs11::TokenHealth& token) {
  using pkcs11::TokenState;
  families.push_back(gauge("coffer_token_up", "0 while the token is down",
                           token.state == TokenState::down ? 0 : 1));
  families.push_back(gauge("coffer_token_degraded", "1 while the token works, but not well",
                           token.state == TokenState::degraded ? 1 : 0));
  MetricFamily reopenings =
      family("coffer_token_reopenings_total", "How often the token was opened again by itself",
             MetricType::Counter);
  add_counter(reopenings, {}, token.reopenings);
  families.push_back(std::move(reopenings));
}

void add_signing(std::vector<MetricFamily>& families, const audit::SigningStatus& signing) {
  const auto seconds = [](const std::optional<WallTime>& time) {
    if (!time) return 0.0;
    return std::chrono::duration<double>(time->time_since_epoch()).count();
  };
  families.push_back(gauge("coffer_audit_signed_lines", "Lines of the audit log that are signed",
                           static_cast<double>(signing.signed_lines)));
  families.push_back(gauge("coffer_audit_signed_timestamp_seconds",
                           "When the audit log was signed last; 0: not since the daemon's start",
                           seconds(signing.signed_at)));
  families.push_back(gauge("coffer_audit_unsigned_since_timestamp_seconds",
                           "Since when the audit log can't be signed; 0: it is",
                           seconds(signing.unsigned_since)));
}

/// Of the keys that make new things; what is never over has none.
void add_periods(std::vector<MetricFamily>& families, const std::vector<core::InventoryKey>& keys) {
  MetricFamily ends =
      family("coffer_key_originator_period_end_timestamp_seconds",
             "When a key's originator usage period ends; keys without an end aren't here",
             MetricType::Gauge);
  for (const core::InventoryKey& key : keys) {
    if (!key.current() || !key.ends) continue;
    ClientMetric metric;
    metric.label = {{"key", std::string(core::name_of(key.kind))},
                    {"version", std::to_string(key.version)}};
    if (!key.serial.empty()) metric.label.push_back({"token", key.serial});
    if (!key.path.empty()) metric.label.push_back({"mount", key.path});
    metric.gauge.value = std::chrono::duration<double>(key.ends->time_since_epoch()).count();
    ends.metric.push_back(std::move(metric));
  }
  families.push_back(std::move(ends));
  const core::PeriodCounts counts = core::count_periods(keys);
  families.push_back(gauge("coffer_cryptoperiods_ending",
                           "Keys, old ones too, whose usage period ends soon",
                           static_cast<double>(counts.ending)));
  families.push_back(gauge("coffer_cryptoperiods_over",
                           "Keys, old ones too, that are kept or used beyond their usage period",
                           static_cast<double>(counts.over)));
  families.push_back(gauge("coffer_keys_compromised",
                           "Keys that are marked as compromised and aren't destroyed",
                           static_cast<double>(counts.compromised)));
}

MetricFamily build() {
  MetricFamily out = family("coffer_build_info", "The version that runs", MetricType::Gauge);
  ClientMetric metric;
  metric.label = {{"version", std::string(kVersion)}};
  metric.gauge.value = 1;
  out.metric.push_back(std::move(metric));
  return out;
}

}  // namespace

std::string metrics_text(const core::State& state, const core::Unsealed& vault,
                         std::size_t rotations_failing, const std::vector<core::InventoryKey>& keys,
                         const audit::SigningStatus* signing) {
  std::vector<MetricFamily> families;
  families.push_back(build());
  families.push_back(requests(state.tally));
  families.push_back(gauge("coffer_requests_in_flight", "Requests that workers hold right now",
                           static_cast<double>(state.in_flight.all().size())));
  families.push_back(gauge("coffer_unsealed", "1 while the vault is open", 1));
  families.push_back(gauge("coffer_audit_log_writable", "0 while the audit log can't be written",
                           state.log_trouble().empty() ? 1 : 0));
  families.push_back(gauge("coffer_kek_wraps", "Uses of the current key-encryption key",
                           static_cast<double>(vault.sealed_store->wraps())));
  families.push_back(gauge("coffer_kek_rotation_due", "1 when the key should be rotated",
                           vault.sealed_store->rotation_due() ? 1 : 0));
  families.push_back(gauge("coffer_leases", "Leases, those included whose end is pending",
                           static_cast<double>(vault.leases->counts().total())));
  families.push_back(
      gauge("coffer_lease_targets_failing", "Targets that take no ends of leases right now",
            static_cast<double>(vault.leases->ends().failing(std::chrono::seconds(0)).size())));
  families.push_back(gauge("coffer_rotations_failing",
                           "Rotations of secrets whose last step failed, at most 100",
                           static_cast<double>(rotations_failing)));
  add_periods(families, keys);
  if (signing != nullptr) add_signing(families, *signing);
  if (vault.keeper != nullptr) add_token(families, vault.keeper->health());
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace coffer::sys
