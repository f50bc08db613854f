#include <algorithm>
#include <array>
#include <optional>

#include "coffer/base/codec.h"
#include "coffer/pkcs11/worker_protocol.h"
#include "config_codec.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxPublicKey = 4096;
constexpr std::uint8_t kOk = 0;
// Of a data object.
constexpr std::uint8_t kAbsent = 0;
constexpr std::uint8_t kThere = 1;

/// The numbers of the format; ErrorCode's own may change.
struct Row {
  std::uint8_t number;
  ErrorCode code;
};
constexpr std::array kRows = {
    Row{1, ErrorCode::invalid_argument},   Row{2, ErrorCode::unauthenticated},
    Row{3, ErrorCode::permission_denied},  Row{4, ErrorCode::not_found},
    Row{5, ErrorCode::unsupported},        Row{6, ErrorCode::conflict},
    Row{7, ErrorCode::precondition},       Row{8, ErrorCode::too_large},
    Row{9, ErrorCode::resource_exhausted}, Row{10, ErrorCode::sealed},
    Row{11, ErrorCode::unavailable},       Row{12, ErrorCode::corrupt},
    Row{13, ErrorCode::internal},          Row{14, ErrorCode::limit_reached},
};

std::uint8_t number_of(ErrorCode code) noexcept {
  const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                 [code](const Row& each) { return each.code == code; });
  return row == kRows.end() ? std::uint8_t{13} : row->number;
}

std::string_view cut(std::string_view text) { return text.substr(0, kMaxErrorText); }

/// A worker whose module runs wild can say anything; it must not write lines into our log.
std::string readable(ByteView bytes) {
  std::string text(as_text(bytes));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

Result<void> read_error(std::uint8_t status, Reader& reader, std::optional<Error>& error) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                 [status](const Row& each) { return each.number == status; });
  if (row == kRows.end()) return make_error(ErrorCode::corrupt, "an unknown status of a reply");
  COFFER_TRY(const ByteView text, read_limited(reader, kMaxErrorText));
  COFFER_TRY(const ByteView cause, read_limited(reader, kMaxErrorText));
  error = make_error(row->code, readable(text), readable(cause));
  return {};
}

Result<PinTries> read_pin_tries(Reader& reader) {
  COFFER_TRY(const std::uint8_t tries, reader.u8());
  if (tries <= static_cast<std::uint8_t>(PinTries::locked)) return static_cast<PinTries>(tries);
  return make_error(ErrorCode::corrupt, "an unknown number of PIN tries");
}

}  // namespace

Bytes encode_error(std::uint64_t id, const Error& error, LoginOutcome login) {
  Writer writer;
  writer.u64(id).u8(number_of(error.code)).u8(static_cast<std::uint8_t>(login));
  writer.text(cut(error.text)).text(cut(error.cause));
  return std::move(writer).take();
}

Bytes encode_ok(std::uint64_t id) {
  Writer writer;
  writer.u64(id).u8(kOk);
  return std::move(writer).take();
}

Result<Reply> decode_reply(ByteView packet) {
  Reader reader(packet);
  Reply reply;
  COFFER_TRY(reply.id, reader.u64());
  COFFER_TRY(const std::uint8_t status, reader.u8());
  if (status == kOk) {
    COFFER_TRY(reply.body, reader.raw(reader.remaining()));
    return reply;
  }
  COFFER_TRY(const std::uint8_t login, reader.u8());
  if (login > static_cast<std::uint8_t>(LoginOutcome::refused)) {
    return make_error(ErrorCode::corrupt, "an unknown outcome of a login");
  }
  reply.login = static_cast<LoginOutcome>(login);
  COFFER_CHECK(read_error(status, reader, reply.error));
  COFFER_CHECK(reader.finish());
  return reply;
}

Bytes encode_info(const TokenInfo& info) {
  const auto& [label, manufacturer, model, serial, pin_tries, profile, firmware, hardware, so_pin] =
      info;
  Writer writer;
  writer.text(label).text(manufacturer).text(model).text(serial);
  writer.u8(static_cast<std::uint8_t>(pin_tries)).text(profile);
  writer.text(firmware).text(hardware).u8(static_cast<std::uint8_t>(so_pin));
  return std::move(writer).take();
}

Result<TokenInfo> decode_info(ByteView body) {
  Reader reader(body);
  TokenInfo info;
  COFFER_TRY(info.label, read_text(reader, kMaxName));
  COFFER_TRY(info.manufacturer, read_text(reader, kMaxName));
  COFFER_TRY(info.model, read_text(reader, kMaxName));
  COFFER_TRY(info.serial, read_text(reader, kMaxName));
  COFFER_TRY(info.pin_tries, read_pin_tries(reader));
  COFFER_TRY(info.profile, read_text(reader, kMaxName));
  COFFER_TRY(info.firmware, read_text(reader, kMaxName));
  COFFER_TRY(info.hardware, read_text(reader, kMaxName));
  COFFER_TRY(info.so_pin_tries, read_pin_tries(reader));
  COFFER_CHECK(reader.finish());
  return info;
}

Bytes encode_attributes(const std::vector<KeyAttribute>& attributes) {
  Writer writer;
  writer.u8(static_cast<std::uint8_t>(attributes.size()));
  for (const auto& [name, value] : attributes) writer.text(name).text(value);
  return std::move(writer).take();
}

Result<std::vector<KeyAttribute>> decode_attributes(ByteView body) {
  Reader reader(body);
  COFFER_TRY(const std::uint8_t count, reader.u8());
  if (count > kMaxAttributes) return make_error(ErrorCode::corrupt, "too many attributes of a key");
  std::vector<KeyAttribute> attributes(count);
  for (KeyAttribute& one : attributes) {
    COFFER_TRY(one.name, read_text(reader, kMaxName));
    COFFER_TRY(one.value, read_text(reader, kMaxName));
  }
  COFFER_CHECK(reader.finish());
  return attributes;
}

Bytes encode_listed(const ListedKeys& listed) {
  Writer writer;
  writer.u8(listed.more ? 1 : 0).u16(static_cast<std::uint16_t>(listed.keys.size()));
  for (const ListedKey& key : listed.keys) {
    writer.u8(key.secret ? 1 : 0).blob(key.id).text(key.label);
  }
  return std::move(writer).take();
}

Result<ListedKeys> decode_listed(ByteView body) {
  Reader reader(body);
  COFFER_TRY(const std::uint8_t more, reader.u8());
  COFFER_TRY(const std::uint16_t count, reader.u16());
  if (more > 1 || count > kMaxListedKeys) {
    return make_error(ErrorCode::corrupt, "not a list of a token's keys");
  }
  ListedKeys listed{.keys = std::vector<ListedKey>(count), .more = more != 0};
  for (ListedKey& key : listed.keys) {
    COFFER_TRY(const std::uint8_t secret, reader.u8());
    COFFER_TRY(const ByteView id, read_limited(reader, kMaxListedText));
    COFFER_TRY(key.label, read_text(reader, kMaxListedText));
    key.secret = secret != 0;
    key.id = to_bytes(id);
  }
  COFFER_CHECK(reader.finish());
  return listed;
}

Bytes encode_kek(const KekInfo& kek) {
  const auto& [algorithm, public_key] = kek;
  Writer writer;
  writer.text(algorithm).blob(public_key);
  return std::move(writer).take();
}

Result<KekInfo> decode_kek(ByteView body) {
  Reader reader(body);
  KekInfo kek;
  COFFER_TRY(kek.algorithm, read_text(reader, kMaxName));
  COFFER_TRY(const ByteView public_key, read_limited(reader, kMaxPublicKey));
  kek.public_key = to_bytes(public_key);
  COFFER_CHECK(reader.finish());
  return kek;
}

Bytes encode_data(const std::optional<Bytes>& value) {
  Writer writer;
  writer.u8(value ? kThere : kAbsent);
  if (value) writer.raw(*value);
  return std::move(writer).take();
}

Result<std::optional<Bytes>> decode_data(ByteView body) {
  Reader reader(body);
  COFFER_TRY(const std::uint8_t there, reader.u8());
  if (there == kAbsent) {
    COFFER_CHECK(reader.finish());
    return std::optional<Bytes>();
  }
  if (there != kThere || reader.remaining() > kMaxDataSize) {
    return make_error(ErrorCode::corrupt, "not the value of a data object");
  }
  COFFER_TRY(const ByteView value, reader.raw(reader.remaining()));
  return std::optional<Bytes>(to_bytes(value));
}

}  // namespace coffer::pkcs11
