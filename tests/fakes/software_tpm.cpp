#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fakes/makes.h"
#include "fakes/softhsm.h"

namespace coffer::fakes {
namespace {

constexpr const char* kModule = "/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1";
constexpr const char* kVariables[] = {"TPM2_PKCS11_STORE", "TPM2_PKCS11_TCTI", "TSS2_LOG",
                                      "DBUS_SESSION_BUS_ADDRESS"};

/// A bus for one program and its clients.
Result<void> write_bus_config(const std::string& path, const std::string& socket) {
  std::ofstream file(path);
  file << "<busconfig><type>session</type><listen>unix:path=" << socket << "</listen>"
       << "<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
       << "<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n";
  file.close();
  if (file) return {};
  return make_error(ErrorCode::unavailable, "cannot write a configuration for a bus");
}

/// Until the resource manager has its name on the bus.
Result<void> wait_for_manager() {
  for (int i = 0; i < 500; ++i) {
    if (run_program({"dbus-send", "--session", "--print-reply", "--dest=com.intel.tss2.Tabrmd",
                     "/com/intel/tss2/Tabrmd/Tcti", "org.freedesktop.DBus.Peer.Ping"})
            .ok()) {
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return make_error(ErrorCode::unavailable, "tpm2-abrmd doesn't come");
}

}  // namespace

Result<std::unique_ptr<SoftwareTpm>> SoftwareTpm::create() {
  std::unique_ptr<SoftwareTpm> made(new SoftwareTpm);
  COFFER_TRY(made->directory_, make_temporary_directory("swtpm-"));
  COFFER_TRY(made->pin_, random_pin(12));
  const std::string socket = made->directory_ + "/tpm";
  COFFER_TRY(made->tpm_,
             ChildProcess::start(
                 {"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + made->directory_, "--ctrl",
                  "type=unixio,path=" + socket + ".ctrl", "--server", "type=unixio,path=" + socket,
                  "--flags", "not-need-init,startup-clear"}));
  COFFER_CHECK(wait_for_file(socket));
  ::setenv(kVariables[0], made->directory_.c_str(), 1);
  const std::string bus = made->directory_ + "/bus";
  COFFER_CHECK(write_bus_config(bus + ".conf", bus));
  COFFER_TRY(made->bus_,
             ChildProcess::start({"dbus-daemon", "--nofork", "--config-file=" + bus + ".conf"}));
  COFFER_CHECK(wait_for_file(bus));
  ::setenv(kVariables[3], ("unix:path=" + bus).c_str(), 1);
  COFFER_TRY(made->manager_, ChildProcess::start({"tpm2-abrmd", "--session", "--allow-root",
                                                  "--tcti=swtpm:path=" + socket}));
  COFFER_CHECK(wait_for_manager());
  ::setenv(kVariables[1], "tabrmd:bus_type=session", 1);
  ::setenv(kVariables[2], "all+NONE", 1);
  COFFER_TRY(const SecureBytes so_pin, random_pin(12));
  // Its serial is all zeros: the label is what there is.
  COFFER_CHECK(pkcs11::initialise_token(kModule, "coffer test", so_pin, made->pin_));
  made->config_.module_path = kModule;
  made->config_.uri = "pkcs11:token=coffer%20test";
  return made;
}

SoftwareTpm::~SoftwareTpm() {
  for (const char* variable : kVariables) ::unsetenv(variable);
  manager_.reset();
  bus_.reset();
  tpm_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace coffer::fakes
