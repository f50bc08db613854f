// What a token may do at some paths: one's own, another's by token or accessor.
#include <algorithm>

#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::size_t kMaxPaths = 256;

Result<std::vector<std::string>> paths_of(const Request& request) {
  COFFER_TRY(auto paths, request.fields.strings("paths"));
  if (!paths) {
    COFFER_TRY(paths, request.fields.strings("path"));
  }
  if (!paths || paths->empty()) return invalid("missing field \"paths\"");
  if (paths->size() > kMaxPaths) return invalid("field \"paths\" has over 256 paths");
  for (std::string& path : *paths) {
    if (path.starts_with('/')) path.erase(0, 1);
  }
  return *std::move(paths);
}

Result<Response> capabilities(Call& call, const std::vector<std::string>& policies) {
  COFFER_TRY(const auto paths, paths_of(call.request));
  COFFER_TRY(const auto acl,
             call.vault->policies->acl(call.context.tx, policies, call.context.now));
  JsonWriter json;
  const auto append = [&](std::string_view key, const std::string& path) {
    json.key(key).begin_array();
    for (const std::string& word : acl->capabilities(path)) json.string(word);
    json.end_array();
  };
  json.begin_object();
  // A path named twice, or "capabilities" itself, must not make a member twice.
  std::vector<std::string_view> seen;
  for (const std::string& path : paths) {
    if (std::find(seen.begin(), seen.end(), path) != seen.end()) continue;
    seen.push_back(path);
    append(path, path);
  }
  if (paths.size() == 1 && paths.front() != "capabilities") append("capabilities", paths.front());
  json.end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  return response;
}

Result<Response> own(Call& call) { return capabilities(call, call.context.caller->policies); }

Result<Response> of_token(Call& call) {
  COFFER_TRY(std::string text, required(call.request.fields, "token"));
  const auto found = call.vault->tokens->find(call.context.tx, text, call.context.now);
  wipe(text);
  if (!found.ok()) return found.error();
  if (!*found) return invalid("field \"token\": no such token");
  return capabilities(call, (*found)->terms.policies);
}

Result<Response> of_accessor(Call& call) {
  COFFER_TRY(const std::string accessor, required(call.request.fields, "accessor"));
  COFFER_TRY(const auto found,
             call.vault->tokens->find_accessor(call.context.tx, accessor, call.context.now));
  if (!found) return invalid("field \"accessor\": no such token");
  return capabilities(call, found->terms.policies);
}

}  // namespace

std::span<const Handler> capability_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::update,
        .pattern = "capabilities-self",
        .help = "What the caller may do at `paths`."},
       own},
      {{.operation = Operation::update,
        .pattern = "capabilities",
        .help = "What `token` may do at `paths`."},
       of_token},
      {{.operation = Operation::update,
        .pattern = "capabilities-accessor",
        .help = "What the token of `accessor` may do at `paths`."},
       of_accessor},
  };
  return kHandlers;
}

}  // namespace coffer::sys
