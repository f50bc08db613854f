// The path of every request: who calls, what is asked, may they, what it means. Nothing here makes
// anything durable: what comes out is staged for the Door.
#pragma once

#include "coffer/audit/trail.h"
#include "coffer/auth/tokens.h"
#include "coffer/core/mounts.h"
#include "coffer/model/peer.h"

namespace coffer::core {

/// What one request wants to happen, and its answer for when it has happened.
struct Staged {
  audit::Entry entry;
  store::Transaction writes;
  Result<model::Response> response;
  /// A status path: answered even while the log can't be written, for it carries nothing secret and
  /// is how operators find out.
  bool answer_unlogged = false;
  /// Run by the Door once the answer's line is on disk (engine::Context::then); may be empty.
  std::function<void()> then{};
};

/// Thread-safe. What it is given outlives it.
class Pipeline final {
 public:
  struct Parts {
    envelope::SealedStore& store;
    const auth::Tokens& tokens;
    const Mounts& mounts;
    audit::Trail& trail;
    std::shared_ptr<const audit::Hasher> hasher;
  };
  explicit Pipeline(Parts parts) : parts_(std::move(parts)) {}

  /// Runs on a worker; blocks on token and store. May turn request.operation into `create`.
  [[nodiscard]] Staged run(model::Request& request, const model::Evidence& evidence) const;

  /// Closes a request that lost one race too many.
  [[nodiscard]] Staged give_up(model::Request& request, const model::Evidence& evidence) const;

 private:
  struct Call;
  [[nodiscard]] Result<model::Response> serve(Call& call) const;
  [[nodiscard]] Result<model::Caller> identify(Call& call) const;

  const Parts parts_;
};

}  // namespace coffer::core
