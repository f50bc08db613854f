#include "config_codec.h"

#include "coffer/pkcs11/worker_protocol.h"

namespace coffer::pkcs11 {
namespace {

Result<void> write_text(Writer& writer, std::string_view text) {
  if (text.size() > kMaxConfigText) {
    return make_error(ErrorCode::too_large, "a text of the token's configuration is too long");
  }
  writer.text(text);
  return {};
}

Result<std::chrono::milliseconds> read_milliseconds(Reader& reader) {
  COFFER_TRY(const std::uint32_t count, reader.u32());
  return std::chrono::milliseconds(count);
}

Result<bool> read_flag(Reader& reader) {
  COFFER_TRY(const std::uint8_t flag, reader.u8());
  if (flag > 1) return make_error(ErrorCode::corrupt, "a flag is neither 0 nor 1");
  return flag == 1;
}

std::uint32_t count_of(std::chrono::milliseconds time) {
  return static_cast<std::uint32_t>(time.count());
}

}  // namespace

Result<ByteView> read_limited(Reader& reader, std::size_t limit) {
  COFFER_TRY(const ByteView bytes, reader.blob());
  if (bytes.size() > limit) return make_error(ErrorCode::corrupt, "a field is over its limit");
  return bytes;
}

Result<std::string> read_text(Reader& reader, std::size_t limit) {
  COFFER_TRY(const ByteView bytes, read_limited(reader, limit));
  return std::string(as_text(bytes));
}

// The structured binding is there so that a new member doesn't compile before it is sent too.
Result<void> write_config(Writer& writer, const TokenConfig& config) {
  const auto& [module_path, uri, max_sessions, session_wait, call_deadline, sync_directory,
               accept_low_pin_count, profile, init_string, accept_insecure_token] = config;
  COFFER_CHECK(write_text(writer, module_path));
  COFFER_CHECK(write_text(writer, uri));
  writer.u32(static_cast<std::uint32_t>(max_sessions))
      .u32(count_of(session_wait))
      .u32(count_of(call_deadline));
  COFFER_CHECK(write_text(writer, sync_directory));
  writer.u8(accept_low_pin_count ? 1 : 0);
  COFFER_CHECK(write_text(writer, profile));
  COFFER_CHECK(write_text(writer, init_string));
  writer.u8(accept_insecure_token ? 1 : 0);
  return {};
}

Result<TokenConfig> read_config(Reader& reader) {
  TokenConfig config;
  COFFER_TRY(config.module_path, read_text(reader, kMaxConfigText));
  COFFER_TRY(config.uri, read_text(reader, kMaxConfigText));
  COFFER_TRY(config.max_sessions, reader.u32());
  COFFER_TRY(config.session_wait, read_milliseconds(reader));
  COFFER_TRY(config.call_deadline, read_milliseconds(reader));
  COFFER_TRY(config.sync_directory, read_text(reader, kMaxConfigText));
  COFFER_TRY(config.accept_low_pin_count, read_flag(reader));
  COFFER_TRY(config.profile, read_text(reader, kMaxConfigText));
  COFFER_TRY(config.init_string, read_text(reader, kMaxConfigText));
  COFFER_TRY(config.accept_insecure_token, read_flag(reader));
  return config;
}

}  // namespace coffer::pkcs11
