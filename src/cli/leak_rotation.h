// One rotation of a response to a leak, as the vault tells how it stands.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "leak_findings.h"

namespace coffer::cli {

class LeakRotation final {
 public:
  /// `step` is as LeakStep::to_json() gives it; `response` names what is to be gone on with.
  LeakRotation(Session& session, const std::string& response, model::Json& step)
      : session_(session), response_(response), step_(step) {}

  /// Whether it gave a value since this response first looked. When it last did before that is put
  /// into the step, to be on record before it is asked for another: a response that was cut short
  /// doesn't ask twice. nullopt: the command is over.
  [[nodiscard]] std::optional<bool> done_already();
  /// A rotation whose new value is in force and that waits for readers is over once it is asked for
  /// another, and gives none. False here and below: the command is over.
  [[nodiscard]] bool let_the_last_one_end();
  /// What follows may destroy the version that the new one is made from.
  [[nodiscard]] bool await();

 private:
  using Condition = std::function<bool(const model::Json& how)>;

  std::optional<model::Json> look();
  bool until(const Condition& over);
  [[nodiscard]] bool has_rotated(const model::Json& how) const;
  void give_up(const std::string& why);

  Session& session_;
  const std::string& response_;
  model::Json& step_;
};

}  // namespace coffer::cli
