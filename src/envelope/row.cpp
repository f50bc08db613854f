#include "row.h"

#include <array>

#include "coffer/base/codec.h"
#include "coffer/crypto/aead.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "contexts.h"
#include "packer.h"

namespace coffer::envelope {
namespace {

constexpr std::string_view kMagic = "CFRW";
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kHeaderSize = 4 + 1 + 4 + 16 + crypto::kAeadIvSize;

/// Domain of the two halves of a row key.
constexpr std::uint8_t kParentHalf = 1;
constexpr std::uint8_t kNameHalf = 2;

Result<ByteView> name_key(const Keyring& keyring) {
  return keyring.key(KeyName::name, keyring.current_version(KeyName::name),
                     Reveal{"make a row's key"});
}

using Length = std::array<std::uint8_t, 4>;

Length length_of(std::string_view text) {
  Length out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(text.size() >> (24U - 8U * i));
  }
  return out;
}

/// The first half of HMAC(name key, domain ‖ mount ‖ table ‖ parent ‖ name) on `out`; the second is
/// left off: 128 bits are enough to tell rows apart.
Result<void> append_half(store::Key& out, ByteView key, std::uint8_t domain, const Space& space,
                         std::string_view parent, std::string_view name) {
  const std::array<std::uint8_t, 2> table = {static_cast<std::uint8_t>(space.table >> 8U),
                                             static_cast<std::uint8_t>(space.table)};
  const Length parent_length = length_of(parent);
  const Length name_length = length_of(name);
  const ByteView last = domain == kNameHalf ? ByteView(name_length) : ByteView();
  COFFER_TRY(const crypto::Sha256 mac,
             crypto::hmac_sha256(key, {ByteView(&domain, 1), space.mount.view(), table,
                                       parent_length, as_bytes(parent), last, as_bytes(name)}));
  out.append(as_text(mac).substr(0, kRowKeyHalf));
  return {};
}

/// The key of one row, wiped when it goes.
class RowSealingKey final {
 public:
  RowSealingKey() = default;
  ~RowSealingKey() { wipe(key_); }
  RowSealingKey(const RowSealingKey&) = delete;
  RowSealingKey& operator=(const RowSealingKey&) = delete;

  /// A key for each row: random IVs under one record key would run out at 2^32 rows (SP 800-38D
  /// section 8.3), and metadata rows are written for ever.
  Result<void> derive(ByteView record_key, ByteView salt) {
    COFFER_TRY(key_, crypto::hmac_sha256(record_key, {as_bytes(kRowKeyLabel), salt}));
    return {};
  }
  [[nodiscard]] ByteView view() const { return key_; }

 private:
  crypto::Sha256 key_{};
};

/// With the vault and the row's place in the store: rows can't be swapped, moved or brought along.
std::string additional_data(const Keyring& keyring, const store::Key& key, std::uint32_t version) {
  return Packer(96 + key.size())
      .text(kRowLabel)
      .u8(kFormat)
      .blob(keyring.vault())
      .text(key)
      .u32(version)
      .take();
}

std::string pack_body(const RowName& row, std::string_view value) {
  return Packer(32 + row.parent.size() + row.name.size() + value.size())
      .raw(row.space.mount)
      .u16(row.space.table)
      .text(row.parent)
      .text(row.name)
      .raw(as_bytes(value))
      .take();
}

Result<OpenRow> read_body(std::string body) {
  OpenRow open;
  Reader in(as_bytes(body));
  COFFER_TRY(const ByteView mount, in.raw(open.row.space.mount.bytes.size()));
  COFFER_TRY(open.row.space.mount, uuid_from(mount));
  COFFER_TRY(open.row.space.table, in.u16());
  COFFER_TRY(open.row.parent, in.text());
  COFFER_TRY(open.row.name, in.text());
  body.erase(0, body.size() - in.remaining());
  open.value = std::move(body);
  return open;
}

struct SealedParts {
  std::uint32_t version = 0;
  ByteView salt;
  ByteView iv;
  ByteView content;
};

Result<SealedParts> parse(std::string_view sealed) {
  SealedParts parts;
  Reader in(as_bytes(sealed));
  COFFER_TRY(const ByteView magic, in.raw(kMagic.size()));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (as_text(magic) != kMagic || format != kFormat) {
    return make_error(ErrorCode::corrupt, "not a sealed row of version 1");
  }
  COFFER_TRY(parts.version, in.u32());
  COFFER_TRY(parts.salt, in.raw(sizeof(FreshRow::salt)));
  COFFER_TRY(parts.iv, in.raw(sizeof(FreshRow::iv)));
  COFFER_TRY(parts.content, in.raw(in.remaining()));
  if (parts.content.size() < crypto::kAeadTagSize) {
    return make_error(ErrorCode::corrupt, "a sealed row ends too early");
  }
  return parts;
}

Result<ByteView> record_key(const Keyring& keyring, std::uint32_t version, std::string_view why) {
  Result<ByteView> key = keyring.key(KeyName::record, version, Reveal{why});
  if (key.ok() || key.error().code != ErrorCode::not_found) return key;
  // To whoever reads a row `not_found` means that there is none; this one is there and is damaged.
  return make_error(ErrorCode::corrupt, "a sealed row names a key that isn't in the keyring");
}

}  // namespace

Result<store::Key> row_prefix(const Keyring& keyring, const Space& space, std::string_view parent) {
  COFFER_TRY(const ByteView key, name_key(keyring));
  store::Key out;
  COFFER_CHECK(append_half(out, key, kParentHalf, space, parent, {}));
  return out;
}

Result<store::Key> row_key(const Keyring& keyring, const RowName& row) {
  COFFER_TRY(const ByteView key, name_key(keyring));
  store::Key out;
  out.reserve(2 * kRowKeyHalf);
  COFFER_CHECK(append_half(out, key, kParentHalf, row.space, row.parent, {}));
  COFFER_CHECK(append_half(out, key, kNameHalf, row.space, row.parent, row.name));
  return out;
}

Result<FreshRow> fresh_row() {
  FreshRow fresh;
  COFFER_CHECK(crypto::random_fill(fresh.salt));
  COFFER_CHECK(crypto::random_fill(fresh.iv));
  return fresh;
}

Result<std::string> seal_row(const FreshRow& fresh, const Keyring& keyring, const store::Key& key,
                             const RowName& row, std::string_view value) {
  const std::uint32_t version = keyring.current_version(KeyName::record);
  COFFER_TRY(const ByteView record, record_key(keyring, version, "seal a row"));
  RowSealingKey derived;
  COFFER_CHECK(derived.derive(record, fresh.salt));
  const std::string body = pack_body(row, value);
  std::string out = Packer(kHeaderSize + body.size() + crypto::kAeadTagSize)
                        .raw(as_bytes(kMagic))
                        .u8(kFormat)
                        .u32(version)
                        .raw(fresh.salt)
                        .raw(fresh.iv)
                        .take();
  out.resize(kHeaderSize + body.size() + crypto::kAeadTagSize);
  const MutableByteView sealed(reinterpret_cast<std::uint8_t*>(out.data()) + kHeaderSize,
                               out.size() - kHeaderSize);
  COFFER_CHECK(crypto::aead_seal_to(derived.view(), fresh.iv,
                                    as_bytes(additional_data(keyring, key, version)),
                                    as_bytes(body), sealed));
  return out;
}

Result<OpenRow> open_row(const Keyring& keyring, const store::Key& key, std::string_view sealed) {
  COFFER_TRY(const SealedParts parts, parse(sealed));
  COFFER_TRY(const ByteView record, record_key(keyring, parts.version, "open a row"));
  RowSealingKey derived;
  COFFER_CHECK(derived.derive(record, parts.salt));
  std::string body(parts.content.size() - crypto::kAeadTagSize, '\0');
  const MutableByteView room(reinterpret_cast<std::uint8_t*>(body.data()), body.size());
  COFFER_CHECK(crypto::aead_open(derived.view(), parts.iv,
                                 as_bytes(additional_data(keyring, key, parts.version)),
                                 parts.content, room));
  return read_body(std::move(body));
}

}  // namespace coffer::envelope
