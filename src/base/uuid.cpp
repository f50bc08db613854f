#include "coffer/base/uuid.h"

#include <algorithm>

namespace coffer {

std::string to_string(const Uuid& id) {
  std::string out;
  out.reserve(36);
  const ByteView all = id.view();
  std::size_t at = 0;
  for (const std::size_t size : {4U, 2U, 2U, 2U, 6U}) {
    if (at != 0) out.push_back('-');
    append_hex(out, all.subspan(at, size));
    at += size;
  }
  return out;
}

Result<Uuid> parse_uuid(std::string_view text) {
  const auto bad = [] { return make_error(ErrorCode::invalid_argument, "not a uuid"); };
  if (text.size() != 36) return bad();
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return bad();
    if (!dash) digits.push_back(text[i]);
  }
  const auto bytes = from_hex(digits);
  return bytes ? uuid_from(*bytes) : Result<Uuid>(bad());
}

Result<Uuid> uuid_from(ByteView bytes) {
  Uuid id;
  if (bytes.size() != id.bytes.size()) {
    return make_error(ErrorCode::corrupt, "an id must have 16 bytes");
  }
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

}  // namespace coffer
