#include "command_data.h"

#include "data_arguments.h"
#include "terminal.h"

namespace coffer::cli {

std::optional<model::Json> read_command_data(Session& session, std::size_t first) {
  const auto prompt = [&session](std::string_view key) -> Result<std::string> {
    if (session.settings().non_interactive) {
      return make_error(ErrorCode::invalid_argument,
                        "the value of " + std::string(key) +
                            " would have to be asked for, but -non-interactive forbids it");
    }
    return session.console().ask_hidden(key);
  };
  const DataSources sources{[&session] { return session.console().read_all(); }, &read_file,
                            prompt};
  auto data = read_data(session.positional().subspan(first), sources);
  if (!data.ok()) {
    session.fail(kLocal, "Failed to parse K=V data: " + data.error().text);
    return std::nullopt;
  }
  for (const std::string& key : data->exposed_keys) {
    session.console().warning("the value of \"" + key +
                              "\" stands on the command line, where ps and the shell's history "
                              "show it; better: " +
                              key + "=? or " + key + "=- or " + key + "=@file");
  }
  return std::move(data->object);
}

}  // namespace coffer::cli
