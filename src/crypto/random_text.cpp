#include "coffer/crypto/random_text.h"

#include "coffer/crypto/random.h"

namespace coffer::crypto {

Result<SecureBytes> random_text(std::string_view charset, std::size_t count) {
  if (charset.empty() || charset.size() > 256) {
    return make_error(ErrorCode::internal, "random text of no characters, or of more than 256");
  }
  // A byte at or above the largest multiple of the charset's size would favour its first ones.
  const std::size_t limit = 256 - 256 % charset.size();
  COFFER_TRY(SecureBytes out, SecureBytes::allocate(count));
  const MutableByteView text = out.expose_mutable(Reveal{"fresh random text"});
  std::size_t filled = 0;
  while (filled < count) {
    COFFER_TRY(const SecureBytes drawn, random_secret(count - filled + 16));
    for (const std::uint8_t byte : drawn.expose(Reveal{"fresh random text"})) {
      if (filled == count) break;
      if (byte >= limit) continue;
      text[filled] = static_cast<std::uint8_t>(charset[byte % charset.size()]);
      ++filled;
    }
  }
  return out;
}

}  // namespace coffer::crypto
