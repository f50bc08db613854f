// Which request lines have no response yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "coffer/base/uuid.h"

namespace coffer::audit {

/// Not thread-safe. Between begin() and commit(), changes can be undone without allocating: what
/// wasn't written must not have happened, however little memory there is.
class OpenRequests final {
 public:
  /// A request that is open already stays as it is: it ran again after a lost race.
  void open(const Uuid& id, std::uint64_t sequence);
  /// Its sequence; nullopt: not open.
  std::optional<std::uint64_t> close(const Uuid& id);

  /// The first request line that has no response; 0: none.
  [[nodiscard]] std::uint64_t lowest() const noexcept {
    return by_sequence_.empty() ? 0 : by_sequence_.begin()->first;
  }
  [[nodiscard]] std::size_t size() const noexcept { return by_sequence_.size(); }
  [[nodiscard]] const std::map<std::uint64_t, Uuid>& all() const noexcept { return by_sequence_; }

  void begin() noexcept;
  void commit() noexcept;
  void roll_back() noexcept;

 private:
  using BySequence = std::map<std::uint64_t, Uuid>;
  using ById = std::map<Uuid, std::uint64_t>;
  /// Of an opened request: what to erase. Of a closed one: the nodes to put back.
  struct Step {
    Uuid id;
    std::uint64_t sequence;
    BySequence::node_type sequence_node;
    ById::node_type id_node;
  };

  BySequence by_sequence_;
  ById by_id_;
  std::vector<Step> steps_;
  bool recording_ = false;
};

}  // namespace coffer::audit
