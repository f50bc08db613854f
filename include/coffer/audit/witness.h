// Where checkpoints are kept out of reach of whoever writes the log: each is given the newest one
// now and then, and what it says of a fork is kept. docs/audit.md.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "coffer/audit/cosignature.h"
#include "coffer/audit/proof.h"
#include "coffer/base/clock.h"
#include "coffer/base/mutex.h"

namespace coffer::audit {

struct WitnessAnswer {
  enum class Kind : std::uint8_t {
    taken,
    other_size,  ///< it knows the log at `size`, and wants a proof from there
    fork,        ///< what it knows is no beginning of this log
  };
  Kind kind = Kind::taken;
  std::uint64_t size = 0;
  std::string signatures{};  ///< lines of the note that it adds; empty: none
};

/// One caller at a time. Errors are tried again.
class Witness {
 public:
  virtual ~Witness() = default;
  /// For people: no address, which may hold a password.
  [[nodiscard]] virtual std::string name() const = 0;
  /// Whether it looks at the proof; else `proof` has an old size of 0 and no path.
  [[nodiscard]] virtual bool wants_proof() const = 0;
  /// By which what it signs must be signed; nullptr: it signs nothing, or its key isn't known.
  [[nodiscard]] virtual const Cosigner* key() const { return nullptr; }
  [[nodiscard]] virtual Result<WitnessAnswer> add(const GrowthProof& proof) = 0;
  /// From any thread: the daemon stops. What it is being asked ends at once, if it can; what it is
  /// asked from now on ends soon.
  virtual void hurry() noexcept {}
};

/// Appends to a file that is there already, and that whoever owns it keeps: made append-only, or of
/// another user who lets the daemon's group write.
[[nodiscard]] std::unique_ptr<Witness> make_file_witness(std::string path);
/// One line a checkpoint, facility authpriv: origin, size, root and signature. `socket`: where
/// syslog(3) sends to.
[[nodiscard]] std::unique_ptr<Witness> make_syslog_witness(std::string socket = "/dev/log");

/// The newest checkpoint that a witness signed too, beside the log.
inline constexpr std::string_view kCosigned = "cosigned";

struct WitnessStatus {
  std::string name;
  std::uint64_t lines = 0;  ///< of the last checkpoint that it took; 0: none since the start
  std::optional<WallTime> at{};
  std::string trouble{};  ///< why the last attempt failed; empty: it didn't
  bool fork = false;      ///< it has said so, once
  /// Whose key verified what it signed of `lines`; empty: none was configured, or it signs nothing.
  std::string signed_by{};
};

/// Thread-safe; a thread of its own, so that no witness delays a signature, and one waits for the
/// other at most. The clock outlives it.
class Witnesses final {
 public:
  /// Called once for each witness that tells of a fork, on the thread.
  using OnFork = std::function<void(const std::string& name)>;
  enum class Threads : std::uint8_t { own, none };

  Witnesses(std::string directory, std::vector<std::unique_ptr<Witness>> witnesses,
            std::chrono::seconds interval, const Clock& clock, OnFork on_fork,
            Threads threads = Threads::own);
  /// Gives them the newest, a last time; none is waited for that doesn't answer.
  ~Witnesses();
  Witnesses(const Witnesses&) = delete;
  Witnesses& operator=(const Witnesses&) = delete;

  /// The newest checkpoint; only that one is given on.
  void offer(std::string note) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<WitnessStatus> status() const COFFER_EXCLUDES(mutex_);
  /// One round of the thread.
  void round() COFFER_EXCLUDES(mutex_);

 private:
  void run();
  void give(std::size_t index, const std::string& note) COFFER_EXCLUDES(mutex_);
  void told(std::size_t index, const std::string& note, const Result<WitnessAnswer>& answer)
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> keep(const Witness& witness, const std::string& note,
                                  const std::string& signatures) const;
  [[nodiscard]] Result<WitnessAnswer> add(std::size_t index, const std::string& note);
  [[nodiscard]] Result<WitnessAnswer> add_with_proof(std::size_t index, const Checkpoint& now,
                                                     const std::string& note);

  const std::string directory_;
  const std::vector<std::unique_ptr<Witness>> witnesses_;
  const std::chrono::seconds interval_;
  const Clock& clock_;
  const OnFork on_fork_;
  std::vector<std::uint64_t> known_;  ///< sizes; of the thread alone

  mutable Mutex mutex_;
  CondVar wake_;
  std::string newest_ COFFER_GUARDED_BY(mutex_);
  std::vector<std::string> given_ COFFER_GUARDED_BY(mutex_);  ///< note that each took last
  std::vector<WitnessStatus> status_ COFFER_GUARDED_BY(mutex_);
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace coffer::audit
