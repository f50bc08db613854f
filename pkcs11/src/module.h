// A PKCS#11 module in this process: loaded once, initialised, finalised when the last user is gone.
#pragma once

#include <memory>
#include <string>

#include "coffer/base/mutex.h"
#include "coffer/base/result.h"
#include "p11.h"

namespace coffer::pkcs11 {

/// Modules crash when they are finalised under a running call, used after a fork, or touched by
/// static destructors (seen with SoftHSM 2.6.1). So: sessions close before their Module goes;
/// `usable()` is false in a forked child and once the process is in exit(), and then nothing is
/// called any more. initialise() and finalise() are for one thread; the rest is thread-safe.
class Module final {
 public:
  /// Checks the file, then loads it. conflict if this process has it loaded through here already:
  /// login and initialisation belong to the process, so there is one Token a module.
  [[nodiscard]] static Result<std::unique_ptr<Module>> load(const std::string& path);
  /// Over functions that are already there and outlive the Module; for tests that inject faults.
  [[nodiscard]] static std::unique_ptr<Module> adopt(CK_FUNCTION_LIST* functions);

  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// With CKF_OS_LOCKING_OK, and with `init_string` where the module wants one (NSS). conflict if
  /// other code of this process has initialised the module: then its login isn't ours to make or
  /// end.
  [[nodiscard]] Result<void> initialise(const std::string& init_string = {});
  /// From now on one thread at a time is in the module: for makes that break otherwise. Before
  /// there are threads.
  void serialise() noexcept { serial_ = true; }
  /// Precondition: no session open, no call running.
  void finalise() noexcept;

  /// To be held over each call of a function; waits only in a serialised module.
  class Turn final {
   public:
    explicit Turn(const Module& module) COFFER_NO_THREAD_SAFETY_ANALYSIS;
    ~Turn() COFFER_NO_THREAD_SAFETY_ANALYSIS;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Mutex* mutex_;
  };

  [[nodiscard]] const CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }
  [[nodiscard]] bool usable() const noexcept;

 private:
  Module(CK_FUNCTION_LIST* functions, std::string path) noexcept;
  CK_FUNCTION_LIST* functions_;
  std::string path_;         ///< empty if adopted
  unsigned generation_ = 0;  ///< of the process: a fork makes the next
  bool initialised_ = false;
  bool serial_ = false;
  mutable Mutex mutex_;
};

}  // namespace coffer::pkcs11
