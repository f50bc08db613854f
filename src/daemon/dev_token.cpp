#include "dev_token.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "coffer/base/log.h"
#include "coffer/crypto/random.h"
#include "files.h"

namespace coffer::daemon {
namespace {

constexpr std::array kModules = {"/usr/lib/softhsm/libsofthsm2.so",
                                 "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                                 "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"};
constexpr std::string_view kLabel = "coffer-dev";
constexpr std::size_t kPinBytes = 16;

Result<std::string> find_module() {
  for (const char* path : kModules) {
    if (access(path, R_OK) == 0) return std::string(path);
  }
  return make_error(ErrorCode::not_found, "SoftHSM isn't installed (package softhsm2)");
}

Result<SecureBytes> random_pin() {
  COFFER_TRY(const SecureBytes bits, crypto::random_secret(kPinBytes));
  std::string digits = to_hex(bits.expose(Reveal{"spell a new PIN"}));
  auto pin = SecureBytes::copy_of(as_bytes(digits));
  wipe(digits);
  return pin;
}

Result<void> write_configuration(const std::string& token_directory) {
  const std::string objects = token_directory + "/objects";
  COFFER_CHECK(ensure_private_directory(objects));
  const std::string path = token_directory + "/softhsm2.conf";
  const std::string text = "directories.tokendir = " + objects +
                           "\nobjectstore.backend = file\nlog.level = ERROR\n"
                           "slots.removable = false\nlibrary.reset_on_fork = true\n";
  COFFER_CHECK(write_file(path, as_bytes(text), S_IRUSR | S_IWUSR));
  if (setenv("SOFTHSM2_CONF", path.c_str(), 1) != 0) {
    return make_error(ErrorCode::internal, "cannot set SOFTHSM2_CONF");
  }
  return {};
}

/// SoftHSM keeps a directory a token; none means that there is none yet.
bool has_token(const std::string& objects) {
  DIR* directory = opendir(objects.c_str());
  if (directory == nullptr) return false;
  bool found = false;
  while (const dirent* entry = readdir(directory)) found = found || entry->d_name[0] != '.';
  closedir(directory);
  return found;
}

/// The PIN is on disk before the token knows it.
Result<SecureBytes> make_token(const pkcs11::TokenConfig& config, const std::string& pin_path) {
  log::info("making a development token (SoftHSM)");
  COFFER_TRY(const SecureBytes so_pin, random_pin());
  COFFER_TRY(SecureBytes pin, random_pin());
  COFFER_CHECK(
      write_file(pin_path, pin.expose(Reveal{"keep the PIN of a development token"}), S_IRUSR));
  // The SO PIN is kept nowhere: a development token is made anew rather than administered.
  COFFER_TRY(
      [[maybe_unused]] const std::string serial,
      pkcs11::initialise_token(config.module_path, kLabel, so_pin, pin, config.sync_directory));
  return pin;
}

}  // namespace

Result<DevToken> prepare_dev_token(const std::string& directory) {
  const std::string token_directory = directory + "/token";
  const std::string pin_path = directory + "/pin";
  COFFER_TRY(const std::string module, find_module());
  COFFER_CHECK(ensure_private_directory(token_directory));
  COFFER_CHECK(write_configuration(token_directory));
  DevToken token;
  token.config.module_path = module;
  // SoftHSM never syncs: without this a power cut can lose a key that wraps already.
  token.config.sync_directory = token_directory + "/objects";
  token.config.uri = "pkcs11:token=" + std::string(kLabel);
  if (has_token(token_directory + "/objects")) {
    COFFER_TRY(token.pin, read_secret_file(pin_path));
  } else {
    COFFER_TRY(token.pin, make_token(token.config, pin_path));
  }
  return token;
}

}  // namespace coffer::daemon
