// What a rule may grant, as bits.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/model/request.h"

namespace coffer::policy {

using Capabilities = std::uint32_t;

inline constexpr Capabilities kCreate = 1U << 0U;
inline constexpr Capabilities kDelete = 1U << 1U;
inline constexpr Capabilities kDeny = 1U << 2U;
inline constexpr Capabilities kList = 1U << 3U;
inline constexpr Capabilities kPatch = 1U << 4U;
inline constexpr Capabilities kRead = 1U << 5U;
inline constexpr Capabilities kScan = 1U << 6U;
inline constexpr Capabilities kSudo = 1U << 7U;
inline constexpr Capabilities kUpdate = 1U << 8U;

/// In the order of the bits, which is the alphabet's.
inline constexpr std::array<std::string_view, 9> kCapabilityWords = {
    "create", "delete", "deny", "list", "patch", "read", "scan", "sudo", "update"};

/// 0: no such word.
[[nodiscard]] Capabilities capability(std::string_view word) noexcept;
/// The legacy key `policy`: "read", "write", "sudo", "deny"; 0: no such word.
[[nodiscard]] Capabilities legacy_policy(std::string_view word) noexcept;
/// What an operation needs; 0 for help, which needs nothing.
[[nodiscard]] Capabilities needed(model::Operation operation) noexcept;

/// {"deny"} when denied or when nothing is granted; else sorted.
[[nodiscard]] std::vector<std::string> in_words(Capabilities capabilities);

}  // namespace coffer::policy
