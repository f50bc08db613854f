// The token of a rehearsal: SoftHSM's, in a directory of its own that goes when it is over. Private
// to the room.
#pragma once

#include <memory>
#include <string>

#include "ceremony.h"

namespace coffer::ceremony {

/// One at a time: SoftHSM reads SOFTHSM2_CONF. The process has one thread.
class ScratchToken final {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ScratchToken>> make(const std::string& module);
  ~ScratchToken();
  ScratchToken(const ScratchToken&) = delete;
  ScratchToken& operator=(const ScratchToken&) = delete;

  [[nodiscard]] const pkcs11::TokenConfig& config() const noexcept { return config_; }
  /// For a plan whose token is there already: initialises one, hands out its PINs, and makes the
  /// keys that the plan finds on it.
  [[nodiscard]] Result<void> prepare(Ceremony& ceremony) const;

 private:
  ScratchToken(std::string path, pkcs11::TokenConfig config)
      : path_(std::move(path)), config_(std::move(config)) {}
  std::string path_;
  pkcs11::TokenConfig config_;
};

}  // namespace coffer::ceremony
