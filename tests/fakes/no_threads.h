// While one lives the process can start no thread, as under a limit of tasks that is reached.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <stdexcept>

namespace coffer::fakes {

/// By a stack that no address space holds; threads that run aren't touched.
class NoThreads final {
 public:
  NoThreads() {
    pthread_attr_t wanted;
    check(::pthread_getattr_default_np(&before_));
    check(::pthread_getattr_default_np(&wanted));
    check(::pthread_attr_setstacksize(&wanted, std::size_t{1} << 50U));
    check(::pthread_setattr_default_np(&wanted));
    ::pthread_attr_destroy(&wanted);
  }
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  static void check(int problem) {
    if (problem != 0) throw std::runtime_error("can't change the default stack of threads");
  }
  pthread_attr_t before_{};
};

}  // namespace coffer::fakes
