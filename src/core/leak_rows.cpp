#include "leak_rows.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/crypto/digest.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kFormat = 1;
/// No other use of the key has this before what it hashes.
constexpr std::string_view kLabel = "coffer fingerprint v1";

std::string text_of(Writer out) { return std::string(as_text(out.view())); }

Result<void> read_fingerprint(Reader& in, Fingerprint& fingerprint) {
  COFFER_TRY(fingerprint.key_version, in.u32());
  COFFER_TRY(const ByteView bytes, in.raw(fingerprint.bytes.size()));
  std::copy(bytes.begin(), bytes.end(), fingerprint.bytes.begin());
  return {};
}

}  // namespace

Result<Fingerprint> fingerprint_of(ByteView key, std::uint32_t key_version,
                                   std::string_view canonical) {
  Writer label;
  label.text(kLabel);
  COFFER_TRY(const crypto::Sha256 hash,
             crypto::hmac_sha256(key, {label.view(), as_bytes(canonical)}));
  Fingerprint fingerprint{.key_version = key_version};
  std::copy_n(hash.begin(), fingerprint.bytes.size(), fingerprint.bytes.begin());
  return fingerprint;
}

std::string parent_of(const Fingerprint& fingerprint) {
  Writer out;
  out.u32(fingerprint.key_version).raw(fingerprint.bytes);
  return text_of(std::move(out));
}

envelope::RowName fingerprint_row(const Fingerprint& fingerprint, const LeakPlace& place) {
  Writer name;
  name.raw(place.mount.view()).text(place.path).u64(place.version).text(place.key);
  return {kFingerprintSpace, parent_of(fingerprint), text_of(std::move(name))};
}

Result<LeakPlace> place_of(std::string_view name) {
  Reader in(as_bytes(name));
  LeakPlace place;
  COFFER_TRY(const ByteView mount, in.raw(place.mount.bytes.size()));
  COFFER_TRY(place.mount, uuid_from(mount));
  COFFER_TRY(place.path, in.text());
  COFFER_TRY(place.version, in.u64());
  COFFER_TRY(place.key, in.text());
  COFFER_CHECK(in.finish());
  return place;
}

envelope::RowName mark_row(const envelope::RowName& secret) {
  Writer parent;
  parent.raw(secret.space.mount.view()).u16(secret.space.table).text(secret.parent);
  return {kMarkSpace, text_of(std::move(parent)), secret.name};
}

std::string encode(const LeakMark& mark) {
  Writer out;
  out.u8(kFormat).text(mark.path).u64(mark.version);
  out.u32(static_cast<std::uint32_t>(mark.leaves.size()));
  for (const LeakMark::Leaf& leaf : mark.leaves) {
    out.u32(leaf.fingerprint.key_version).raw(leaf.fingerprint.bytes).text(leaf.key);
  }
  return text_of(std::move(out));
}

Result<LeakMark> decode_mark(std::string_view row) {
  Reader in(as_bytes(row));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (format != kFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of a secret's fingerprints");
  }
  LeakMark mark;
  COFFER_TRY(mark.path, in.text());
  COFFER_TRY(mark.version, in.u64());
  COFFER_TRY(const std::uint32_t count, in.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    LeakMark::Leaf leaf;
    COFFER_CHECK(read_fingerprint(in, leaf.fingerprint));
    COFFER_TRY(leaf.key, in.text());
    mark.leaves.push_back(std::move(leaf));
  }
  COFFER_CHECK(in.finish());
  return mark;
}

}  // namespace coffer::core
