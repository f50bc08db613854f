// One run of one command: its arguments, its settings, and the daemon to ask.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "arguments.h"
#include "coffer/model/json_tree.h"
#include "command.h"
#include "console.h"
#include "http_client.h"
#include "settings.h"
#include "token.h"

namespace coffer::cli {

/// What the daemon said: a status below 300, 404 for what isn't there, or one that was expected.
struct Answer {
  int status = 0;
  std::string text;  ///< the body
  model::Json json;  ///< null when there is no body, or when it is printed raw

  [[nodiscard]] bool missing() const noexcept { return status == 404; }
};

class Session final {
 public:
  Session(const Command& command, const Arguments& arguments, const Settings& settings,
          const Environment& environment, Console& console)
      : command_(command),
        arguments_(arguments),
        settings_(settings),
        environment_(environment),
        console_(console) {}

  [[nodiscard]] const Flags& flags() const noexcept { return arguments_.flags; }
  [[nodiscard]] std::span<const std::string> positional() const noexcept {
    return arguments_.positional;
  }
  /// The positional argument without slashes around it.
  [[nodiscard]] std::string path_argument(std::size_t index) const;
  /// What the command's own flags say (flag_body.h). nullopt: one of them is wrong, and that has
  /// been said; the exit code is kLocal.
  [[nodiscard]] std::optional<model::Json> flag_body();
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] const Environment& environment() const noexcept { return environment_; }
  [[nodiscard]] Console& console() noexcept { return console_; }
  [[nodiscard]] bool shows_table() const noexcept;

  /// Sends. `doing` completes the sentence "Error …:", as "reading secret/app". nullopt: the
  /// command is over, with exit_code(); why has been said. Statuses in `also` are answers too.
  [[nodiscard]] std::optional<Answer> ask(std::string_view doing, const HttpRequest& request,
                                          std::initializer_list<int> also = {});
  /// Sends what the user didn't ask for by itself: even when -output-curl-string only shows what he
  /// did ask for.
  [[nodiscard]] std::optional<Answer> ask_first(std::string_view doing, const HttpRequest& request,
                                                std::initializer_list<int> also = {});
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

  /// Says it and gives `code` back, for `return session.fail(…)`.
  int fail(ExitCode code, std::string_view text);
  /// "No value found at PATH", exit code 2.
  int nothing_found(std::string_view path);

  [[nodiscard]] Result<std::optional<Token>> token() const { return find_token(environment_); }
  /// The next request's data didn't stand on the command line: where the request is only shown,
  /// they aren't shown with it.
  void hide_data() noexcept { data_hidden_ = true; }
  /// From here on this one is sent (or none), whatever lies about.
  void use_token(std::optional<Token> token);

 private:
  bool load_token();
  void show_curl_command(const HttpRequest& request);
  std::optional<Answer> stop(ExitCode code, std::string_view text);
  std::optional<Answer> judge(std::string_view doing, const HttpRequest& request, HttpReply reply,
                              std::initializer_list<int> also);
  [[nodiscard]] std::string hint(const Answer& answer, std::string_view errors) const;
  void show_warnings(const model::Json& answer);

  const Command& command_;
  const Arguments& arguments_;
  const Settings& settings_;
  const Environment& environment_;
  Console& console_;
  bool data_hidden_ = false;
  bool token_loaded_ = false;
  std::optional<Token> token_;
  int exit_code_ = kOk;
};

}  // namespace coffer::cli
