// The tokens that the vault is wrapped to.
#include "coffer/core/rewrap.h"
#include "coffer/core/rotation.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kOne = "token-enrolments/";

Result<Bytes> key_of(const model::Fields& fields, std::string_view name) {
  COFFER_TRY(const std::string pem, required(fields, name));
  auto key = crypto::spki_from_pem(pem);
  if (key.ok()) return key;
  return invalid(std::string("field \"").append(name) + "\" must be a public key in PEM");
}

}  // namespace

Result<envelope::Enrolment> enrolment_of(const model::Fields& fields) {
  // What is there must be texts, whatever else is missing.
  for (const std::string_view name : {"vault", "serial", "label", "algorithm", "kek_public_key",
                                      "sign_public_key", "signature"}) {
    COFFER_CHECK(fields.string(name));
  }
  envelope::Enrolment enrolment;
  COFFER_TRY(const std::string vault, required(fields, "vault"));
  const auto id = parse_uuid(vault);
  if (!id.ok()) return invalid("field \"vault\" must be the id of a vault");
  enrolment.vault = *id;
  COFFER_TRY(enrolment.serial, required(fields, "serial"));
  COFFER_TRY(const auto label, fields.string("label"));
  enrolment.label = label.value_or("");
  COFFER_TRY(enrolment.algorithm, required(fields, "algorithm"));
  COFFER_TRY(enrolment.kek_public_key, key_of(fields, "kek_public_key"));
  COFFER_TRY(enrolment.sign_public_key, key_of(fields, "sign_public_key"));
  COFFER_TRY(const std::string signature, required(fields, "signature"));
  const auto decoded = from_base64(signature);
  if (!decoded.ok()) return invalid("field \"signature\" must be base64");
  enrolment.signature = *decoded;
  return enrolment;
}

namespace {

Result<Response> enrol(Call& call) {
  COFFER_TRY(const envelope::Enrolment enrolment, enrolment_of(call.request.fields));
  COFFER_CHECK(envelope::check_enrolment(enrolment, call.vault->keyring->vault()));
  COFFER_CHECK(call.context.ticket.make_durable());
  COFFER_TRY(const Uuid id,
             call.vault->sealed_store->key_changes().enrol(enrolment, call.context.now));
  COFFER_CHECK(core::keys_changed(*call.vault));
  JsonWriter json;
  json.begin_object().key("id").string(to_string(id)).end_object();
  return answer(std::move(json));
}

struct Counted {
  std::uint64_t records = 0;
  std::uint64_t alone = 0;
};

Counted count_of(const std::optional<core::FoundJob>& found, const Uuid& token) {
  Counted counted;
  if (!found) return counted;
  for (const envelope::References& one : found->job.references) {
    if (one.token != token) continue;
    counted.records += one.records;
    counted.alone += one.alone;
  }
  return counted;
}

Result<Response> list(Call& call) {
  COFFER_TRY(const auto found, core::rewrap_job(call.context.tx));
  const std::vector<envelope::EnrolledToken> tokens = call.vault->keyring->tokens();
  JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const envelope::EnrolledToken& token : tokens) json.string(to_string(token.id));
  json.end_array().key("key_info").begin_object();
  for (const envelope::EnrolledToken& token : tokens) {
    const Counted counted = count_of(found, token.id);
    json.key(to_string(token.id)).begin_object().key("serial").string(token.serial);
    json.key("label").string(token.label).key("algorithm").string(token.algorithm);
    json.key("kek_version").number(token.kek_version);
    json.key("sign_version").number(token.sign_version);
    json.key("in_use").boolean(token.id == call.vault->keyring->token().id);
    json.key("records").number(static_cast<std::int64_t>(counted.records));
    json.key("alone").number(static_cast<std::int64_t>(counted.alone)).end_object();
  }
  json.end_object().end_object();
  return answer(std::move(json));
}

Result<Response> retire(Call& call) {
  const auto id = parse_uuid(below(call.path, kOne));
  if (!id.ok()) return invalid("the id of an enrolled token is expected in the path");
  const envelope::Keyring& keyring = *call.vault->keyring;
  if (*id == keyring.token().id) return invalid("the token in use can't be retired");
  const auto tokens = keyring.tokens();
  if (std::none_of(tokens.begin(), tokens.end(),
                   [&](const envelope::EnrolledToken& token) { return token.id == *id; })) {
    return make_error(ErrorCode::not_found, "no such token");
  }
  COFFER_CHECK(core::check_not_alone(call.context.tx, *id));
  COFFER_CHECK(call.context.ticket.make_durable());
  COFFER_CHECK(call.vault->sealed_store->key_changes().retire_token(*id, call.context.now));
  COFFER_CHECK(core::keys_changed(*call.vault));
  return no_content();
}

}  // namespace

std::span<const Handler> enrolment_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::list,
        .pattern = "token-enrolments/",
        .help = "The tokens that the vault is wrapped to, and what depends on each."},
       list},
      {{.operation = Operation::update,
        .pattern = "token-enrolments",
        .sudo = true,
        .help = "Enrol a further token by what `coffer-ceremony enrol` wrote at it."},
       enrol},
      {{.operation = Operation::remove,
        .pattern = "token-enrolments/+",
        .sudo = true,
        .help = "Give up a token that isn't in use and that nothing depends on alone."},
       retire},
  };
  return kHandlers;
}

}  // namespace coffer::sys
