// A key of a two-factor device, but for its seed, as it stands in a row (docs/formats/totp.md).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "coffer/crypto/hotp.h"
#include "coffer/engine/engine.h"
#include "used_steps.h"

namespace coffer::engines::totp {

inline constexpr std::uint16_t kKeyTable = 1;   ///< a row a key
inline constexpr std::uint16_t kSeedTable = 2;  ///< a sealed secret a key, under its name

struct Key {
  std::uint64_t version = 0;  ///< of the seed; each write of the key makes another
  crypto::OtpHash hash = crypto::OtpHash::sha1;
  std::uint8_t digits = 6;  ///< 6 or 8
  std::uint8_t skew = 1;    ///< steps before and after the current one that are accepted: 0 or 1
  std::chrono::seconds period{30};
  std::string issuer{};
  std::string account_name{};
  UsedSteps used{};
};

[[nodiscard]] std::string encode(const Key& key);
[[nodiscard]] Result<Key> decode(std::string_view row);

[[nodiscard]] std::string_view to_string(crypto::OtpHash hash);  ///< "SHA1"
[[nodiscard]] std::optional<crypto::OtpHash> hash_of(std::string_view name);

[[nodiscard]] inline engine::RowName key_row(const Uuid& mount, std::string_view name) {
  return {{mount, kKeyTable}, {}, std::string(name)};
}
[[nodiscard]] inline engine::RowName seed_row(const Uuid& mount, std::string_view name,
                                              std::uint64_t version) {
  return {{mount, kSeedTable}, std::string(name), std::to_string(version)};
}
[[nodiscard]] inline engine::SecretContext seed_context(const Uuid& mount, std::string_view name,
                                                        std::uint64_t version) {
  return {mount, std::string(name), version};
}

}  // namespace coffer::engines::totp
