// A secret in n shares of which k give it back (Shamir, over GF(2^8)). docs/formats/
// ceremony-share.md. Private to the room.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coffer/base/secure_bytes.h"

namespace coffer::ceremony {

struct ShareCount {
  std::uint32_t needed = 0;
  std::uint32_t total = 0;
};

/// Shares as text that can be written down, digits in groups of four, or printed as a QR code. Each
/// set of `needed` of them was combined and gave the secret back before this returns. Precondition:
/// 2 <= needed <= total
/// <= 16, and a secret of 1 to 64 bytes.
[[nodiscard]] Result<std::vector<SecureBytes>> split_secret(const SecureBytes& secret,
                                                            ShareCount count);
/// Of all shares, as their holders typed them in: tries every set of `needed` of them, so that each
/// paper is known to be of use. invalid_argument names the share that isn't one, by its place from
/// 1; else as combine_shares(). Precondition: as split_secret().
[[nodiscard]] Result<SecureBytes> combine_every_subset(std::span<const SecureBytes> shares,
                                                       std::uint32_t needed);
/// invalid_argument: one isn't a share, was written down wrongly, is of another secret, stands
/// there twice, or there are too few. Never a wrong secret: it has a MAC.
[[nodiscard]] Result<SecureBytes> combine_shares(std::span<const SecureBytes> shares);

}  // namespace coffer::ceremony
