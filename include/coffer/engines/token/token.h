// The engine at auth/token/: making, looking up, renewing and revoking tokens. docs/auth.md.
#pragma once

#include <memory>

#include "coffer/auth/tokens.h"
#include "coffer/engine/engine.h"

namespace coffer::engines::token {

/// `tokens` outlives it.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine(const auth::Tokens& tokens);

}  // namespace coffer::engines::token
