// Password policies (sys/policies/password), and passwords by them.
#include "coffer/core/passwords.h"

#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kPrefix = "policies/password/";
constexpr std::string_view kGenerate = "/generate";

Result<std::string_view> name_of(std::string_view path) {
  const std::string_view name = below(path, kPrefix);
  COFFER_CHECK(core::check_password_policy_name(name));
  return name;
}

Result<Response> list(Call& call) {
  COFFER_TRY(const auto names, core::list_password_policies(call.context.tx));
  if (names.empty()) return make_error(ErrorCode::not_found, "");
  JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const std::string& name : names) json.string(name);
  json.end_array().end_object();
  return answer(std::move(json));
}

Result<Response> read(Call& call) {
  COFFER_TRY(const std::string_view name, name_of(call.path));
  COFFER_TRY(const auto text, core::read_password_policy(call.context.tx, name));
  if (!text) return make_error(ErrorCode::not_found, "");
  JsonWriter json;
  json.begin_object().key("policy").string(*text).end_object();
  return answer(std::move(json));
}

Result<Response> write(Call& call) {
  COFFER_TRY(const std::string_view name, name_of(call.path));
  if (call.request.fields.has("entropy_source")) {
    return invalid("field \"entropy_source\" isn't supported");
  }
  COFFER_TRY(std::string text, required(call.request.fields, "policy"));
  COFFER_CHECK(core::write_password_policy(call.context.tx, name, text_or_base64(std::move(text))));
  return no_content();
}

Result<Response> remove(Call& call) {
  COFFER_TRY(const std::string_view name, name_of(call.path));
  core::remove_password_policy(call.context.tx, name);
  return no_content();
}

Result<Response> generate(Call& call) {
  COFFER_TRY(const std::string_view name,
             name_of(call.path.substr(0, call.path.size() - kGenerate.size())));
  COFFER_TRY(const auto text, core::read_password_policy(call.context.tx, name));
  if (!text) return make_error(ErrorCode::not_found, "");
  COFFER_TRY(const SecureBytes password, core::make_password_by(call.context.tx, name));
  JsonWriter json;
  json.begin_object().key("password");
  json.string(as_text(password.expose(Reveal{"a new password for its asker"}))).end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> password_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::list,
        .pattern = "policies/password/",
        .help = "The names of all password policies."},
       list},
      {{.operation = Operation::read,
        .pattern = "policies/password/+",
        .help = "A password policy's text, byte for byte as it was written."},
       read},
      {{.operation = Operation::update,
        .pattern = "policies/password/+",
        .help = "Write a password policy: `policy` is its text, HCL or JSON."},
       write},
      {{.operation = Operation::remove,
        .pattern = "policies/password/+",
        .help = "Delete a password policy."},
       remove},
      {{.operation = Operation::read,
        .pattern = "policies/password/+/generate",
        .help = "A new password by that policy; it is kept nowhere."},
       generate},
  };
  return kHandlers;
}

}  // namespace coffer::sys
