#include "module.h"

#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <set>

#include "coffer/base/mutex.h"
#include "coffer/pkcs11/module_file.h"
#include "errors.h"

namespace coffer::pkcs11 {
namespace {

std::atomic<bool> exiting{false};
/// Forks between the first process and this one. getpid() would be a system call an operation.
std::atomic<unsigned> generation{0};

/// The first runs before the destructors of whatever was constructed before the first module was
/// loaded, the second in each child.
void watch_exit_and_fork() {
  static const bool registered = std::atexit([] { exiting = true; }) == 0 &&
                                 ::pthread_atfork(nullptr, nullptr, [] { ++generation; }) == 0;
  static_cast<void>(registered);
}

/// The modules that this process has loaded. Never destroyed: a static Token may outlive it.
struct Loaded {
  Mutex mutex;
  std::set<std::string> paths COFFER_GUARDED_BY(mutex);
};
Loaded& loaded() {
  static auto* const instance = new Loaded;
  return *instance;
}

bool claim(const std::string& path) {
  const MutexLock lock(loaded().mutex);
  return loaded().paths.insert(path).second;
}

void disclaim(const std::string& path) {
  const MutexLock lock(loaded().mutex);
  loaded().paths.erase(path);
}

}  // namespace

Module::Module(CK_FUNCTION_LIST* functions, std::string path) noexcept
    : functions_(functions), path_(std::move(path)) {}

Result<std::unique_ptr<Module>> Module::load(const std::string& path) {
  COFFER_TRY(std::string file, check_module_file(path));
  watch_exit_and_fork();
  if (!claim(file)) {
    return make_error(ErrorCode::conflict, "the token's module is already in use by this process",
                      file);
  }
  // UNMANAGED gives the module's own functions, without p11-kit's mutexes and counting around them;
  // CRITICAL makes a failure ours to see.
  p11_kit_be_quiet();
  CK_FUNCTION_LIST* const functions = p11_kit_module_load(
      file.c_str(), int{P11_KIT_MODULE_UNMANAGED} | int{P11_KIT_MODULE_CRITICAL});
  if (functions == nullptr) {
    const char* const message = p11_kit_message();
    disclaim(file);
    return make_error(ErrorCode::invalid_argument, "not a PKCS#11 module: " + file,
                      message != nullptr ? message : "p11_kit_module_load");
  }
  std::unique_ptr<Module> module(new Module(functions, std::move(file)));
  if (functions->version.major < 2) {
    return make_error(ErrorCode::precondition, "the module speaks a PKCS#11 before 2.0");
  }
  return module;
}

std::unique_ptr<Module> Module::adopt(CK_FUNCTION_LIST* functions) {
  watch_exit_and_fork();
  return std::unique_ptr<Module>(new Module(functions, {}));
}

Module::~Module() {
  finalise();
  if (path_.empty()) return;
  if (!exiting) p11_kit_module_release(functions_);
  disclaim(path_);
}

Module::Turn::Turn(const Module& module) : mutex_(module.serial_ ? &module.mutex_ : nullptr) {
  if (mutex_ != nullptr) mutex_->lock();
}

Module::Turn::~Turn() {
  if (mutex_ != nullptr) mutex_->unlock();
}

Result<void> Module::initialise(const std::string& init_string) {
  CK_C_INITIALIZE_ARGS arguments{};
  // NSS has its LibraryParameters where the standard has pReserved.
  std::string copy = init_string;
  if (!copy.empty()) arguments.pReserved = copy.data();
  // Without it SoftHSM, called from two threads, corrupts its memory.
  arguments.flags = CKF_OS_LOCKING_OK;
  COFFER_CHECK(ck_check("C_Initialize", functions_->C_Initialize(&arguments)));
  initialised_ = true;
  generation_ = generation;
  return {};
}

void Module::finalise() noexcept {
  if (usable()) static_cast<void>(functions_->C_Finalize(nullptr));
  initialised_ = false;
}

bool Module::usable() const noexcept {
  return initialised_ && !exiting.load(std::memory_order_relaxed) &&
         generation_ == generation.load(std::memory_order_relaxed);
}

}  // namespace coffer::pkcs11
