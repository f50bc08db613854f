// Public keys as text (RFC 7468 section 13).
#include <openssl/x509.h>

#include "coffer/crypto/signer.h"
#include "openssl.h"

namespace coffer::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";
constexpr std::size_t kLineLength = 64;

Error not_pem() {
  forget_openssl_errors();
  return make_error(ErrorCode::invalid_argument, "not a public key in PEM (BEGIN PUBLIC KEY)");
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_blank(c)) out.push_back(c);
  }
  return out;
}

bool all_blank(std::string_view text) { return without_blanks(text).empty(); }

}  // namespace

std::string pem_from_spki(ByteView spki) {
  const std::string body = to_base64(spki);
  std::string pem(kBegin);
  pem.push_back('\n');
  for (std::size_t at = 0; at < body.size(); at += kLineLength) {
    pem.append(body, at, kLineLength).push_back('\n');
  }
  return pem.append(kEnd).append("\n");
}

Result<Bytes> spki_from_pem(std::string_view pem) {
  const std::size_t begin = pem.find(kBegin);
  const std::size_t end = pem.find(kEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos ||
      end < begin + kBegin.size() || !all_blank(pem.substr(0, begin)) ||
      !all_blank(pem.substr(end + kEnd.size()))) {
    return not_pem();
  }
  const std::size_t body = begin + kBegin.size();
  Result<Bytes> spki = from_base64(without_blanks(pem.substr(body, end - body)));
  if (!spki.ok()) return not_pem();
  const std::uint8_t* at = spki->data();
  const KeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki->size())));
  if (key == nullptr || at != spki->data() + spki->size()) return not_pem();
  return spki;
}

}  // namespace coffer::crypto
