// Policies, in both of Vault's forms: sys/policies/acl (field `policy`) and the older sys/policy
// (field `rules` in answers).
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kAcl = "policies/acl/";
constexpr std::string_view kOld = "policy/";

bool old_form(const Call& call) { return call.path.starts_with("policy"); }

/// A path was decided on as it came: were APP taken for app, a deny on app would not hold for it
/// (CVE-2026-89322).
Result<std::string> name_of(const Call& call) {
  const std::string_view name = below(call.path, old_form(call) ? kOld : kAcl);
  COFFER_TRY(std::string canonical, core::policy_name(name));
  if (canonical != name) return invalid("the name of a policy must be in lower case");
  return canonical;
}

Result<Response> list(Call& call) {
  COFFER_TRY(const auto names, call.vault->policies->list(call.context.tx));
  JsonWriter json;
  json.begin_object();
  const auto append = [&](std::string_view key) {
    json.key(key).begin_array();
    for (const std::string& name : names) json.string(name);
    json.end_array();
  };
  append("keys");
  if (old_form(call)) append("policies");
  json.end_object();
  Response response = answer(std::move(json));
  response.repeat_data = old_form(call);
  return response;
}

Result<Response> read(Call& call) {
  COFFER_TRY(const std::string name, name_of(call));
  COFFER_TRY(const auto text, call.vault->policies->read(call.context.tx, name));
  if (!text) return make_error(ErrorCode::not_found, "");
  JsonWriter json;
  json.begin_object().key("name").string(name);
  json.key(old_form(call) ? "rules" : "policy").string(*text).end_object();
  Response response = answer(std::move(json));
  response.repeat_data = old_form(call);
  return response;
}

Result<std::string> text_of(const Request& request) {
  COFFER_TRY(std::optional<std::string> text, request.fields.string("policy"));
  if (!text) {
    COFFER_TRY(text, request.fields.string("rules"));
  }
  if (!text || text->empty()) return invalid("missing field \"policy\"");
  return text_or_base64(*std::move(text));
}

Result<Response> write(Call& call) {
  // To take these and not to heed them would grant more, or for longer, than was meant.
  for (const std::string_view name : {"ttl", "expiration", "cas", "cas_required"}) {
    if (call.request.fields.has(name)) {
      return invalid(std::string("field \"").append(name) +
                     "\" isn't supported; an `expiration` may stand in a path's block");
    }
  }
  COFFER_TRY(const std::string name, name_of(call));
  COFFER_TRY(const std::string text, text_of(call.request));
  COFFER_CHECK(call.vault->policies->write(call.context.tx, name, text));
  return no_content();
}

Result<Response> remove(Call& call) {
  COFFER_TRY(const std::string name, name_of(call));
  COFFER_CHECK(call.vault->policies->remove(call.context.tx, name));
  return no_content();
}

}  // namespace

std::string text_or_base64(std::string text) {
  if (text.find_first_of(" {\"\n") != std::string::npos) return text;
  const Result<Bytes> decoded = from_base64(text);
  return decoded.ok() ? std::string(as_text(*decoded)) : text;
}

std::span<const Handler> policy_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::list,
        .pattern = "policies/acl/",
        .help = "The names of all policies."},
       list},
      {{.operation = Operation::list, .pattern = "policy/", .help = "The names of all policies."},
       list},
      {{.operation = Operation::read, .pattern = "policy", .help = "The names of all policies."},
       list},
      {{.operation = Operation::read,
        .pattern = "policies/acl/+",
        .help = "A policy's text, byte for byte as it was written."},
       read},
      {{.operation = Operation::update,
        .pattern = "policies/acl/+",
        .help = "Write a policy: `policy` is its text, HCL or JSON."},
       write},
      {{.operation = Operation::remove, .pattern = "policies/acl/+", .help = "Delete a policy."},
       remove},
      {{.operation = Operation::read,
        .pattern = "policy/+",
        .help = "A policy's text, byte for byte as it was written."},
       read},
      {{.operation = Operation::update,
        .pattern = "policy/+",
        .help = "Write a policy: `policy` is its text, HCL or JSON."},
       write},
      {{.operation = Operation::remove, .pattern = "policy/+", .help = "Delete a policy."}, remove},
  };
  return kHandlers;
}

}  // namespace coffer::sys
