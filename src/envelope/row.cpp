#include "row.h"

#include <algorithm>
#include <array>

#include "coffer/base/codec.h"
#include "coffer/crypto/aead.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "contexts.h"
#include "packer.h"

namespace coffer::envelope {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kHeaderSize = 4 + 1 + 4 + 16 + crypto::kAeadIvSize;

/// Domain of the two halves of a row key.
constexpr std::uint8_t kParentHalf = 1;
constexpr std::uint8_t kNameHalf = 2;

/// What half a row's key is the HMAC of: domain ‖ mount ‖ table ‖ parent, and of the second half
/// the name.
std::string half_message(std::uint8_t domain, const Space& space, std::string_view parent,
                         std::string_view name) {
  Packer out(32 + parent.size() + name.size());
  out.u8(domain).raw(space.mount).u16(space.table).text(parent);
  if (domain == kNameHalf) out.text(name);
  return out.take();
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
  COFFER_TRY(const ByteView magic, in.raw(kRowMagic.size()));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (as_text(magic) != kRowMagic || format != kFormat) {
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

std::string parent_message(const Space& space, std::string_view parent) {
  return half_message(kParentHalf, space, parent, {});
}

std::string name_message(const RowName& row) {
  return half_message(kNameHalf, row.space, row.parent, row.name);
}

/// The second half of the HMAC is left off: 128 bits are enough to tell rows apart.
Result<KeyHalf> key_half(const Keyring& keyring, std::string_view message) {
  COFFER_TRY(const ByteView key, keyring.key(KeyName::name, keyring.current_version(KeyName::name),
                                             Reveal{"make a row's key"}));
  COFFER_TRY(const crypto::Sha256 mac, crypto::hmac_sha256(key, as_bytes(message)));
  KeyHalf half;
  std::copy_n(mac.begin(), half.size(), half.begin());
  return half;
}

Result<store::Key> row_prefix(const Keyring& keyring, const Space& space, std::string_view parent) {
  COFFER_TRY(const KeyHalf half, key_half(keyring, parent_message(space, parent)));
  return store::Key(as_text(half));
}

Result<store::Key> row_key(const Keyring& keyring, const RowName& row) {
  COFFER_TRY(store::Key out, row_prefix(keyring, row.space, row.parent));
  COFFER_TRY(const KeyHalf half, key_half(keyring, name_message(row)));
  out.append(as_text(half));
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
                        .raw(as_bytes(kRowMagic))
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
