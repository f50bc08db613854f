#include "open_requests.h"

namespace coffer::audit {

void OpenRequests::open(const Uuid& id, std::uint64_t sequence) {
  if (by_id_.contains(id)) return;
  // Recorded first: if memory runs out half-way, roll_back() takes away what is there.
  if (recording_) steps_.push_back({id, sequence, {}, {}});
  by_sequence_.emplace(sequence, id);
  by_id_.emplace(id, sequence);
}

std::optional<std::uint64_t> OpenRequests::close(const Uuid& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  const std::uint64_t sequence = found->second;
  if (recording_) {
    steps_.push_back({id, sequence, {}, {}});
    steps_.back().sequence_node = by_sequence_.extract(sequence);
    steps_.back().id_node = by_id_.extract(found);
  } else {
    by_sequence_.erase(sequence);
    by_id_.erase(found);
  }
  return sequence;
}

void OpenRequests::begin() noexcept { recording_ = true; }

void OpenRequests::commit() noexcept {
  steps_.clear();
  recording_ = false;
}

void OpenRequests::roll_back() noexcept {
  while (!steps_.empty()) {
    Step& step = steps_.back();
    if (step.id_node.empty()) {
      by_sequence_.erase(step.sequence);
      by_id_.erase(step.id);
    } else {
      by_sequence_.insert(std::move(step.sequence_node));
      by_id_.insert(std::move(step.id_node));
    }
    steps_.pop_back();
  }
  recording_ = false;
}

}  // namespace coffer::audit
