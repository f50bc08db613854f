#include <cstdio>

#include "coffer/base/terminal.h"
#include "coffer/model/fields.h"
#include "console.h"
#include "files.h"
#include "pin.h"
#include "plan.h"

namespace coffer::ceremony {
namespace {

constexpr std::size_t kMaxAnswers = std::size_t{1} << 20U;

class AnswersConsole final : public Console {
 public:
  AnswersConsole(model::Fields answers, std::string secrets)
      : answers_(std::move(answers)), secrets_(std::move(secrets)) {}

  void say(std::string_view text) override {
    std::printf("%s\n", for_terminal(text, Breaks::keep).c_str());
    std::fflush(stdout);  // it isn't lost with a process that is killed
  }

  [[nodiscard]] bool has_people() const override { return false; }

  Result<std::string> ask(std::string_view key, std::string_view) override {
    if (signal_came()) return make_error(ErrorCode::unavailable, "a signal ended the ceremony");
    for (const std::string& name : {std::string(key), without_middle(key)}) {
      const auto answer = answers_.string(name);
      if (answer.ok() && *answer) return **answer;
    }
    return make_error(ErrorCode::unavailable,
                      "no answer to \"" + std::string(key) + "\" in the file");
  }

  Result<void> hand_over(std::string_view name, std::string_view,
                         const SecureBytes& secret) override {
    COFFER_TRY(const std::string path, path_of(name));
    return write_secret(path, secret);
  }

  Result<SecureBytes> ask_secret(std::string_view name) override {
    COFFER_TRY(const std::string path, path_of(name));
    return read_pin(path);
  }

 private:
  /// "confirm.STEP.1": "confirm.1"; "exception.FINDING": "exception".
  static std::string without_middle(std::string_view key) {
    const std::size_t first = key.find('.');
    if (first == std::string_view::npos) return std::string(key);
    const std::size_t last = key.rfind('.');
    return std::string(key.substr(0, first)).append(last > first ? key.substr(last) : "");
  }

  [[nodiscard]] Result<std::string> path_of(std::string_view name) const {
    if (!secrets_.empty() && is_plain_name(name)) return secrets_ + "/" + std::string(name);
    return make_error(ErrorCode::invalid_argument, "the answers name no directory for secrets");
  }

  model::Fields answers_;
  std::string secrets_;
};

}  // namespace

Result<std::unique_ptr<Console>> answers_console(const std::string& path) {
  COFFER_TRY(std::string text, read_file(path, kMaxAnswers));
  COFFER_TRY(const auto fields, model::Fields::parse(std::move(text)));
  for (const std::string_view name : fields.names()) {
    if (name != "answers" && name != "secrets") {
      return make_error(ErrorCode::invalid_argument,
                        "the answers must be {\"answers\": {…}, \"secrets\": \"DIRECTORY\"}");
    }
  }
  COFFER_TRY(auto answers, fields.object("answers"));
  COFFER_TRY(const auto secrets, fields.string("secrets"));
  if (!answers) answers.emplace();
  return std::unique_ptr<Console>(
      std::make_unique<AnswersConsole>(std::move(*answers), secrets ? *secrets : std::string()));
}

}  // namespace coffer::ceremony
