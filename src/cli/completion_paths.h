// What there is to complete to, as the daemon says. Never an error: what can't be asked is nothing.
#pragma once

#include <string>
#include <vector>

#include "coffer/model/json_tree.h"
#include "command.h"
#include "environment.h"
#include "http_client.h"
#include "settings.h"

namespace coffer::cli {

class PathCompletion final {
 public:
  /// Both outlive this. The answers come soon or not at all: at most two requests of a
  /// completion's share of a second.
  PathCompletion(const Settings& settings, const Environment& environment);

  /// All that `what` may be and that begins as `word` does, up to the next slash. `mount` is that
  /// of -mount, for secrets.
  [[nodiscard]] std::vector<std::string> candidates(Argument what, const std::string& word,
                                                    const std::string& mount);

 private:
  [[nodiscard]] model::Json get(const HttpRequest& request) const;
  [[nodiscard]] std::vector<std::string> list(const std::string& folder) const;
  [[nodiscard]] std::vector<std::string> mounts(std::string_view member) const;
  /// The longest engine path that `path` begins with; "" if there is none.
  [[nodiscard]] std::string engine_of(const std::string& path) const;
  [[nodiscard]] bool has_versions(const std::string& engine) const;
  [[nodiscard]] std::vector<std::string> below_engine(Argument what, const std::string& engine,
                                                      const std::string& folder) const;

  Settings settings_;
  const Environment& environment_;
  model::Json mounts_;  ///< asked for once
};

}  // namespace coffer::cli
