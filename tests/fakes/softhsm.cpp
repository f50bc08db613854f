#include "fakes/softhsm.h"

#include <openssl/rand.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace coffer::fakes {
namespace {

constexpr const char* kVariable = "SOFTHSM2_CONF";

Result<std::string> make_directory() {
  std::error_code failed;
  std::string path = std::filesystem::temp_directory_path(failed).string() + "/softhsm-XXXXXX";
  if (failed || ::mkdtemp(path.data()) == nullptr) {
    return make_error(ErrorCode::unavailable, "no temporary directory for SoftHSM");
  }
  if (::mkdir((path + "/tokens").c_str(), 0700) != 0) {
    return make_error(ErrorCode::unavailable, "no directory for SoftHSM's tokens");
  }
  std::ofstream config(path + "/softhsm2.conf");
  config << "directories.tokendir = " << path << "/tokens\n"
         << "objectstore.backend = file\n"
         << "log.level = ERROR\n"
         << "slots.removable = false\n";
  config.close();
  if (!config) return make_error(ErrorCode::unavailable, "no configuration for SoftHSM");
  return path;
}

}  // namespace

Result<SecureBytes> random_pin(std::size_t digits) {
  COFFER_TRY(SecureBytes pin, SecureBytes::allocate(digits));
  const MutableByteView out = pin.expose_mutable(Reveal{"a test makes a PIN"});
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
    return make_error(ErrorCode::internal, "no random PIN");
  }
  for (std::uint8_t& digit : out) digit = static_cast<std::uint8_t>('0' + digit % 10);
  return pin;
}

SoftHsmDirectory::SoftHsmDirectory(std::string path, SecureBytes pin, SecureBytes so_pin)
    : path_(std::move(path)), pin_(std::move(pin)), so_pin_(std::move(so_pin)) {
  config_.module_path = kSoftHsmModule;
  config_.sync_directory = tokens_path();
  ::setenv(kVariable, (path_ + "/softhsm2.conf").c_str(), 1);
}

SoftHsmDirectory::~SoftHsmDirectory() {
  ::unsetenv(kVariable);
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<std::unique_ptr<SoftHsmDirectory>> SoftHsmDirectory::create_empty() {
  COFFER_TRY(SecureBytes pin, random_pin(12));
  COFFER_TRY(SecureBytes so_pin, random_pin(12));
  COFFER_TRY(std::string path, make_directory());
  return std::unique_ptr<SoftHsmDirectory>(
      new SoftHsmDirectory(std::move(path), std::move(pin), std::move(so_pin)));
}

Result<std::unique_ptr<SoftHsmDirectory>> SoftHsmDirectory::create(std::string_view label) {
  COFFER_TRY(std::unique_ptr<SoftHsmDirectory> made, create_empty());
  COFFER_TRY(const std::string serial, made->add_token(label));
  made->config_.uri = "pkcs11:serial=" + serial;
  return made;
}

Result<std::string> SoftHsmDirectory::add_token(std::string_view label) {
  return pkcs11::initialise_token(config_.module_path, label, so_pin_, pin_);
}

Result<std::unique_ptr<pkcs11::Token>> SoftHsmDirectory::open() const {
  return pkcs11::open_token(config_, pin_);
}

}  // namespace coffer::fakes
