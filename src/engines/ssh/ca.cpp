#include "ca.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "coffer/base/codec.h"
#include "coffer/engines/ssh/ssh.h"

namespace coffer::engines::ssh {
namespace {

using pkcs11::KeyRole;

constexpr std::uint8_t kRowFormat = 2;
constexpr std::uint8_t kUndated = 1;  ///< of before it said when the key was made
constexpr std::size_t kPointSize = 65;
constexpr std::string_view kEndKind = "ssh_ca_key";

// RFC 5480: SubjectPublicKeyInfo of a P-256 point up to the point itself.
constexpr std::array<std::uint8_t, 26> kP256Prefix = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

Result<Bytes> point_of(ByteView spki) {
  const bool p256 = spki.size() == kP256Prefix.size() + kPointSize &&
                    std::equal(kP256Prefix.begin(), kP256Prefix.end(), spki.begin());
  if (p256) return to_bytes(spki.subspan(kP256Prefix.size()));
  return make_error(ErrorCode::unsupported,
                    "this token makes no elliptic curve keys, which is what a CA here signs with");
}

struct Named {
  Uuid mount;
  std::uint32_t generation = 0;
};

/// "UUID/GENERATION".
Result<Named> parse_end(std::string_view id) {
  const std::size_t slash = std::min(id.find('/'), id.size());
  Named named;
  COFFER_TRY(named.mount, parse_uuid(id.substr(0, slash)));
  const std::string_view number = id.substr(std::min(slash + 1, id.size()));
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), named.generation);
  if (error == std::errc() && end == number.data() + number.size()) return named;
  return make_error(ErrorCode::corrupt, "a due row of an ssh CA has no generation");
}

/// A call to look: a key that its CA still uses stays.
Result<std::optional<lifecycle::Errand>> plan_end(pkcs11::Token& token, const KeysChanged& changed,
                                                  engine::SealedTransaction& tx,
                                                  const lifecycle::Due& due) {
  COFFER_TRY(const Named named, parse_end(due.id));
  COFFER_TRY(const StoredCa stored, load_ca(tx, named.mount));
  if (stored.present() && stored.ca.generation == named.generation) {
    return std::optional<lifecycle::Errand>();
  }
  lifecycle::Errand errand{.path = "sys/ssh/destroy-ca-key/" + due.id};
  errand.act = [&token, changed,
                key = ca_key(named.mount, named.generation)](const std::stop_token&) {
    Result<void> destroyed = token.destroy(KeyRole::sign, key);
    const bool gone = !destroyed.ok() && destroyed.error().code == ErrorCode::not_found;
    if (gone || destroyed.ok()) changed();
    return gone ? Result<void>() : destroyed;
  };
  return std::optional<lifecycle::Errand>(std::move(errand));
}

}  // namespace

std::string encode(const Ca& ca) {
  Writer row;
  row.u8(kRowFormat).u32(ca.generation).blob(ca.point);
  row.u64(static_cast<std::uint64_t>(ca.made.time_since_epoch().count()));
  return std::string(as_text(row.view()));
}

Result<Ca> decode_ca(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kRowFormat && format != kUndated) {
    return make_error(ErrorCode::corrupt, "unknown format of an ssh CA");
  }
  Ca ca;
  COFFER_TRY(ca.generation, row.u32());
  COFFER_TRY(const ByteView point, row.blob());
  if (format != kUndated) {
    COFFER_TRY(const std::uint64_t made, row.u64());
    ca.made = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(made)));
  }
  COFFER_CHECK(row.finish());
  if (!point.empty() && point.size() != kPointSize) {
    return make_error(ErrorCode::corrupt, "an ssh CA's key isn't one of P-256");
  }
  ca.point = to_bytes(point);
  return ca;
}

Result<StoredCa> load_ca(engine::SealedTransaction& tx, const Uuid& mount) {
  COFFER_TRY(const auto row, tx.read(ca_row(mount)));
  if (!row) return StoredCa{};
  COFFER_TRY(Ca ca, decode_ca(row->value));
  return StoredCa{std::move(ca), row->version};
}

Result<void> save_ca(engine::SealedTransaction& tx, const Uuid& mount, const StoredCa& ca) {
  return tx.write(
      ca_row(mount), encode(ca.ca),
      ca.version == 0 ? engine::Expect::absent() : engine::Expect::unchanged(ca.version));
}

pkcs11::KeyRef ca_key(const Uuid& mount, std::uint32_t generation) {
  return {engine::token_key_id(mount, kCaLetter, generation)};
}

Result<Bytes> make_ca_key(pkcs11::Token& token, const Uuid& mount, std::uint32_t generation) {
  const pkcs11::KeyRef key = ca_key(mount, generation);
  const auto made = token.generate(KeyRole::sign, key, "coffer ssh ca");
  if (!made.ok()) {
    if (made.error().code != ErrorCode::conflict) return made.error();
    COFFER_CHECK(token.verify(KeyRole::sign, key));
  }
  COFFER_TRY(const Bytes spki, token.public_key(key));
  auto point = point_of(spki);
  if (!point.ok()) COFFER_CHECK(token.destroy(KeyRole::sign, key));
  return point;
}

Result<void> schedule_end(engine::SealedTransaction& tx, const Uuid& mount,
                          std::uint32_t generation, WallTime now) {
  const std::string id = to_string(mount) + "/" + std::to_string(generation);
  return lifecycle::schedule(tx, kEndKind, id, now, now);
}

void register_handlers(lifecycle::Handlers& handlers, pkcs11::Token& token, KeysChanged changed) {
  handlers.add_errand(
      std::string(kEndKind),
      [&token, changed = std::move(changed)](engine::SealedTransaction& tx,
                                             const lifecycle::Due& due, WallTime) {
        return plan_end(token, changed, tx, due);
      },
      lifecycle::Effects::outside);
}

}  // namespace coffer::engines::ssh
