#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fakes/makes.h"
#include "fakes/softhsm.h"

namespace coffer::fakes {
namespace {

constexpr const char* kModule = "/usr/lib/x86_64-linux-gnu/opencryptoki/libopencryptoki.so.0";
constexpr const char* kState = "/var/lib/opencryptoki";
constexpr const char* kLocks = "/run/lock/opencryptoki";
constexpr const char* kConfig = "/etc/opencryptoki";
constexpr const char* kPidFile = "/run/pkcsslotd.pid";
constexpr std::string_view kFirstSoPin = "87654321";  // the make's own default

Error cannot(std::string_view what) {
  return make_error(ErrorCode::unavailable, std::string(what) + " for openCryptoki (as root?)");
}

Result<void> enter_namespaces() {
  static bool entered = false;
  if (entered) return {};
  if (::unshare(CLONE_NEWNS | CLONE_NEWIPC) != 0) return cannot("no namespaces");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return cannot("no private mounts");
  }
  for (const char* place : {"/run", kState, kConfig}) {
    if (::mount("tmpfs", place, "tmpfs", 0, nullptr) != 0) return cannot("no private places");
  }
  entered = true;
  return {};
}

/// As its package makes them: for a group, which root needn't be in.
Result<void> make_directories() {
  const group* const owner = ::getgrnam("pkcs11");
  if (owner == nullptr) return cannot("no group pkcs11");
  std::error_code failed;
  for (const char* place : {kState, kLocks}) {
    std::filesystem::remove_all(std::string(place) + "/swtok", failed);
    std::filesystem::create_directories(std::string(place) + "/swtok/TOK_OBJ", failed);
    for (const char* part : {"", "/swtok", "/swtok/TOK_OBJ"}) {
      const std::string path = std::string(place) + part;
      if (::chown(path.c_str(), 0, owner->gr_gid) != 0 || ::chmod(path.c_str(), 0770) != 0) {
        return cannot("no directories");
      }
    }
  }
  std::ofstream config(std::string(kConfig) + "/opencryptoki.conf");
  config << "version opencryptoki-3.8\nslot 0\n{\nstdll = libpkcs11_sw.so\n}\n";
  config.close();
  return config ? Result<void>() : Result<void>(cannot("no configuration"));
}

}  // namespace

Result<std::unique_ptr<OpenCryptokiSlot>> OpenCryptokiSlot::create() {
  COFFER_CHECK(enter_namespaces());
  COFFER_CHECK(make_directories());
  std::unique_ptr<OpenCryptokiSlot> made(new OpenCryptokiSlot);
  COFFER_CHECK(run_program({"/usr/sbin/pkcsslotd"}));
  COFFER_CHECK(wait_for_file("/run/pkcsslotd.socket"));
  COFFER_TRY(made->pin_, random_pin(8));  // its longest
  COFFER_TRY(const SecureBytes so_pin, SecureBytes::copy_of(as_bytes(kFirstSoPin)));
  COFFER_CHECK(pkcs11::initialise_token(kModule, "coffer test", so_pin, made->pin_));
  made->config_.module_path = kModule;
  made->config_.uri = "pkcs11:token=coffer%20test";  // each has the serial 123
  return made;
}

OpenCryptokiSlot::~OpenCryptokiSlot() {
  std::ifstream file(kPidFile);
  pid_t id = 0;
  if (!(file >> id) || id <= 1) return;
  ::kill(id, SIGTERM);
  for (int i = 0; i < 500 && ::kill(id, 0) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  for (const char* left : {kPidFile, "/run/pkcsslotd.socket"}) ::unlink(left);
}

}  // namespace coffer::fakes
