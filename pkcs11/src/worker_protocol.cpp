#include "coffer/pkcs11/worker_protocol.h"

#include <algorithm>
#include <optional>

#include "coffer/base/codec.h"
#include "config_codec.h"
#include "opening_codec.h"

namespace coffer::pkcs11 {
namespace {

// "CFTW": a worker that was started by hand, or of another make, is told apart at once.
constexpr std::uint32_t kMagic = 0x43465457;

Error malformed(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

constexpr std::uint8_t number_of(KeyRole role) noexcept {
  return role == KeyRole::kek ? std::uint8_t{1} : std::uint8_t{2};
}

Result<KeyRole> read_role(Reader& reader) {
  COFFER_TRY(const std::uint8_t number, reader.u8());
  if (number == number_of(KeyRole::kek)) return KeyRole::kek;
  if (number == number_of(KeyRole::sign)) return KeyRole::sign;
  return malformed("an unknown role of a key");
}

bool is_of_data(Verb verb) { return verb == Verb::read_data || verb == Verb::write_data; }
bool has_key(Verb verb) {
  return verb != Verb::info && verb != Verb::random && verb != Verb::list_keys && !is_of_data(verb);
}
bool has_label(Verb verb) { return verb == Verb::generate || is_of_data(verb); }
bool has_role(Verb verb) {
  return verb == Verb::generate || verb == Verb::verify || verb == Verb::destroy ||
         verb == Verb::attributes;
}
bool has_context(Verb verb) { return verb == Verb::wrap || verb == Verb::unwrap; }
bool has_data(Verb verb) {
  return has_context(verb) || verb == Verb::sign || verb == Verb::write_data;
}

/// In the order of the fields on the wire.
struct Encoder {
  Writer& writer;
  Parts& parts;

  Result<void> operator()(const Hello& hello) const {
    writer.u8(static_cast<std::uint8_t>(Verb::hello)).u32(kMagic).u16(hello.version);
    return {};
  }
  Result<void> operator()(const Opening& opening) const {
    writer.u8(static_cast<std::uint8_t>(Verb::open));
    return write(writer, parts, opening);
  }
  Result<void> operator()(const Initialising& token) const {
    writer.u8(static_cast<std::uint8_t>(Verb::initialise));
    return write(writer, parts, token);
  }
  Result<void> operator()(const Call& call) const {
    COFFER_CHECK(check_limit(call.key.size(), kMaxKeyId, "a key id"));
    COFFER_CHECK(check_limit(call.label.size(), kMaxKeyLabel, "a label"));
    COFFER_CHECK(check_limit(call.context.size(), kMaxContext, "a wrap's context"));
    COFFER_CHECK(check_limit(call.data.size(), kMaxCallData, "what the token is to work on"));
    writer.u8(static_cast<std::uint8_t>(call.verb));
    if (has_role(call.verb)) writer.u8(number_of(call.role));
    if (has_key(call.verb)) writer.blob(call.key);
    if (has_label(call.verb)) writer.text(call.label);
    if (has_context(call.verb)) writer.blob(call.context);
    if (call.verb == Verb::random) writer.u32(call.size);
    if (!has_data(call.verb)) return {};
    writer.u32(static_cast<std::uint32_t>(call.data.size()));
    parts.tail[0] = call.data;
    return {};
  }
};

Result<Message> read_hello(Reader& reader) {
  COFFER_TRY(const std::uint32_t magic, reader.u32());
  if (magic != kMagic) return malformed("not the token worker's protocol");
  Hello hello;
  COFFER_TRY(hello.version, reader.u16());
  return Message(hello);
}

template <typename T>
Result<Message> as_message(Result<T> read) {
  if (!read.ok()) return std::move(read).error();
  return Message(*std::move(read));
}

Result<Message> read_call(Verb verb, Reader& reader) {
  Call call{.verb = verb};
  if (has_role(verb)) {
    COFFER_TRY(call.role, read_role(reader));
  }
  if (has_key(verb)) {
    COFFER_TRY(call.key, read_limited(reader, kMaxKeyId));
  }
  if (has_label(verb)) {
    COFFER_TRY(const ByteView label, read_limited(reader, kMaxKeyLabel));
    call.label = as_text(label);
  }
  if (has_context(verb)) {
    COFFER_TRY(call.context, read_limited(reader, kMaxContext));
  }
  if (verb == Verb::random) {
    COFFER_TRY(call.size, reader.u32());
  }
  if (has_data(verb)) {
    COFFER_TRY(call.data, read_limited(reader, kMaxCallData));
  }
  return Message(call);
}

Result<Message> read_message(Verb verb, Reader& reader) {
  switch (verb) {
    case Verb::hello: return read_hello(reader);
    case Verb::open: return as_message(read_opening(reader));
    case Verb::initialise: return as_message(read_initialising(reader));
    case Verb::info:
    case Verb::generate:
    case Verb::verify:
    case Verb::attributes:
    case Verb::list_keys:
    case Verb::describe_kek:
    case Verb::wrap:
    case Verb::unwrap:
    case Verb::sign:
    case Verb::public_key:
    case Verb::random:
    case Verb::read_data:
    case Verb::write_data:
    case Verb::destroy: return read_call(verb, reader);
  }
  return malformed("an unknown verb");
}

}  // namespace

Result<Parts> encode(const Request& request) {
  Parts parts;
  Writer writer;
  writer.u64(request.id);
  COFFER_CHECK(std::visit(Encoder{writer, parts}, request.message));
  parts.head = std::move(writer).take();
  return parts;
}

Result<Request> decode_request(ByteView packet) {
  Reader reader(packet);
  Request request;
  COFFER_TRY(request.id, reader.u64());
  COFFER_TRY(const std::uint8_t verb, reader.u8());
  COFFER_TRY(request.message, read_message(static_cast<Verb>(verb), reader));
  COFFER_CHECK(reader.finish());
  return request;
}

}  // namespace coffer::pkcs11
