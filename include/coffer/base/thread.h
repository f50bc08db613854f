// Threads that begin while the daemon works: that there is none to be had is an error like another.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

#include "coffer/base/result.h"

namespace coffer {

/// resource_exhausted where the kernel lets none begin, as under a control group's limit of tasks,
/// which what rotation programs start counts for too. Uncaught it would end the process. `work` is
/// gone then.
template <typename Work>
[[nodiscard]] Result<std::thread> start_thread(Work work) {
  try {
    return std::thread(std::move(work));
  } catch (const std::system_error&) {
    return make_error(ErrorCode::resource_exhausted, "no thread can be started");
  }
}

}  // namespace coffer
