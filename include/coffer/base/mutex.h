// std::mutex with the annotations that clang's -Wthread-safety checks.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define COFFER_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define COFFER_THREAD_ANNOTATION(x)
#endif

#define COFFER_CAPABILITY(x) COFFER_THREAD_ANNOTATION(capability(x))
#define COFFER_SCOPED_CAPABILITY COFFER_THREAD_ANNOTATION(scoped_lockable)
#define COFFER_GUARDED_BY(x) COFFER_THREAD_ANNOTATION(guarded_by(x))
#define COFFER_REQUIRES(...) COFFER_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define COFFER_ACQUIRE(...) COFFER_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define COFFER_RELEASE(...) COFFER_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define COFFER_EXCLUDES(...) COFFER_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define COFFER_NO_THREAD_SAFETY_ANALYSIS COFFER_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace coffer {

class COFFER_CAPABILITY("mutex") Mutex final {
 public:
  void lock() COFFER_ACQUIRE() { mutex_.lock(); }
  void unlock() COFFER_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class COFFER_SCOPED_CAPABILITY MutexLock final {
 public:
  explicit MutexLock(Mutex& mutex) COFFER_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() COFFER_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits on a Mutex that the caller holds; holds it again afterwards.
class CondVar final {
 public:
  void wait(Mutex& mutex) COFFER_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  template <typename Rep, typename Period>
  bool wait_for(Mutex& mutex, std::chrono::duration<Rep, Period> timeout) COFFER_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace coffer
