// A response to a leak on record: what was found, what is to be done, and what became of it. The
// vault keeps it under its name, so that one that was cut short is gone on with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "leak_steps.h"

namespace coffer::cli {

class LeakResponse final {
 public:
  LeakResponse(Session& session, std::string name) : session_(session), name_(std::move(name)) {}

  // False, of all of these: the command is over.

  [[nodiscard]] bool load();
  /// Before the first effect: what is about to be done is on record.
  [[nodiscard]] bool begin(model::Json findings, const std::vector<LeakStep>& steps);
  /// Those that are only intended so far, or were refused, in their order.
  [[nodiscard]] bool carry_out();
  [[nodiscard]] bool sign();

  [[nodiscard]] bool begun() const { return report_.find("steps") != nullptr; }
  [[nodiscard]] bool is_signed() const noexcept { return signed_; }
  /// How many steps were refused; one who may can go on with them.
  [[nodiscard]] std::size_t refused() const;
  [[nodiscard]] const model::Json& report() const noexcept { return report_; }
  /// As the vault has it.
  [[nodiscard]] const model::Json& data() const noexcept { return data_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  [[nodiscard]] std::string api() const { return "sys/leaks/responses/" + name_; }
  bool save();
  void make_room();
  void set_steps(const std::vector<model::Json>& steps);
  bool keep(const std::vector<model::Json>& steps);
  bool carry_out(model::Json& step);
  bool end_what_it_left(model::Json& step);
  bool settle(model::Json& step, const std::string& outcome);
  std::optional<bool> is_own(const std::string& accessor);

  Session& session_;
  const std::string name_;
  model::Json report_ = model::Json::object();
  model::Json data_;
  std::vector<std::string> line_;  ///< responding_line(), once it was asked for
  bool signed_ = false;
};

}  // namespace coffer::cli
