#include "dev_token.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

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

/// The path of it.
Result<std::string> write_configuration(const std::string& token_directory) {
  const std::string objects = token_directory + "/objects";
  COFFER_CHECK(ensure_private_directory(objects));
  std::string path = token_directory + "/softhsm2.conf";
  const std::string text = "directories.tokendir = " + objects +
                           "\nobjectstore.backend = file\nlog.level = ERROR\n"
                           "slots.removable = false\nlibrary.reset_on_fork = true\n";
  COFFER_CHECK(write_file(path, as_bytes(text), S_IRUSR | S_IWUSR));
  return path;
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

}  // namespace

Result<DevToken> prepare_dev_token(const std::string& directory) {
  const std::string token_directory = directory + "/token";
  DevToken token;
  COFFER_TRY(token.config.module_path, find_module());
  COFFER_CHECK(ensure_private_directory(token_directory));
  COFFER_TRY(const std::string configuration, write_configuration(token_directory));
  token.environment = {"SOFTHSM2_CONF=" + configuration};
  // SoftHSM never syncs: without this a power cut can lose a key that wraps already.
  token.config.sync_directory = token_directory + "/objects";
  token.config.uri = "pkcs11:token=" + std::string(kLabel);
  return token;
}

/// The PIN is on disk before the token knows it.
Result<void> make_dev_token(const std::string& directory, const DevToken& token,
                            pkcs11::Supervisor& supervisor) {
  if (has_token(token.config.sync_directory)) return {};
  log::info("making a development token (SoftHSM)");
  // The SO PIN is kept nowhere: a development token is made anew rather than administered.
  COFFER_TRY(const SecureBytes so_pin, random_pin());
  COFFER_TRY(const SecureBytes pin, random_pin());
  const ByteView digits = pin.expose(Reveal{"keep the PIN of a development token"});
  COFFER_CHECK(write_file(directory + "/pin", digits, S_IRUSR));
  COFFER_CHECK(supervisor.initialise_token(
      {.module_path = token.config.module_path,
       .label = std::string(kLabel),
       .sync_directory = token.config.sync_directory,
       .so_pin = so_pin.expose(Reveal{"a new token gets its security officer's PIN"}),
       .user_pin = digits}));
  return {};
}

}  // namespace coffer::daemon
