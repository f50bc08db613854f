// The versions of a secret that a response locks and destroys, as -lock and -destroy name them.
#pragma once

#include <string>
#include <vector>

#include "leak_steps.h"

namespace coffer::cli {

class LeakVersions final {
 public:
  explicit LeakVersions(Session& session) : session_(session) {}

  // False, of these two: the command is over.

  [[nodiscard]] bool read();
  /// Looks whether they are there, before anything is done: a typing error locks nothing.
  [[nodiscard]] bool check(const KvPath& secret);

  [[nodiscard]] bool none() const noexcept { return wanted_.empty(); }
  void add_steps(const KvPath& secret, std::vector<LeakStep>& steps) const;
  /// Into what was asked for.
  void add_to(model::Json& asked) const;

 private:
  struct Wanted {
    std::string flag;
    std::string verb;
    model::Json versions;
  };
  bool check(const Wanted& wanted, const model::Json& there, const std::string& path);

  Session& session_;
  std::vector<Wanted> wanted_;
};

}  // namespace coffer::cli
