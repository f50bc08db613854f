#include "help.h"

#include "coffer/model/json_writer.h"

namespace coffer::core {
namespace {

void append(std::string& text, const engine::Mount& mount, const engine::PathRule& rule) {
  text.append(model::to_string(rule.operation)).append(" ").append(mount.path);
  text.append(rule.pattern).append("\n    ").append(rule.help).append("\n\n");
}

}  // namespace

Result<model::Response> help(const std::optional<Route>& route) {
  if (!route) return make_error(ErrorCode::not_found, "no handler for this path");
  const auto rules = route->engine->paths_for(*route->mount);
  std::string fitting;
  std::string all;
  for (const engine::PathRule& rule : rules) {
    append(all, *route->mount, rule);
    const engine::PathRule one[] = {rule};
    if (engine::match_rule(one, rule.operation, route->path).rule != nullptr) {
      append(fitting, *route->mount, rule);
    }
  }
  std::string text = "Type " + route->mount->type + ", mounted at " + route->mount->path + "\n\n";
  text += fitting.empty() ? all : fitting;
  model::JsonWriter json;
  json.begin_object().key("help").string(text).key("see_also").begin_array().end_array();
  json.end_object();
  return model::Response{.outcome = model::Outcome::bare, .data = std::move(json).take()};
}

}  // namespace coffer::core
