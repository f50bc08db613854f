#include "parts.h"

namespace coffer::backup {
namespace {

constexpr std::string_view kHeaderLabel = "coffer backup v1 header";
constexpr std::string_view kSignatureLabel = "coffer backup v1";

std::uint64_t to_number(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

Bytes encode_header(const Header& header) {
  Writer body;
  body.raw(header.vault.view()).raw(header.node.view()).u64(to_number(header.created));
  body.u64(header.sequence).u64(header.audit_sequence).text(header.audit_hash);
  body.text(header.program);
  Writer out;
  out.raw(as_bytes(kMagic)).u8(kFormat).blob(body.view());
  return std::move(out).take();
}

Result<Header> decode_header(ByteView body) {
  Reader reader(body);
  Header header;
  COFFER_TRY(const ByteView vault, reader.raw(16));
  COFFER_TRY(header.vault, uuid_from(vault));
  COFFER_TRY(const ByteView node, reader.raw(16));
  COFFER_TRY(header.node, uuid_from(node));
  COFFER_TRY(const std::uint64_t created, reader.u64());
  header.created = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(created)));
  COFFER_TRY(header.sequence, reader.u64());
  COFFER_TRY(header.audit_sequence, reader.u64());
  COFFER_TRY(const std::string_view audit_hash, reader.text());
  COFFER_TRY(const std::string_view program, reader.text());
  COFFER_CHECK(reader.finish());
  header.audit_hash = audit_hash;
  header.program = program;
  return header;
}

Result<crypto::Sha256> first_digest(ByteView header) {
  return crypto::sha256(as_bytes(kHeaderLabel), header);
}

Result<crypto::Sha256> next_digest(const crypto::Sha256& before, ByteView chunk) {
  return crypto::sha256(before, chunk);
}

Bytes signed_message(const Uuid& vault, const Summary& summary, std::uint64_t bytes) {
  Writer message;
  message.text(kSignatureLabel).raw(vault.view()).raw(summary.digest);
  message.u64(summary.rows).u64(summary.chunks).u64(bytes).blob(summary.signer);
  return std::move(message).take();
}

}  // namespace coffer::backup
