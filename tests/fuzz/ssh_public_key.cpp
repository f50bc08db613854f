// An OpenSSH public key from outside: refused with an error that can be shown, or taken, and then
// it is the base64 of the line, of a known size, and reads the same again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "src/engines/ssh/certificate.h"

namespace {

using namespace coffer;
using namespace coffer::engines::ssh;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  auto key = parse_public_key(line);
  if (!key.ok()) {
    require(key.error().code == ErrorCode::invalid_argument);
    for (const char c : key.error().text) require(c >= 0x20 && c <= 0x7E);
    return 0;
  }
  require(line.find(to_base64(key->blob)) != std::string_view::npos);
  require(key->bits >= 256 && key->bits <= 16384);
  require(key->fields.size() < key->blob.size());
  require(key_type_of(to_string(key->type)) == key->type);
  const std::string type(
      as_text(ByteView(key->blob).subspan(4, key->blob.size() - 4 - key->fields.size())));
  const auto again = parse_public_key(type + " " + to_base64(key->blob));
  require(again.ok() && again->blob == key->blob && again->type == key->type);
  Certificate certificate;
  certificate.key = *std::move(key);
  certificate.nonce = Bytes(32, 7);
  require(to_be_signed(certificate, ca_blob(Bytes(65, 4))).size() > again->fields.size() + 32);
  return 0;
}
