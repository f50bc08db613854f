// Initialise, seal, unseal. These change what is only in memory, or commit by themselves where
// there is no vault yet to commit through (docs/decisions/0004); so their request line is on disk
// first.
#include <unistd.h>

#include "coffer/base/log.h"
#include "handlers.h"

namespace coffer::sys {

Response seal_status(const core::State& state);

namespace {

/// The PIN that came with the request, if one did.
Result<std::optional<SecureBytes>> pin_of(const Request& request, std::string_view field) {
  COFFER_TRY(std::optional<std::string> text, request.fields.string(field));
  if (!text || text->empty()) return std::optional<SecureBytes>();
  Result<SecureBytes> pin = SecureBytes::copy_of(as_bytes(*text));
  wipe(*text);
  if (!pin.ok()) return std::move(pin).error();
  return std::optional<SecureBytes>(*std::move(pin));
}

/// What the token says of a PIN is told: to who brings it "permission denied" would say that a
/// policy refused, and to an operator nothing of what to do.
Error of_token(Error error) {
  if (error.code == ErrorCode::permission_denied) error.code = ErrorCode::precondition;
  return error;
}

/// Sharing keys among people comes with the quorum; until then a request for it must not be taken
/// for granted.
Result<void> refuse_shares(const model::Fields& fields) {
  for (const std::string_view name : {"secret_shares", "secret_threshold", "recovery_shares",
                                      "recovery_threshold", "stored_shares"}) {
    COFFER_TRY(const std::optional<std::int64_t> count, fields.integer(name));
    if (count && (*count < 0 || *count > 1)) {
      return invalid(std::string("field \"").append(name) +
                     "\": the keys are on the token; shares of them aren't supported yet");
    }
  }
  for (const std::string_view name : {"pgp_keys", "recovery_pgp_keys", "root_token_pgp_key"}) {
    if (fields.has(name)) {
      return invalid(std::string("field \"").append(name) + "\": PGP isn't supported");
    }
  }
  return {};
}

Result<Response> init_status(Call& call) {
  JsonWriter json;
  json.begin_object().key("initialized").boolean(call.parts.state.vault().has_value());
  json.end_object();
  return bare(std::move(json));
}

/// Whoever can start the daemon can open it too. Anyone else would be offering guesses of the PIN,
/// of which the token takes few: they are let through only where operators are its one source.
Result<void> check_opener(const Call& call, std::string_view field, bool brings_pin) {
  const uid_t uid = call.context.evidence.peer.uid;
  if (uid == ::geteuid() || uid == 0) return {};
  if (call.parts.control.has_pin()) {
    return make_error(ErrorCode::permission_denied, "only the daemon's own user and root may");
  }
  if (brings_pin) return {};
  return invalid(std::string("field \"").append(field) +
                 "\": the token's PIN is needed from this user");
}

Result<std::optional<Uuid>> adopted_vault(const Request& request) {
  COFFER_TRY(const std::optional<std::string> text, request.fields.string("adopt"));
  if (!text) return std::optional<Uuid>();
  const auto id = parse_uuid(*text);
  if (!id.ok()) return invalid("field \"adopt\" must be the id of a vault");
  return std::optional<Uuid>(*id);
}

/// What is to open the vault once its token is lost: a second one, or, said plainly, nothing.
struct Recovery {
  std::optional<envelope::Enrolment> token{};
  bool none = false;
};

Result<Recovery> recovery_of(const Request& request) {
  Recovery recovery;
  COFFER_TRY(const auto fields, request.fields.object("recovery_token"));
  COFFER_TRY(const auto none, request.fields.boolean("no_recovery"));
  recovery.none = none.value_or(false);
  if (!fields) return recovery;
  if (recovery.none)
    return invalid("fields \"recovery_token\" and \"no_recovery\" exclude each other");
  COFFER_TRY(recovery.token, enrolment_of(*fields));
  COFFER_CHECK(envelope::check_enrolment(*recovery.token, recovery.token->vault));
  return recovery;
}

constexpr std::string_view kNoRecovery =
    "this vault has no recovery: whoever loses its token loses the vault "
    "(coffer operator token enroll)";

Result<Response> init(Call& call) {
  COFFER_CHECK(refuse_shares(call.request.fields));
  COFFER_TRY(const std::optional<Uuid> adopt, adopted_vault(call.request));
  COFFER_TRY(const Recovery recovery, recovery_of(call.request));
  COFFER_TRY(const auto pin, pin_of(call.request, "pin"));
  COFFER_CHECK(check_opener(call, "pin", pin.has_value()));
  COFFER_CHECK(call.context.ticket.make_durable());
  const auto made = call.parts.control.initialise(pin ? &*pin : nullptr, adopt, recovery.token);
  if (!made.ok()) return of_token(made.error());
  const core::Control::Initialised& done = *made;
  JsonWriter json;
  json.begin_object().key("keys").begin_array().end_array();
  json.key("keys_base64").begin_array().end_array();
  json.key("root_token")
      .string(as_text(done.root_token.expose(Reveal{"hand the root token out, once"})));
  json.key("vault_id").string(to_string(done.vault));
  json.key("token_serial").string(done.token_serial);
  json.key("adopted").boolean(done.adopted);
  json.key("recovery").boolean(recovery.token.has_value());
  // Vault's clients know neither field: they get their vault, and are told what it lacks.
  if (!recovery.token && !recovery.none) {
    json.key("warnings").begin_array().string(kNoRecovery).end_array();
  }
  json.end_object();
  return bare(std::move(json));
}

Result<Response> seal(Call& call) {
  core::State& state = call.parts.state;
  // Once this answer is on record: a seal that nobody can prove must not happen either.
  core::Control& control = call.parts.control;
  call.context.then = [&state, &control] {
    control.forget_pin();
    control.retire(state.seal());
    log::info("sealed");
  };
  return no_content();
}

Result<Response> unseal(Call& call) {
  COFFER_TRY(const auto pin, pin_of(call.request, "key"));
  COFFER_TRY(const std::optional<bool> reset, call.request.fields.boolean("reset"));
  if (reset.value_or(false)) return seal_status(call.parts.state);
  COFFER_CHECK(check_opener(call, "key", pin.has_value()));
  COFFER_CHECK(call.context.ticket.make_durable());
  const Result<void> opened = call.parts.control.unseal(pin ? &*pin : nullptr);
  if (!opened.ok()) return of_token(opened.error());
  return seal_status(call.parts.state);
}

}  // namespace

std::span<const Handler> seal_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "init",
        .open = true,
        .while_sealed = true,
        .help = "Whether this vault was initialised."},
       init_status},
      {{.operation = Operation::update,
        .pattern = "init",
        .open = true,
        .while_sealed = true,
        .help =
            "Make the vault: keys on the token (or those of the vault `adopt`), and a root token "
            "that is shown once. `pin`: the token's, if the daemon has no source of it."},
       init},
      {{.operation = Operation::update,
        .pattern = "seal",
        .sudo = true,
        .help = "Seal the vault: keys leave memory, and nothing is served until it is unsealed."},
       seal},
      {{.operation = Operation::update,
        .pattern = "unseal",
        .open = true,
        .while_sealed = true,
        .help =
            "Unseal the vault. `key`: the token's PIN. Where the daemon has a source of it, only "
            "its own user and root may, and need none."},
       unseal},
  };
  return kHandlers;
}

}  // namespace coffer::sys
