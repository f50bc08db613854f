// Making backups while the vault serves: one at a time, on a thread of its own, from one snapshot
// of the store, into a directory that the configuration names and no request does.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "coffer/audit/log.h"
#include "coffer/backup/glance.h"
#include "coffer/base/mutex.h"
#include "coffer/core/state.h"
#include "coffer/store/store.h"

namespace coffer::core {

/// Thread-safe. What it is given outlives it.
class Backups final {
 public:
  struct Parts {
    store::Store& store;
    audit::Log& log;
    State& state;
    const Clock& clock;
  };
  /// A line of the daemon's own in the audit log.
  using Record = std::function<void(std::string_view event, const std::string& detail)>;

  /// `directory` is made (0700) with the first backup.
  Backups(Parts parts, std::string directory);
  ~Backups();
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  /// From here on backups are made, and their ends recorded; removes what a crash left half made.
  void serve(Record record) COFFER_EXCLUDES(mutex_);
  /// Ends one that is being made, which leaves nothing, and makes no more.
  void stop() COFFER_EXCLUDES(mutex_);

  /// Starts one and gives its name. precondition: one is being made; sealed.
  [[nodiscard]] Result<std::string> start() COFFER_EXCLUDES(mutex_);

  struct Status {
    bool running = false;
    std::string name{};  ///< empty: none was made since the daemon started
    WallTime started{};
    std::uint64_t rows = 0;  ///< so far
    std::uint64_t bytes = 0;
    backup::Header header{};  ///< once it is done
    std::optional<backup::Summary> summary{};
    std::optional<Error> failure{};
  };
  [[nodiscard]] Status status() const COFFER_EXCLUDES(mutex_);

  // What is there. A name that no backup can have is not_found.
  [[nodiscard]] Result<std::vector<std::string>> list() const;
  /// At its head and end alone. corrupt: it is none, was cut, or is another vault's.
  [[nodiscard]] Result<backup::Glance> look(std::string_view name) const;
  struct Chunk {
    Bytes bytes;             ///< none: the end
    std::uint64_t size = 0;  ///< of the whole file
  };
  static constexpr std::size_t kChunk = std::size_t{512} << 10U;
  [[nodiscard]] Result<Chunk> read(std::string_view name, std::uint64_t offset) const;
  [[nodiscard]] Result<void> remove(std::string_view name) const;
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

 private:
  void run(const std::string& name) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> make(const std::string& name) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<backup::Summary> write(const std::string& file, backup::Header& header)
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<backup::Header> describe(store::Snapshot& snapshot) const;
  [[nodiscard]] Result<void> go_on(std::chrono::nanoseconds since) const;
  [[nodiscard]] std::string path_of(std::string_view name) const;
  [[nodiscard]] Result<backup::File> open(std::string_view name) const;

  const Parts parts_;
  const std::string directory_;
  std::atomic<bool> stopping_{true};
  std::atomic<std::uint64_t> rows_{0};
  std::atomic<std::uint64_t> bytes_{0};

  mutable Mutex mutex_;
  Record record_ COFFER_GUARDED_BY(mutex_);
  Status status_ COFFER_GUARDED_BY(mutex_);
  std::thread thread_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
