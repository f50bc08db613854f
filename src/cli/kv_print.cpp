#include "kv_print.h"

#include "output.h"

namespace coffer::cli {

using model::Json;

void print_block(Console& console, std::string_view title, const std::vector<Row>& rows) {
  console.line(render_heading(title, heading_width(rows)));
  console.line(render_table(rows));
}

void print_path(Console& console, std::string_view title, const std::string& path) {
  console.line(render_heading(title, path.size()));
  console.line(path);
  console.line("");
}

int print_new_version(Session& session, const Answer& answer, const KvPath& path) {
  const std::string api = path.api("data");
  const Json* metadata = answer.json.find_path({"data"});
  const bool wrapped = answer.json.find_path({"wrap_info"}) != nullptr;
  if (!session.shows_table() || !path.versioned || metadata == nullptr || wrapped) {
    return print_written(session, answer, "Success! Data written to: " + api);
  }
  print_path(session.console(), "Secret Path", api);
  print_block(session.console(), "Metadata", metadata_rows(*metadata));
  return kOk;
}

}  // namespace coffer::cli
