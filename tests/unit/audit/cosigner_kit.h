// A witness' hand, for the tests of what verifies it.
#pragma once

#include <string>

#include "coffer/audit/cosignature.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/ed25519.h"

namespace coffer::audit::test {

/// A witness' key, and what it signs with it.
class Hand {
 public:
  explicit Hand(const std::string& name) : pem_(*crypto::make_ed25519_pem()) {
    const std::string key = std::string(1, '\x04').append(as_text(*crypto::ed25519_public(pem_)));
    const std::string named = name + "\n" + key;
    const auto id = to_hex(ByteView(*crypto::sha256(as_bytes(named))).first(4));
    text_ = name + "+" + id + "+" + to_base64(as_bytes(key));
    cosigner_ = *parse_cosigner(text_);
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Cosigner& cosigner() const { return cosigner_; }
  /// The line that it adds to that note.
  [[nodiscard]] std::string sign(const std::string& note, std::uint64_t time) const {
    const std::string message =
        "cosignature/v1\ntime " + std::to_string(time) + "\n" + parse_checkpoint(note)->text;
    Bytes bytes(8, 0);
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[7 - i] = static_cast<std::uint8_t>(time >> (8 * i));
    }
    const Bytes signature = *crypto::sign_ed25519(pem_, as_bytes(message));
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    return to_line({cosigner_.name, cosigner_.id, bytes});
  }

 private:
  SecureBytes pem_;
  std::string text_;
  Cosigner cosigner_;
};

}  // namespace coffer::audit::test
