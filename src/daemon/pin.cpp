#include "pin.h"

#include <cstdlib>

#include "files.h"

namespace coffer::daemon {

Result<SecureBytes> read_pin(const TokenSettings& settings) {
  if (settings.pin_from == PinFrom::file) return read_secret_file(settings.pin_file);
  // The directory's name isn't secret; the service manager alone sets it (systemd.exec(5)).
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || directory[0] != '/') {
    return make_error(ErrorCode::precondition,
                      "token.pin_from is \"credential\", but the service manager passed none "
                      "(LoadCredentialEncrypted)");
  }
  return read_credential_file(std::string(directory) + "/" + settings.pin_credential);
}

}  // namespace coffer::daemon
