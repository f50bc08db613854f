// Tokens of other makes than SoftHSM, each with all that it needs, in places of its own, gone when
// it goes. As SoftHsmDirectory: one of a make at a time in a process, tokens opened from it go
// first, and no other thread reads the environment meanwhile.
#pragma once

#include <memory>

#include "coffer/pkcs11/token.h"
#include "fakes/child_process.h"

namespace coffer::fakes {

class Make {
 public:
  virtual ~Make() = default;
  [[nodiscard]] const pkcs11::TokenConfig& config() const noexcept { return config_; }
  [[nodiscard]] const SecureBytes& pin() const noexcept { return pin_; }
  [[nodiscard]] Result<std::unique_ptr<pkcs11::Token>> open() const {
    return pkcs11::open_token(config_, pin_);
  }

 protected:
  pkcs11::TokenConfig config_;
  SecureBytes pin_;
};

/// NSS softokn on a database of its own. Insecure, and accepted as such.
class NssDatabase final : public Make {
 public:
  [[nodiscard]] static Result<std::unique_ptr<NssDatabase>> create();
  ~NssDatabase() override;

 private:
  std::string directory_;
};

/// openCryptoki's software token with a slot daemon of its own. Its places are fixed (/run,
/// /var/lib/opencryptoki, /etc/opencryptoki, System V shared memory), so the first one takes this
/// process into a mount and an IPC namespace where these are private: for root alone, and before
/// there are other threads.
class OpenCryptokiSlot final : public Make {
 public:
  [[nodiscard]] static Result<std::unique_ptr<OpenCryptokiSlot>> create();
  ~OpenCryptokiSlot() override;
};

/// tpm2-pkcs11 on a swtpm of its own, behind a resource manager on a bus of its own: a TPM has room
/// for three keys, and the module leaves all that it used in it. As /dev/tpmrm0 does for hardware.
class SoftwareTpm final : public Make {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SoftwareTpm>> create();
  ~SoftwareTpm() override;

 private:
  std::string directory_;
  std::unique_ptr<ChildProcess> tpm_;
  std::unique_ptr<ChildProcess> bus_;
  std::unique_ptr<ChildProcess> manager_;
};

}  // namespace coffer::fakes
