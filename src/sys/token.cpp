// How the token is, for who may know more than its state.
#include "handlers.h"

namespace coffer::sys {
namespace {

std::string_view text_of(pkcs11::PinTries tries) {
  switch (tries) {
    case pkcs11::PinTries::plenty: return "plenty";
    case pkcs11::PinTries::few: return "few";
    case pkcs11::PinTries::one_left: return "one_left";
    case pkcs11::PinTries::locked: break;
  }
  return "locked";
}

/// As of now: those who try PINs by other programs aren't the daemon's. "" if it doesn't answer.
void append_pin_tries(JsonWriter& json, pkcs11::Token& token) {
  const auto now = token.info();
  json.key("pin_tries").string(now.ok() ? text_of(now->pin_tries) : "");
  json.key("so_pin_tries").string(now.ok() ? text_of(now->so_pin_tries) : "");
}

Result<Response> token(Call& call) {
  const pkcs11::TokenKeeper* const keeper = call.vault->keeper;
  if (keeper == nullptr) return make_error(ErrorCode::unavailable, "nothing watches the token");
  const pkcs11::TokenHealth health = keeper->health();
  const pkcs11::TokenInfo& info = keeper->identity();
  JsonWriter json;
  json.begin_object().key("state").string(pkcs11::to_string(health.state));
  json.key("reason").string(health.reason).key("since").string(to_rfc3339(health.since));
  json.key("trying").boolean(health.trying);
  json.key("reopenings").number(static_cast<std::int64_t>(health.reopenings));
  json.key("last_error").string(health.last_error);
  json.key("wrap").string(health.wrap).key("profile").string(info.profile);
  json.key("serial").string(info.serial).key("label").string(info.label);
  json.key("manufacturer").string(info.manufacturer).key("model").string(info.model);
  append_pin_tries(json, *call.vault->token);
  json.end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> token_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "token",
        .help = "How the token is, since when and why, and which one it is."},
       token},
  };
  return kHandlers;
}

}  // namespace coffer::sys
