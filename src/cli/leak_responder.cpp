#include "leak_responder.h"

#include <algorithm>

#include "leak_findings.h"

namespace coffer::cli {
namespace {

using model::Json;

/// Tokens below tokens: the daemon allows fewer.
constexpr std::size_t kMostAncestors = 1000;

HttpRequest post(const std::string& path, const Json& body) {
  return {.method = "POST", .path = path, .query = {}, .body = body.compact()};
}

}  // namespace

std::optional<std::vector<std::string>> responding_line(Session& session) {
  const auto own = asking_accessor(session);
  if (!own) return std::nullopt;
  std::vector<std::string> line = {*own};
  while (!line.back().empty() && line.size() < kMostAncestors) {
    Json body = Json::object();
    body.set("accessor", Json::string(line.back()));
    const auto answer =
        session.ask_first("looking up what the token in use was made with",
                          post("auth/token/lookup-accessor", body), {400, 403, 404});
    if (!answer) return std::nullopt;
    const Json* data = answer->json.find("data");
    const std::string parent = data == nullptr ? std::string() : text_in(*data, "parent");
    if (parent.empty()) break;
    line.push_back(parent);
  }
  return line;
}

std::optional<bool> may_update(Session& session, const std::string& path) {
  Json body = Json::object();
  Json paths = Json::array();
  paths.push(Json::string(path));
  body.set("paths", std::move(paths));
  const auto answer = session.ask_first("asking what may be done",
                                        post("sys/capabilities-self", body), {400, 403, 404});
  if (!answer) return std::nullopt;
  const Json* may = answer->json.find_path({"data", "capabilities"});
  if (may == nullptr || !may->is_array()) return std::nullopt;
  return std::any_of(may->elements().begin(), may->elements().end(), [](const Json& one) {
    return one.text() == "update" || one.text() == "root";
  });
}

}  // namespace coffer::cli
