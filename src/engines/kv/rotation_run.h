// One rotation under way: what comes next for it, and what a step that ended means. Each step is an
// errand: planned and put down in transactions, done between them.
#pragma once

#include "coffer/lifecycle/due.h"
#include "coffer/lifecycle/passwords.h"
#include "coffer/lifecycle/rotator.h"
#include "readers.h"
#include "rotation_row.h"

namespace coffer::engines::kv {

/// Due rows of these kinds; their id is the mount's, a slash, the path.
inline constexpr std::string_view kInsideKind = "rotation";
inline constexpr std::string_view kOutsideKind = "rotation_outside";

/// The path of a mount, and the demand that it stays; nullopt: it is gone.
using MountPath =
    std::function<Result<std::optional<std::string>>(engine::SealedTransaction&, const Uuid&)>;

/// How often each run was told to set its value since the vault was opened. An attempt that nobody
/// remembers, for the daemon died or its end couldn't be written, may have had its effect.
/// Thread-safe.
class Attempts final {
 public:
  void began(const Uuid& run) COFFER_EXCLUDES(mutex_);
  /// True: exactly one began, so the outcome at hand is all that there is to know.
  [[nodiscard]] bool only_one(const Uuid& run) const COFFER_EXCLUDES(mutex_);
  void forget(const Uuid& run) COFFER_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<Uuid, int> began_ COFFER_GUARDED_BY(mutex_);
};

/// What a run leans on. All of it outlives it.
struct RotationTools {
  const lifecycle::Rotators& rotators;
  lifecycle::MakePassword make_password;
  MountPath mount_path;
  Readers& readers;
  Attempts& attempts;
  Uuid instance;  ///< of this open vault: another after each unsealing
};

[[nodiscard]] std::string due_id(const Uuid& mount, std::string_view path);
/// Stages the due row of state.next.
[[nodiscard]] Result<void> schedule(const View& view, std::string_view path,
                                    const Rotation& rotation, const RotationTools& tools);

/// What a due row's step waits for: its rotator says. Empty where nothing is outside.
[[nodiscard]] Result<std::string> waits_for(const RotationTools& tools,
                                            engine::SealedTransaction& tx,
                                            const lifecycle::Due& due);
/// What is to be done for a due row.
[[nodiscard]] Result<std::optional<lifecycle::Errand>> plan_step(const RotationTools& tools,
                                                                 engine::SealedTransaction& tx,
                                                                 const lifecycle::Due& due,
                                                                 WallTime now);

}  // namespace coffer::engines::kv
