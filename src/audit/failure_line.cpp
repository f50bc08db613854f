#include "coffer/audit/trail.h"
#include "coffer/model/json_writer.h"

namespace coffer::audit {

Line Trail::failure_line(const Uuid& request, const Error& error) const {
  model::JsonWriter json;
  json.begin_object().key("time").string(to_rfc3339(clock_.wall()));
  json.key("type").string("response");
  json.key("request").begin_object().key("id").string(to_string(request)).end_object();
  json.key("error").string(error.text).end_object();
  std::string body = std::move(json).take();
  body.pop_back();  // the log adds its fields and the closing brace
  return Line{Line::Kind::response, request, std::move(body)};
}

}  // namespace coffer::audit
