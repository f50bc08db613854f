// Where a secret lies: which mount, which version of the KV engine, which API path.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "session.h"

namespace coffer::cli {

struct KvPath {
  std::string mount;  ///< without slashes around it; empty: not known, so KV version 1
  std::string rest;   ///< below the mount; all of the path when the mount isn't known
  bool versioned = false;

  /// "data", "metadata" or the like comes in between when the engine has versions.
  [[nodiscard]] std::string api(std::string_view part) const;
};

inline constexpr Flag kMountFlag{"mount", FlagKind::text,
                                 "the engine's path; PATH is then below it"};

/// Asks the daemon which mount `path_argument` of the command lies in; with -mount=M it lies below
/// that. nullopt: the command is over (see Session::ask).
[[nodiscard]] std::optional<KvPath> find_kv_path(Session& session, std::size_t argument);

/// The same for what only an engine with versions has: without, that is said, with kLocal.
[[nodiscard]] std::optional<KvPath> find_versioned_path(Session& session, std::size_t argument);

}  // namespace coffer::cli
