// Signs the tree over the log, while there is something to sign with, and keeps what was signed
// beside the segments. docs/audit.md, docs/formats/audit-log.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "coffer/audit/checkpoint.h"
#include "coffer/audit/file.h"
#include "coffer/audit/log.h"
#include "coffer/base/mutex.h"

namespace coffer::audit {

struct CheckpointConfig {
  std::string directory;  ///< of the log
  Uuid node;
  Durability durability = Durability::power;
  /// A log without traffic gets a line `heartbeat` so often, and that is signed. 0: never.
  std::chrono::seconds heartbeat{60};
  /// How long lines may stay unsigned, while the vault is open, until requests are refused. 0: for
  /// ever.
  std::chrono::seconds max_unsigned{0};
  /// At most one signature so often under traffic: a token does a few hundred a second.
  std::chrono::milliseconds pause{1000};
  /// Gets each note that was signed and kept, on the thread; or empty.
  std::function<void(const std::string& note)> on_signed{};
};

struct SigningStatus {
  std::string key;                 ///< that signed last, as NAME+ID+KEY; empty: none has yet
  std::uint64_t signed_lines = 0;  ///< since the daemon's start; 0: nothing was signed yet
  std::optional<WallTime> signed_at{};
  std::optional<WallTime> unsigned_since{};  ///< signing fails, and has since
  std::string reason{};                      ///< why
  bool refusing = false;                     ///< requests, for it has for too long
};

class CheckpointFiles;

/// Thread-safe. The log and the clock outlive it.
class Checkpointer final {
 public:
  /// nullptr: the vault is sealed, and nothing is signed.
  using Source = std::function<std::shared_ptr<crypto::Signer>()>;
  enum class Threads : std::uint8_t { own, none };

  /// Without a thread of its own (tests) somebody calls round().
  Checkpointer(Log& log, const Clock& clock, CheckpointConfig config, Source source,
               Threads threads = Threads::own, FileOpener opener = open_file);
  /// Signs what there is, a last time.
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// The source has another key: it signs at once.
  void look() COFFER_EXCLUDES(mutex_);
  /// The source is about to have another key: what it has now signs all that is synced. False: it
  /// didn't within `patience`, or couldn't.
  bool sign_now(std::chrono::milliseconds patience) COFFER_EXCLUDES(mutex_);
  /// The vault was sealed: signs a last time with what it had, and lets go of that. False: it isn't
  /// done within `patience`; it will be all the same.
  bool part(std::shared_ptr<crypto::Signer> signer, std::chrono::milliseconds patience)
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] SigningStatus status() const COFFER_EXCLUDES(mutex_);
  /// One round of the thread: signs, if there is something to sign.
  void round() COFFER_EXCLUDES(mutex_);

 private:
  void run();
  [[nodiscard]] bool wait_for_work() COFFER_EXCLUDES(mutex_);
  void sign_with(crypto::Signer& signer);
  [[nodiscard]] Result<void> sign_all(crypto::Signer& signer);
  [[nodiscard]] Result<SyncedTree> sign_ends(crypto::Signer& signer);
  [[nodiscard]] Result<void> sign(crypto::Signer& signer, const SyncedTree& tree);
  [[nodiscard]] Result<void> beat();
  void failed(const Error& error) COFFER_EXCLUDES(mutex_);
  void succeeded() COFFER_EXCLUDES(mutex_);

  Log& log_;
  const Clock& clock_;
  const CheckpointConfig config_;
  const std::string origin_;
  const Source source_;

  // Of the thread alone.
  std::unique_ptr<CheckpointFiles> files_;
  std::vector<SyncedTree> ends_;  ///< of segments, not signed yet
  std::uint64_t signed_ = 0;
  std::string key_;  ///< that signed last
  std::chrono::nanoseconds last_{0};
  std::optional<std::chrono::nanoseconds> failing_since_;

  mutable Mutex mutex_;
  CondVar wake_;
  CondVar parted_;
  std::shared_ptr<crypto::Signer> parting_ COFFER_GUARDED_BY(mutex_);
  std::uint64_t parts_asked_ COFFER_GUARDED_BY(mutex_) = 0;
  std::uint64_t parts_done_ COFFER_GUARDED_BY(mutex_) = 0;
  std::uint64_t rounds_begun_ COFFER_GUARDED_BY(mutex_) = 0;
  std::uint64_t rounds_done_ COFFER_GUARDED_BY(mutex_) = 0;
  bool look_ COFFER_GUARDED_BY(mutex_) = false;
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  SigningStatus status_ COFFER_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace coffer::audit
