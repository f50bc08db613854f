#include "coffer/faces/vault/face.h"
#include "coffer/model/paths.h"
#include "query.h"
#include "text.h"

namespace coffer::faces::vault {
namespace {

using model::Fields;
using model::Operation;

constexpr int kUnsupportedMediaType = 415;
constexpr std::string_view kPrefix = "/v1/";
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipartType = "multipart/form-data";
/// A read may make something, such as a lease; nobody would see it where only the head is asked
/// for.
constexpr std::string_view kHeadPath = "sys/health";
constexpr std::string_view kMergePatchType = "application/merge-patch+json";

Error invalid(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

/// The error codes know no 415: it says something about a body's form, which only a face can say.
HttpAnswer unsupported_media_type(std::string_view text) {
  HttpAnswer answer = render(invalid(text));
  answer.status = kUnsupportedMediaType;
  return answer;
}

constexpr bool has_body(Operation operation) noexcept {
  return operation == Operation::update || operation == Operation::patch;
}

Error unsupported_method() { return make_error(ErrorCode::unsupported, "unsupported method"); }

Result<Operation> operation_of(std::string_view method) {
  if (method == "GET" || method == "HEAD") return Operation::read;
  if (method == "PUT" || method == "POST") return Operation::update;
  if (method == "LIST") return Operation::list;
  if (method == "SCAN") return Operation::scan;
  if (method == "DELETE") return Operation::remove;
  if (method == "PATCH") return Operation::patch;
  if (method == "HELP") return Operation::help;
  return unsupported_method();
}

/// "0", "0s", "0m0s": a duration of nothing.
bool is_zero_duration(std::string_view text) {
  return text.find('0') != std::string_view::npos &&
         text.find_first_not_of("0hmsun.") == std::string_view::npos;
}

Result<void> check_headers(const HttpMessage& message) {
  const std::string_view wrap_ttl = trimmed(message.wrap_ttl);
  if (!wrap_ttl.empty() && !is_zero_duration(wrap_ttl)) {
    return invalid("header X-Vault-Wrap-TTL: response wrapping isn't supported yet");
  }
  std::string_view name = trimmed(message.vault_namespace);
  if (name.ends_with('/')) name.remove_suffix(1);
  if (!name.empty() && name != "root") {
    return invalid("header X-Vault-Namespace: there is no namespace but root");
  }
  return {};
}

/// Without parameters, as `; charset=utf-8`.
std::string_view media_type(std::string_view content_type) {
  return trimmed(content_type.substr(0, content_type.find(';')));
}

/// curl -d calls every body a form, also JSON: only what doesn't look like JSON is one.
bool is_form(const HttpMessage& message) {
  const std::string_view type = media_type(message.content_type);
  if (equal_ignoring_case(type, kMultipartType)) return true;
  if (!equal_ignoring_case(type, kFormType)) return false;
  const std::size_t start = message.body.find_first_not_of(" \t\r\n");
  if (start == std::string::npos || message.body[start] == '{') return false;
  return message.body.compare(start, 4, "null") != 0;
}

/// Why a body of this type can't be read; empty: it can.
std::string_view media_problem(const HttpMessage& message, Operation operation) {
  const std::string_view encoding = trimmed(message.content_encoding);
  if (!encoding.empty() && !equal_ignoring_case(encoding, "identity")) {
    return "header Content-Encoding: encoded bodies are not accepted";
  }
  if (!has_body(operation)) return {};
  if (operation == Operation::patch &&
      !equal_ignoring_case(media_type(message.content_type), kMergePatchType)) {
    return "header Content-Type: PATCH needs application/merge-patch+json";
  }
  return is_form(message) ? "body is a form; wanted a JSON object" : std::string_view{};
}

/// The flags that Vault reads from a GET's query. They count only when they say yes: what else a
/// client may mean by them, doing something other than it asked would be worse than a refusal.
Result<bool> take_flag(const Fields& query, std::string_view name) {
  COFFER_TRY(const auto value, query.string(name));
  if (!value) return false;
  for (const std::string_view yes : {"true", "1", "t", "T", "TRUE", "True"}) {
    if (*value == yes) return true;
  }
  return invalid(std::string("query parameter ").append(name).append(" must be true"));
}

Result<void> apply_flags(Fields& query, Operation& operation) {
  constexpr std::pair<std::string_view, Operation> kFlags[] = {
      {"list", Operation::list}, {"scan", Operation::scan}, {"help", Operation::help}};
  for (const auto& [name, meant] : kFlags) {
    COFFER_TRY(const bool set, take_flag(query, name));
    if (!set) continue;
    if (operation != Operation::read) {
      return invalid("query parameters list, scan and help exclude each other");
    }
    operation = meant;
    query.remove(name);
  }
  return {};
}

/// Fields of an operation without a body. node-vault sends `{}` along with every GET.
Result<Fields> fields_of_query(HttpMessage& message, std::string_view query, Operation& operation) {
  COFFER_TRY(const Fields body, Fields::parse(std::move(message.body)));
  if (!body.empty()) return invalid("this method takes no body");
  COFFER_TRY(Fields fields, parse_query(query));
  if (operation == Operation::read) COFFER_CHECK(apply_flags(fields, operation));
  return fields;
}

Result<Fields> fields_of_body(HttpMessage& message, std::string_view query) {
  if (!query.empty()) return invalid("this method takes no query parameters");
  return Fields::parse(std::move(message.body));
}

Result<std::string> path_of(std::string_view target, Operation operation) {
  if (!target.starts_with(kPrefix) || target.size() == kPrefix.size()) {
    return make_error(ErrorCode::not_found, "");
  }
  COFFER_TRY(std::string path, model::canonical_path(target.substr(kPrefix.size())));
  const bool listing = operation == Operation::list || operation == Operation::scan;
  if (listing && !path.ends_with('/')) path.push_back('/');
  return path;
}

Result<model::Request> build(HttpMessage& message, Operation operation) {
  COFFER_CHECK(check_headers(message));
  if (message.target.find('#') != std::string_view::npos) return invalid("target has a fragment");
  const std::size_t question = message.target.find('?');
  const std::string_view query =
      question == std::string_view::npos ? "" : message.target.substr(question + 1);
  model::Request request;
  COFFER_TRY(request.fields, has_body(operation) ? fields_of_body(message, query)
                                                 : fields_of_query(message, query, operation));
  COFFER_TRY(request.path, path_of(message.target.substr(0, question), operation));
  request.operation = operation;
  return request;
}

}  // namespace

std::variant<model::Request, HttpAnswer> to_request(HttpMessage&& message, const Uuid& id,
                                                    WallTime now) {
  const auto operation = operation_of(message.method);
  if (!operation.ok()) return render(operation.error());
  const std::string_view problem = media_problem(message, *operation);
  if (!problem.empty()) return unsupported_media_type(problem);
  auto request = build(message, *operation);
  if (!request.ok()) return render(request.error());
  if (message.method == "HEAD" && request->path != kHeadPath) return render(unsupported_method());
  request->id = id;
  request->time = now;
  return *std::move(request);
}

std::string_view to_bearer(const HttpMessage& message) noexcept {
  const std::string_view token = trimmed(message.token);
  if (!token.empty()) return token;
  constexpr std::string_view kScheme = "bearer";
  const std::string_view credentials = trimmed(message.authorization);
  const std::size_t space = credentials.find(' ');
  if (space == std::string_view::npos) return {};
  if (!equal_ignoring_case(credentials.substr(0, space), kScheme)) return {};
  return trimmed(credentials.substr(space + 1));
}

}  // namespace coffer::faces::vault
