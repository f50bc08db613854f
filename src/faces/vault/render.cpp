
#include "coffer/faces/vault/face.h"
#include "coffer/model/json_writer.h"

namespace coffer::faces::vault {
namespace {

/// Clients compare this text as it stands. It is the same for whoever has no token, a wrong one, or
/// one that may not: the answer mustn't tell these apart.
constexpr std::string_view kPermissionDenied = "1 error occurred:\n\t* permission denied\n\n";

constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr std::string_view kEmptyObject = "{}";
constexpr std::size_t kEnvelopeSize = 200;  // request id and all fixed text, with room to spare

void append_warnings(std::string& out, const std::vector<std::string>& warnings) {
  if (warnings.empty()) {
    out += "null";
    return;
  }
  char separator = '[';
  for (const std::string& warning : warnings) {
    out.push_back(separator);
    model::append_json_string(out, warning);
    separator = ',';
  }
  out.push_back(']');
}

/// What was handed out, in Vault's members; all policies are the token's own.
std::string auth_object(const model::Auth& auth) {
  model::JsonWriter json;
  const auto policies = [&](std::string_view name) {
    json.key(name).begin_array();
    for (const std::string& policy : auth.policies) json.string(policy);
    json.end_array();
  };
  json.begin_object().key("client_token").string(auth.client_token);
  json.key("accessor").string(auth.accessor);
  policies("policies");
  policies("token_policies");
  json.key("metadata").begin_object();
  for (const auto& [name, value] : auth.metadata) json.key(name).string(value);
  json.end_object().key("lease_duration").number(auth.lease_duration.count());
  json.key("renewable").boolean(auth.renewable).key("entity_id").string("");
  json.key("token_type").string(auth.token_type).key("orphan").boolean(auth.orphan);
  json.key("mfa_requirement").null().key("num_uses").number(auth.num_uses).end_object();
  return std::move(json).take();
}

/// The members and their order are Vault's.
std::string envelope(const Uuid& request_id, const model::Response& response) {
  std::string out;
  out.reserve(kEnvelopeSize + response.data.size() * (response.repeat_data ? 2 : 1));
  out.append(R"({"request_id":")").append(to_string(request_id));
  out.append(R"(","lease_id":)");
  model::append_json_string(out, response.lease_id);
  out.append(response.renewable ? R"(,"renewable":true)" : R"(,"renewable":false)");
  out.append(R"(,"lease_duration":)");
  out.append(std::to_string(response.lease_duration.count())).append(R"(,"data":)");
  out += response.data.empty() ? std::string_view("null") : std::string_view(response.data);
  out += R"(,"wrap_info":null,"warnings":)";
  append_warnings(out, response.warnings);
  out += R"(,"auth":)";
  out += response.auth ? auth_object(*response.auth) : "null";
  if (response.repeat_data && response.data.size() > kEmptyObject.size()) {
    out.append(",").append(response.data, 1, response.data.size() - 2);
  }
  out.push_back('}');
  return out;
}

std::string_view text_of(const Error& error) noexcept {
  switch (error.code) {
    case ErrorCode::unauthenticated:
    case ErrorCode::permission_denied: return kPermissionDenied;
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::unsupported:
    case ErrorCode::conflict:
    case ErrorCode::precondition:
    case ErrorCode::too_large:
    case ErrorCode::resource_exhausted:
    case ErrorCode::limit_reached:
    case ErrorCode::sealed:
    case ErrorCode::unavailable:
    case ErrorCode::corrupt:
    case ErrorCode::internal: return error.text;
  }
  return error.text;
}

}  // namespace

int status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::precondition: return 400;  // a failed check-and-set: 400 in Vault, not 412
    case ErrorCode::unauthenticated:
    case ErrorCode::permission_denied: return 403;
    case ErrorCode::not_found: return kNotFound;
    case ErrorCode::unsupported: return 405;
    case ErrorCode::too_large: return 413;
    case ErrorCode::limit_reached: return 429;
    case ErrorCode::conflict:
    case ErrorCode::resource_exhausted:
    case ErrorCode::sealed:
    case ErrorCode::unavailable: return 503;
    case ErrorCode::corrupt:
    case ErrorCode::internal: return 500;
  }
  return 500;
}

HttpAnswer render(const Uuid& request_id, const model::Response& response) {
  switch (response.outcome) {
    case model::Outcome::ok: return {response.status, envelope(request_id, response)};
    case model::Outcome::empty:
      // A 204 has no body, and so no place for warnings.
      if (response.warnings.empty()) return {kNoContent, {}};
      return {kOk, envelope(request_id, response)};
    case model::Outcome::gone: return {kNotFound, envelope(request_id, response)};
    case model::Outcome::bare:
      return {response.status, response.data,
              response.content_type.empty() ? kContentType : response.content_type};
  }
  return render(make_error(ErrorCode::internal, "an answer of an unknown kind"));
}

HttpAnswer render(const Error& error, const Uuid* request_id) {
  const std::string_view text = text_of(error);
  HttpAnswer answer{status_of(error.code), R"({"errors":[)"};
  if (!text.empty()) model::append_json_string(answer.body, text);
  answer.body += "]";
  if (request_id != nullptr && answer.status == kForbidden) {
    answer.body.append(R"(,"decision_id":")").append(to_string(*request_id)).append("\"");
  }
  answer.body += "}";
  return answer;
}

}  // namespace coffer::faces::vault
