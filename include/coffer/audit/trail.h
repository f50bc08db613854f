// Tickets. Every engine call takes a Context that holds one, and only a Trail can make one: a call
// that isn't audited doesn't compile.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "coffer/audit/log.h"
#include "coffer/base/mutex.h"
#include "coffer/model/caller.h"
#include "coffer/model/peer.h"
#include "coffer/model/request.h"

namespace coffer::audit {

/// Hashes string values for the lines: "hmac-sha256:" + hex. Holds the keyring's `audit` key.
/// Thread-safe.
class Hasher final {
 public:
  Hasher(SecureBytes key, std::uint32_t key_version);
  void append(std::string& out, std::string_view value) const;
  [[nodiscard]] std::uint32_t key_version() const noexcept { return key_version_; }

 private:
  SecureBytes key_;
  std::uint32_t key_version_;
};

/// The two lines of one request, for the Door.
struct Entry {
  std::optional<Line> request;  ///< nullopt: make_durable() wrote it already
  Line response;
};

/// One request's place in the audit trail. Move-only. Facts are added as they become known, the
/// last word counts; lines are rendered when they are needed. Its Request, Peer, log and clock
/// outlive it. One that goes without close() says so in the daemon's log and, if its request line
/// is on disk, closes that with a line `interrupted`.
class Ticket final {
 public:
  Ticket(Ticket&&) noexcept;
  Ticket& operator=(Ticket&&) noexcept;
  ~Ticket();

  void identified(const model::Caller& caller);
  void decided(const model::Decision& decision);
  /// The mount that the path leads to.
  void routed(std::string_view mount_path, std::string_view mount_type);

  /// Before an effect outside of the store: the request line is on disk on return. Blocks.
  [[nodiscard]] Result<void> make_durable();

  /// Renders what is left. Precondition: called once.
  [[nodiscard]] Entry close(const model::Response& response) &&;
  [[nodiscard]] Entry close(const Error& error) &&;

 private:
  friend class Trail;
  struct State;
  explicit Ticket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Trail final {
 public:
  /// `log` outlives the trail. Without a hasher (sealed) lines carry no data, and say so.
  Trail(Log& log, std::shared_ptr<const Hasher> hasher, const Clock& clock);

  [[nodiscard]] Ticket open(const model::Request& request, const model::Peer& peer);
  /// The one of the tickets that are opened from now on; those that are open keep theirs.
  void use(std::shared_ptr<const Hasher> hasher) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::shared_ptr<const Hasher> hasher() const COFFER_EXCLUDES(mutex_);
  /// A line about the daemon itself: stop, initialise, an error that matters. `event` becomes the
  /// line's type: lower-case letters and underscores, none of the types of request lines.
  [[nodiscard]] Line system_line(std::string_view event, std::string_view detail) const;
  /// Closes a request whose own response line can't stand: its commit failed, or its line was lost.
  [[nodiscard]] Line failure_line(const Uuid& request, const Error& error) const;

 private:
  Log& log_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::shared_ptr<const Hasher> hasher_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::audit
