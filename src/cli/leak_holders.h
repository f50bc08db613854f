// What the daemon knows of a token that is in question: whether it is alive, and what it left.
#pragma once

#include <optional>
#include <string>

#include "coffer/model/json_tree.h"
#include "session.h"

namespace coffer::cli {

/// {"accessor": ACCESSOR}
[[nodiscard]] model::Json about(const std::string& accessor);

/// Sets `lease_count` and `lease_ids` (`most` of them; 0: none) of the one with this `accessor`;
/// neither where the caller mustn't know. False: the command is over.
[[nodiscard]] bool add_leases(Session& session, model::Json& owner, std::size_t most = 1000);

/// Who wants to know which tokens are alive must be allowed to update this.
inline constexpr const char* kLookUpToken = "auth/token/lookup-accessor";

class LeakHolders final {
 public:
  explicit LeakHolders(Session& session) : session_(session) {}

  /// `accessor`, `alive` (not where the caller mustn't know), and of who is alive what he may do;
  /// of who isn't, his leases: those of a token that a restore made void stand. nullopt: the
  /// command is over.
  [[nodiscard]] std::optional<model::Json> look_up(const std::string& accessor);

 private:
  bool may_look();

  Session& session_;
  std::optional<bool> may_look_;  ///< once there was a doubt
  std::size_t ids_ = 0;           ///< of leases, that were told so far
};

}  // namespace coffer::cli
