// A SoftHSM token of one test: a directory of its own, random PINs, removed afterwards.
#pragma once

#include <memory>
#include <string>

#include "coffer/pkcs11/token.h"

namespace coffer::fakes {

/// SoftHSM reads SOFTHSM2_CONF in C_Initialize, so there is one of these at a time in a process,
/// and tokens opened from it go first. Make and destroy it while no other thread reads the
/// environment.
class SoftHsmDirectory final {
 public:
  /// With one initialised token, labelled `label`.
  [[nodiscard]] static Result<std::unique_ptr<SoftHsmDirectory>> create(
      std::string_view label = "coffer test");
  /// Without any.
  [[nodiscard]] static Result<std::unique_ptr<SoftHsmDirectory>> create_empty();
  ~SoftHsmDirectory();
  SoftHsmDirectory(const SoftHsmDirectory&) = delete;
  SoftHsmDirectory& operator=(const SoftHsmDirectory&) = delete;

  /// Another token, with the same PINs; gives its serial.
  [[nodiscard]] Result<std::string> add_token(std::string_view label);
  [[nodiscard]] Result<std::unique_ptr<pkcs11::Token>> open() const;

  /// Names the first token by its serial.
  [[nodiscard]] const pkcs11::TokenConfig& config() const noexcept { return config_; }
  [[nodiscard]] const SecureBytes& pin() const noexcept { return pin_; }
  [[nodiscard]] const SecureBytes& so_pin() const noexcept { return so_pin_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Where SoftHSM keeps its tokens; move it away to pull them.
  [[nodiscard]] std::string tokens_path() const { return path_ + "/tokens"; }

 private:
  SoftHsmDirectory(std::string path, SecureBytes pin, SecureBytes so_pin);
  std::string path_;
  SecureBytes pin_;
  SecureBytes so_pin_;
  pkcs11::TokenConfig config_;
};

inline constexpr const char* kSoftHsmModule = "/usr/lib/softhsm/libsofthsm2.so";

/// Digits, as many.
[[nodiscard]] Result<SecureBytes> random_pin(std::size_t digits);

}  // namespace coffer::fakes
