#include "command_data.h"

#include "data_arguments.h"
#include "terminal.h"

namespace coffer::cli {
namespace {

Result<std::string> ask_hidden_unless_forbidden(Session& session, std::string_view name) {
  if (session.settings().non_interactive) {
    return make_error(ErrorCode::invalid_argument,
                      "the value of " + std::string(name) +
                          " would have to be asked for, but -non-interactive forbids it");
  }
  session.hide_data();
  return session.console().ask_hidden(name);
}

std::optional<std::string> said(Session& session, Result<std::string> value) {
  if (value.ok()) return *std::move(value);
  session.fail(kLocal, "Error: " + value.error().text);
  return std::nullopt;
}

}  // namespace

std::optional<model::Json> read_command_data(Session& session, std::size_t first) {
  const auto prompt = [&session](std::string_view key) {
    return ask_hidden_unless_forbidden(session, key);
  };
  const DataSources sources{[&session] {
                              session.hide_data();
                              return session.console().read_all();
                            },
                            [&session](const std::string& path) {
                              session.hide_data();
                              return read_file(path);
                            },
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

std::optional<std::string> ask_for(Session& session, std::string_view name) {
  return said(session, ask_hidden_unless_forbidden(session, name));
}

std::optional<std::string> read_secret_argument(Session& session, std::size_t index,
                                                std::string_view name) {
  const std::string& text = session.positional()[index];
  session.hide_data();
  if (text == "-") return said(session, session.console().read_all());
  if (text == "?") return ask_for(session, name);
  if (text.starts_with('@')) return said(session, read_file(text.substr(1)));
  session.console().warning("the " + std::string(name) +
                            " stands on the command line, where ps and the shell's history show "
                            "it; better: - for standard input, ? to be asked, or @file");
  return text;
}

}  // namespace coffer::cli
