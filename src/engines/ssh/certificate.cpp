#include "certificate.h"

#include "coffer/base/codec.h"

namespace coffer::engines::ssh {
namespace {

constexpr std::string_view kCaType = "ecdsa-sha2-nistp256";
constexpr std::size_t kHalf = 32;

/// A flag has empty data, a value is a string within the data.
Bytes packed(const Options& options) {
  Writer out;
  for (const auto& [name, value] : options) {
    Writer data;
    if (!value.empty()) data.text(value);
    out.text(name).blob(data.view());
  }
  return std::move(out).take();
}

/// RFC 4251 section 5: without leading zeros, but one where the first bit is set.
void append_mpint(Writer& out, ByteView number) {
  while (!number.empty() && number.front() == 0) number = number.subspan(1);
  Writer bytes;
  if (!number.empty() && (number.front() & 0x80U) != 0) bytes.u8(0);
  out.blob(bytes.raw(number).view());
}

/// RFC 5656 section 3.1.2.
Bytes signature_blob(ByteView signature) {
  Writer numbers;
  append_mpint(numbers, signature.first(kHalf));
  append_mpint(numbers, signature.subspan(kHalf));
  Writer out;
  out.text(kCaType).blob(numbers.view());
  return std::move(out).take();
}

}  // namespace

Bytes to_be_signed(const Certificate& certificate, ByteView ca) {
  Writer principals;
  for (const std::string& principal : certificate.principals) principals.text(principal);
  Writer out;
  out.text(certificate.key.certificate).blob(certificate.nonce).raw(certificate.key.fields);
  out.u64(certificate.serial).u32(static_cast<std::uint32_t>(certificate.type));
  out.text(certificate.key_id).blob(principals.view());
  out.u64(certificate.valid_after).u64(certificate.valid_before);
  out.blob(packed(certificate.critical_options)).blob(packed(certificate.extensions));
  out.text("").blob(ca);  // "reserved" stands between the extensions and the CA's key
  return std::move(out).take();
}

std::string signed_certificate(const Certificate& certificate, ByteView tbs, ByteView signature) {
  Writer whole;
  whole.raw(tbs).blob(signature_blob(signature));
  return std::string(certificate.key.certificate) + " " + to_base64(whole.view()) + "\n";
}

Bytes ca_blob(ByteView point) {
  Writer out;
  out.text(kCaType).text("nistp256").blob(point);
  return std::move(out).take();
}

std::string ca_line(ByteView point) {
  return std::string(kCaType) + " " + to_base64(ca_blob(point)) + "\n";
}

}  // namespace coffer::engines::ssh
