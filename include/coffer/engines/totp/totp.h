// Codes of two-factor devices, made and checked, in Vault's wire format. docs/totp.md.
#pragma once

#include <memory>

#include "coffer/engine/engine.h"

namespace coffer::engines::totp {

/// Serves every mount of type `totp`. Thread-safe.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine();

}  // namespace coffer::engines::totp
