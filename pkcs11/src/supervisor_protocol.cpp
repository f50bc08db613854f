#include "coffer/pkcs11/supervisor_protocol.h"

#include "coffer/base/codec.h"
#include "config_codec.h"
#include "opening_codec.h"

namespace coffer::pkcs11 {
namespace {

// The numbers of the format.
constexpr std::uint8_t kSettings = 64;
constexpr std::uint8_t kOpen = 65;
constexpr std::uint8_t kReopen = 66;
constexpr std::uint8_t kForget = 67;
constexpr std::uint8_t kInitialise = 68;

Error malformed(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

struct Encoder {
  Writer& writer;
  Parts& parts;

  Result<void> operator()(const Settings& settings) const {
    COFFER_CHECK(check_limit(settings.user.size(), kMaxConfigText, "the worker's user"));
    COFFER_CHECK(check_limit(settings.environment.size(), kMaxEnvironment, "the environment"));
    writer.u8(kSettings).u8(static_cast<std::uint8_t>(settings.confinement));
    writer.text(settings.user).u32(settings.uid).u32(settings.gid);
    writer.u16(static_cast<std::uint16_t>(settings.environment.size()));
    for (const std::string& variable : settings.environment) {
      COFFER_CHECK(check_limit(variable.size(), kMaxConfigText, "a variable"));
      writer.text(variable);
    }
    return {};
  }
  Result<void> operator()(const OpenToken& open) const {
    writer.u8(kOpen).u32(open.token);
    return write(writer, parts, open.opening);
  }
  Result<void> operator()(const ReopenToken& reopen) const {
    writer.u8(kReopen).u32(reopen.token);
    return {};
  }
  Result<void> operator()(const ForgetToken& forget) const {
    writer.u8(kForget).u32(forget.token);
    return {};
  }
  Result<void> operator()(const Initialising& token) const {
    writer.u8(kInitialise);
    return write(writer, parts, token);
  }
};

Result<Order> read_settings(Reader& reader) {
  Settings settings;
  COFFER_TRY(const std::uint8_t confinement, reader.u8());
  settings.confinement = static_cast<Confinement>(confinement);
  if (settings.confinement < Confinement::local || settings.confinement > Confinement::off) {
    return malformed("an unknown confinement");
  }
  COFFER_TRY(settings.user, read_text(reader, kMaxConfigText));
  COFFER_TRY(settings.uid, reader.u32());
  COFFER_TRY(settings.gid, reader.u32());
  COFFER_TRY(const std::uint16_t count, reader.u16());
  if (count > kMaxEnvironment) return malformed("too many variables");
  for (std::uint16_t i = 0; i < count; ++i) {
    COFFER_TRY(std::string variable, read_text(reader, kMaxConfigText));
    // exec would end it there, and the rest would be lost without a word.
    const auto equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos || variable.find('\0') != std::string::npos) {
      return malformed("a variable that isn't NAME=VALUE");
    }
    settings.environment.push_back(std::move(variable));
  }
  return Order(std::move(settings));
}

Result<Order> read_order(std::uint8_t verb, Reader& reader) {
  if (verb == kSettings) return read_settings(reader);
  if (verb == kInitialise) {
    COFFER_TRY(Initialising token, read_initialising(reader));
    return Order(std::move(token));
  }
  if (verb != kOpen && verb != kReopen && verb != kForget) return malformed("an unknown order");
  COFFER_TRY(const std::uint32_t token, reader.u32());
  if (verb == kReopen) return Order(ReopenToken{token});
  if (verb == kForget) return Order(ForgetToken{token});
  COFFER_TRY(Opening opening, read_opening(reader));
  return Order(OpenToken{token, std::move(opening)});
}

}  // namespace

Result<Parts> encode(const SupervisorRequest& request) {
  Parts parts;
  Writer writer;
  writer.u64(request.id);
  COFFER_CHECK(std::visit(Encoder{writer, parts}, request.order));
  parts.head = std::move(writer).take();
  return parts;
}

Result<SupervisorRequest> decode_supervisor_request(ByteView packet) {
  Reader reader(packet);
  SupervisorRequest request;
  COFFER_TRY(request.id, reader.u64());
  COFFER_TRY(const std::uint8_t verb, reader.u8());
  COFFER_TRY(request.order, read_order(verb, reader));
  COFFER_CHECK(reader.finish());
  return request;
}

}  // namespace coffer::pkcs11
