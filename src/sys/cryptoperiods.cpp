// How long each kind of key may be used: docs/keys.md.
#include "coffer/core/cryptoperiods.h"

#include "coffer/core/rotation.h"
#include "coffer/model/duration.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kPrefix = "cryptoperiods/";

void append_duration(JsonWriter& json, std::string_view name, std::chrono::seconds duration) {
  json.key(name);
  if (duration.count() == 0) {
    json.number(0);
  } else {
    json.string(model::to_text(duration));
  }
}

void append_period(JsonWriter& json, const core::Cryptoperiod& period) {
  json.begin_object();
  append_duration(json, "originator_period", period.originator);
  append_duration(json, "recipient_period", period.recipient);
  append_duration(json, "warn", period.warn);
  json.key("enforce").boolean(period.enforce).end_object();
}

Result<core::KeyKind> kind_in(const Call& call) {
  const auto kind = core::key_kind(below(call.path, kPrefix));
  if (kind) return *kind;
  return invalid(
      "no such kind of key: kek, sign, record, bind, name, token_hash, audit, fingerprint or "
      "ssh_ca");
}

Result<Response> read_all(Call& call) {
  COFFER_TRY(const core::Cryptoperiods periods, core::Cryptoperiods::read(call.context.tx));
  JsonWriter json;
  json.begin_object();
  for (const core::KeyKind kind : core::kKeyKinds) {
    json.key(core::name_of(kind));
    append_period(json, periods.of(kind));
  }
  json.end_object();
  return answer(std::move(json));
}

Result<Response> read_one(Call& call) {
  COFFER_TRY(const core::KeyKind kind, kind_in(call));
  COFFER_TRY(const core::Cryptoperiods periods, core::Cryptoperiods::read(call.context.tx));
  JsonWriter json;
  append_period(json, periods.of(kind));
  return answer(std::move(json));
}

/// What isn't named stays. It is looked at once whether a key has had its time by these.
Result<Response> write(Call& call) {
  const model::Fields& fields = call.request.fields;
  COFFER_TRY(const auto originator, fields.duration("originator_period"));
  COFFER_TRY(const auto recipient, fields.duration("recipient_period"));
  COFFER_TRY(const auto warn, fields.duration("warn"));
  COFFER_TRY(const auto enforce, fields.boolean("enforce"));
  COFFER_TRY(const core::KeyKind kind, kind_in(call));
  COFFER_TRY(core::Cryptoperiods periods, core::Cryptoperiods::read(call.context.tx));
  core::Cryptoperiod period = periods.of(kind);
  period.originator = originator.value_or(period.originator);
  period.recipient = recipient.value_or(period.recipient);
  period.warn = warn.value_or(period.warn);
  period.enforce = enforce.value_or(period.enforce);
  COFFER_CHECK(core::check(kind, period));
  periods.set(kind, period);
  COFFER_CHECK(periods.write(call.context.tx));
  COFFER_CHECK(core::look_at_keys(call.context.tx, call.context.now));
  return no_content();
}

/// As if it had never been configured.
Result<Response> remove(Call& call) {
  COFFER_TRY(const core::KeyKind kind, kind_in(call));
  COFFER_TRY(core::Cryptoperiods periods, core::Cryptoperiods::read(call.context.tx));
  periods.set(kind, core::default_period(kind));
  COFFER_CHECK(periods.write(call.context.tx));
  return no_content();
}

}  // namespace

std::span<const Handler> period_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "cryptoperiods",
        .help = "How long each kind of key may be used."},
       read_all},
      {{.operation = Operation::read,
        .pattern = "cryptoperiods/+",
        .help = "How long this kind of key may be used."},
       read_one},
      {{.operation = Operation::update,
        .pattern = "cryptoperiods/+",
        .sudo = true,
        .help = "Set `originator_period`, `recipient_period`, `warn` and `enforce` of this kind of "
                "key."},
       write},
      {{.operation = Operation::remove,
        .pattern = "cryptoperiods/+",
        .sudo = true,
        .help = "Go back to the usual cryptoperiods of this kind of key."},
       remove},
  };
  return kHandlers;
}

}  // namespace coffer::sys
