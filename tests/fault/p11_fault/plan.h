// What is to happen to one call.
#pragma once

#include <memory>
#include <string>

#include "counts.h"

namespace coffer::p11_fault {

/// The script as this process last read it, and where it stands.
class Faults final {
 public:
  /// Never destroyed: calls may come from static destructors.
  static Faults& get();

  /// The module behind; set once, by the first script that was read.
  [[nodiscard]] const std::string& module() const { return module_; }

  struct Plan {
    std::shared_ptr<const Script> script;
    std::vector<const Rule*> rules;  ///< those that fit this call, in order

    [[nodiscard]] const Rule* find(Effect effect) const;
  };
  /// Counts the call, and waits, hangs or crashes if it is to.
  [[nodiscard]] Plan enter(Function function);
  void leave(Function function, CK_RV rv);

 private:
  Faults();
  [[nodiscard]] std::shared_ptr<const Script> current();
  [[nodiscard]] bool changed(const Script& script);

  struct State;
  State& state_;
  std::string script_path_;
  std::string counts_path_;
  std::string module_;
  Counts* counts_ = nullptr;
};

}  // namespace coffer::p11_fault
