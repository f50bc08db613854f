#include <filesystem>
#include <fstream>

#include "fakes/makes.h"
#include "fakes/softhsm.h"

namespace coffer::fakes {
namespace {

constexpr const char* kModule = "/usr/lib/x86_64-linux-gnu/libsoftokn3.so";

Result<void> write_pin(const std::string& path, const SecureBytes& pin) {
  std::ofstream file(path);
  file << as_text(pin.expose(Reveal{"a test's token gets its PIN"})) << "\n";
  file.close();
  if (file) return {};
  return make_error(ErrorCode::unavailable, "cannot write a PIN for NSS");
}

}  // namespace

Result<std::unique_ptr<NssDatabase>> NssDatabase::create() {
  std::unique_ptr<NssDatabase> made(new NssDatabase);
  COFFER_TRY(made->directory_, make_temporary_directory("nss-"));
  COFFER_TRY(made->pin_, random_pin(12));
  const std::string& directory = made->directory_;
  COFFER_CHECK(write_pin(directory + "/pin", made->pin_));
  COFFER_CHECK(run_program({"certutil", "-N", "-d", "sql:" + directory, "-f", directory + "/pin"}));
  made->config_.module_path = kModule;
  made->config_.uri = "pkcs11:token=NSS%20Certificate%20DB";
  made->config_.init_string =
      "configdir='sql:" + directory + "' certPrefix='' keyPrefix='' secmod='secmod.db'";
  made->config_.accept_insecure_token = true;
  return made;
}

NssDatabase::~NssDatabase() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace coffer::fakes
