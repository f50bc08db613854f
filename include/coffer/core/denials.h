// The last denials, so that an operator can ask why by the id that the caller was told. Older ones
// are in the audit log, under the same id.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/base/uuid.h"
#include "coffer/model/request.h"

namespace coffer::core {

struct Denial {
  Uuid id;  ///< the request's
  WallTime time;
  model::Operation operation = model::Operation::read;
  std::string path;
  std::string accessor;  ///< empty: the caller could not be made out
  std::string display_name;
  std::vector<std::string> policies;
  uid_t uid = 0;
  std::string rule;  ///< of the decision; empty: none matched
  std::string policy;
  std::string why;
};

/// Thread-safe, bounded: the oldest goes first.
class Denials final {
 public:
  static constexpr std::size_t kKept = 4096;

  void add(Denial denial) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<Denial> find(const Uuid& id) const COFFER_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::deque<Denial> kept_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
