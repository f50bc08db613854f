// The path of every request: who calls, what is asked, may they, what it means. Nothing here makes
// anything durable: what comes out is staged for the Door.
#pragma once

#include "coffer/core/state.h"
#include "coffer/core/unsealed.h"
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
  bool known_caller = false;  ///< somebody was made out, whatever he may do
};

/// Thread-safe. What it is given outlives it.
class Pipeline final {
 public:
  struct Parts {
    State& state;
    /// Without keys there is nothing to hash values with: lines of a sealed vault hold none.
    audit::Trail& sealed_trail;
    /// What answers while sealed, by those of its paths that say so.
    engine::Engine& sys;
    engine::Mount sys_mount;
  };
  explicit Pipeline(Parts parts) : parts_(std::move(parts)) {}

  /// Runs on a worker; blocks on token and store. May turn request.operation into `create`.
  [[nodiscard]] Staged run(model::Request& request, const model::Evidence& evidence) const;

  /// Which workers are to run it: a guess from the mounts as they were last seen, so that no
  /// snapshot is taken for it. A wrong one costs nothing but that worker's time.
  [[nodiscard]] engine::Lane lane(const model::Request& request) const;

  /// Closes a request that lost one race too many.
  [[nodiscard]] Staged give_up(model::Request& request, const model::Evidence& evidence) const;

 private:
  struct Call;
  [[nodiscard]] Staged run_open(Unsealed& vault, model::Request& request,
                                const model::Evidence& evidence) const;
  [[nodiscard]] Staged run_sealed(model::Request& request, const model::Evidence& evidence) const;
  [[nodiscard]] Result<model::Response> serve(Call& call) const;
  [[nodiscard]] Result<void> identify(Call& call) const;
  [[nodiscard]] Result<void> authorise(Call& call, const engine::PathRule* rule) const;
  [[nodiscard]] Error deny(Call& call, const model::Decision& decision) const;
  [[nodiscard]] static Result<void> spend(Call& call, bool served);

  const Parts parts_;
};

}  // namespace coffer::core
