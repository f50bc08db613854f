#include "opening_codec.h"

#include "config_codec.h"

namespace coffer::pkcs11 {

Result<void> check_limit(std::size_t size, std::size_t most, std::string_view what) {
  if (size <= most) return {};
  return make_error(ErrorCode::too_large, std::string(what) + " is over its limit");
}

Result<void> write(Writer& writer, Parts& parts, const Opening& opening) {
  COFFER_CHECK(check_limit(opening.pin.size(), kMaxPin, "the PIN"));
  COFFER_CHECK(write_config(writer, opening.config));
  writer.u32(static_cast<std::uint32_t>(opening.pin.size()));
  parts.tail[0] = opening.pin;
  return {};
}

Result<void> write(Writer& writer, Parts& parts, const Initialising& token) {
  COFFER_CHECK(check_limit(token.module_path.size(), kMaxConfigText, "the module's path"));
  COFFER_CHECK(check_limit(token.label.size(), kMaxConfigText, "the token's label"));
  COFFER_CHECK(check_limit(token.sync_directory.size(), kMaxConfigText, "the directory's path"));
  COFFER_CHECK(check_limit(token.so_pin.size(), kMaxPin, "the security officer's PIN"));
  COFFER_CHECK(check_limit(token.user_pin.size(), kMaxPin, "the PIN"));
  writer.text(token.module_path).text(token.label).text(token.sync_directory);
  writer.u32(static_cast<std::uint32_t>(token.so_pin.size()))
      .u32(static_cast<std::uint32_t>(token.user_pin.size()));
  parts.tail = {token.so_pin, token.user_pin};
  return {};
}

Result<Opening> read_opening(Reader& reader) {
  Opening opening;
  COFFER_TRY(opening.config, read_config(reader));
  COFFER_TRY(opening.pin, read_limited(reader, kMaxPin));
  return opening;
}

Result<Initialising> read_initialising(Reader& reader) {
  Initialising token;
  COFFER_TRY(token.module_path, read_text(reader, kMaxConfigText));
  COFFER_TRY(token.label, read_text(reader, kMaxConfigText));
  COFFER_TRY(token.sync_directory, read_text(reader, kMaxConfigText));
  COFFER_TRY(const std::uint32_t so_size, reader.u32());
  COFFER_TRY(const std::uint32_t user_size, reader.u32());
  if (so_size > kMaxPin || user_size > kMaxPin) {
    return make_error(ErrorCode::corrupt, "a PIN is over its limit");
  }
  COFFER_TRY(token.so_pin, reader.raw(so_size));
  COFFER_TRY(token.user_pin, reader.raw(user_size));
  return token;
}

}  // namespace coffer::pkcs11
