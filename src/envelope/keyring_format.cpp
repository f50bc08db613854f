#include "keyring_format.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/crypto/aead.h"
#include "contexts.h"
#include "packer.h"

namespace coffer::envelope {
namespace {

constexpr std::string_view kMagic = "CFKR";
constexpr std::uint8_t kSuite = 1;  // AES-256-GCM; the signature is by the kind of its key
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kEntrySize = 1 + 4 + kKeySize;
constexpr std::size_t kMaxKeys = 1024;
constexpr std::size_t kLeastSignature = 64;  // of P-256; RSA's are longer

constexpr auto kFirstName = KeyName::record;
constexpr auto kLastName = KeyName::fingerprint;

Error corrupt(std::string_view text) { return make_error(ErrorCode::corrupt, text); }

/// What format 2 has of a token beside what format 1 had.
void pack_more(Packer& out, const EnrolledToken& token) {
  out.text(token.label).blob(token.kek_public_key);
  out.u64(static_cast<std::uint64_t>(token.kek_installed.time_since_epoch().count()));
  out.u8(static_cast<std::uint8_t>(token.old_keks.size()));
  for (const std::uint32_t version : token.old_keks) out.u32(version);
}

void pack_token(Packer& out, const KeyringToken& entry, std::uint8_t format) {
  out.text(entry.token.serial).u32(entry.token.sign_version).blob(entry.token.sign_public_key);
  if (format >= kKeyringFormat2) pack_more(out, entry.token);
  pack(out, {entry.token.id, entry.token.kek_version, entry.algorithm, entry.wrapped});
}

Result<void> read_more(Reader& in, EnrolledToken& token) {
  COFFER_TRY(token.label, in.text());
  COFFER_TRY(const ByteView kek, in.blob());
  token.kek_public_key = to_bytes(kek);
  COFFER_TRY(const std::uint64_t installed, in.u64());
  token.kek_installed = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(installed)));
  COFFER_TRY(const std::uint8_t count, in.u8());
  for (std::size_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::uint32_t version, in.u32());
    token.old_keks.push_back(version);
  }
  return {};
}

/// Old versions rise, and the current one is above them.
Result<void> check_versions(const EnrolledToken& token) {
  std::uint32_t least = 1;
  for (const std::uint32_t version : token.old_keks) {
    if (version < least || version >= token.kek_version) {
      return corrupt("the keyring's old kek versions aren't in order");
    }
    least = version + 1;
  }
  if (token.kek_version > 0 && token.sign_version > 0) return {};
  return corrupt("the keyring names a key without a version");
}

Result<KeyringToken> read_token(Reader& in, std::uint8_t format) {
  KeyringToken entry;
  COFFER_TRY(entry.token.serial, in.text());
  COFFER_TRY(entry.token.sign_version, in.u32());
  COFFER_TRY(const ByteView spki, in.blob());
  entry.token.sign_public_key = to_bytes(spki);
  if (format >= kKeyringFormat2) COFFER_CHECK(read_more(in, entry.token));
  COFFER_TRY(const Recipient recipient, read_recipient(in));
  COFFER_CHECK(check_wrapped(recipient));
  entry.token.id = recipient.token;
  entry.token.kek_version = recipient.kek_version;
  entry.algorithm = recipient.algorithm;
  entry.token.algorithm = entry.algorithm;
  entry.wrapped = to_bytes(recipient.wrapped);
  COFFER_CHECK(check_versions(entry.token));
  return entry;
}

void put_u32(MutableByteView out, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(value >> (24U - 8U * i));
}

/// The list in memory that is wiped: name, version, key, one after another.
Result<SecureBytes> pack_keys(std::span<const VersionedKey> keys) {
  COFFER_TRY(SecureBytes list, SecureBytes::allocate(keys.size() * kEntrySize));
  MutableByteView rest = list.expose_mutable(Reveal{"seal the keyring"});
  for (const VersionedKey& entry : keys) {
    const ByteView key = entry.key.expose(Reveal{"seal the keyring"});
    if (key.size() != kKeySize) return make_error(ErrorCode::internal, "a key hasn't 32 bytes");
    rest[0] = static_cast<std::uint8_t>(entry.name);
    put_u32(rest.subspan(1), entry.version);
    std::copy(key.begin(), key.end(), rest.begin() + 5);
    rest = rest.subspan(kEntrySize);
  }
  return list;
}

Result<VersionedKey> read_key(Reader& in) {
  VersionedKey entry;
  COFFER_TRY(const std::uint8_t name, in.u8());
  if (name < static_cast<std::uint8_t>(kFirstName) || name > static_cast<std::uint8_t>(kLastName)) {
    return corrupt("the keyring holds a key that isn't known here");
  }
  entry.name = static_cast<KeyName>(name);
  COFFER_TRY(entry.version, in.u32());
  COFFER_TRY(const ByteView key, in.raw(kKeySize));
  COFFER_TRY(entry.key, SecureBytes::copy_of(key));
  return entry;
}

bool in_order(const VersionedKey& a, const VersionedKey& b) {
  return a.name != b.name ? a.name < b.name : a.version < b.version;
}

Result<void> check_keys(const std::vector<VersionedKey>& keys) {
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (!in_order(keys[i - 1], keys[i])) return corrupt("the keyring's keys aren't in order");
  }
  for (auto name = static_cast<std::uint8_t>(kFirstName);
       name <= static_cast<std::uint8_t>(kLastName); ++name) {
    const bool there = std::any_of(keys.begin(), keys.end(), [&](const VersionedKey& key) {
      return static_cast<std::uint8_t>(key.name) == name && key.version > 0;
    });
    if (!there) return corrupt("the keyring lacks a key");
  }
  return {};
}

Result<void> read_tokens(Reader& in, ParsedKeyring& keyring) {
  COFFER_TRY(const std::uint8_t count, in.u8());
  if (count == 0 || count > kMaxRecipients) return corrupt("a keyring has 1 to 8 tokens");
  for (std::size_t i = 0; i < count; ++i) {
    COFFER_TRY(KeyringToken entry, read_token(in, keyring.format));
    keyring.tokens.push_back(std::move(entry));
  }
  return {};
}

Result<void> read_head(Reader& in, ParsedKeyring& keyring) {
  COFFER_TRY(const ByteView magic, in.raw(kMagic.size()));
  COFFER_TRY(keyring.format, in.u8());
  COFFER_TRY(const std::uint8_t suite, in.u8());
  const bool known = keyring.format == kKeyringFormat1 || keyring.format == kKeyringFormat2;
  if (as_text(magic) != kMagic || !known || suite != kSuite) {
    return corrupt("not a keyring of format 1 or 2 and suite 1");
  }
  COFFER_TRY(const ByteView vault, in.raw(keyring.vault.bytes.size()));
  COFFER_TRY(keyring.vault, uuid_from(vault));
  return {};
}

/// `bytes` are what `in` reads, from the start.
Result<ParsedKeyring> read_body(Reader& in, ByteView bytes) {
  ParsedKeyring keyring;
  COFFER_CHECK(read_head(in, keyring));
  COFFER_CHECK(read_tokens(in, keyring));
  keyring.header = bytes.first(bytes.size() - in.remaining());
  COFFER_TRY(keyring.iv, in.raw(crypto::kAeadIvSize));
  COFFER_TRY(keyring.sealed_keys, in.blob());
  return keyring;
}

}  // namespace

Result<std::string> pack_keyring(const Uuid& vault, std::span<const KeyringToken> tokens,
                                 std::span<const VersionedKey> keys, ByteView keyring_key,
                                 const std::array<std::uint8_t, 12>& iv, std::uint8_t format) {
  Packer header(512);
  header.raw(as_bytes(kMagic)).u8(format).u8(kSuite).raw(vault);
  header.u8(static_cast<std::uint8_t>(tokens.size()));
  for (const KeyringToken& entry : tokens) pack_token(header, entry, format);
  COFFER_TRY(const SecureBytes list, pack_keys(keys));
  COFFER_TRY(const Bytes sealed, crypto::aead_seal(keyring_key, iv, header.view(),
                                                   list.expose(Reveal{"seal the keyring"})));
  header.raw(iv).blob(sealed);
  return header.take();
}

std::string keyring_signature_message(ByteView body) {
  return Packer(64 + body.size()).text(kKeyringLabel).blob(body).take();
}

Result<SplitKeyring> split_keyring(ByteView stored, std::size_t signature_size) {
  if (stored.size() <= signature_size) return corrupt("the keyring ends too early");
  return SplitKeyring{stored.first(stored.size() - signature_size), stored.last(signature_size)};
}

Result<Uuid> read_vault(ByteView stored) {
  Reader in(stored);
  COFFER_TRY(const ParsedKeyring keyring, read_body(in, stored));
  if (in.remaining() < kLeastSignature) return corrupt("the keyring ends too early");
  return keyring.vault;
}

Result<ParsedKeyring> parse_keyring(ByteView body) {
  Reader in(body);
  COFFER_TRY(ParsedKeyring keyring, read_body(in, body));
  COFFER_CHECK(in.finish());
  return keyring;
}

Result<std::vector<VersionedKey>> open_keys(const ParsedKeyring& keyring, ByteView keyring_key) {
  const std::size_t sealed = keyring.sealed_keys.size();
  if (sealed < crypto::kAeadTagSize || sealed > kMaxKeys * kEntrySize) {
    return corrupt("the keyring's list of keys has an impossible length");
  }
  COFFER_TRY(SecureBytes list, SecureBytes::allocate(sealed - crypto::kAeadTagSize));
  COFFER_CHECK(crypto::aead_open(keyring_key, keyring.iv, keyring.header, keyring.sealed_keys,
                                 list.expose_mutable(Reveal{"open the keyring"})));
  std::vector<VersionedKey> keys;
  Reader in(list.expose(Reveal{"open the keyring"}));
  while (in.remaining() > 0) {
    COFFER_TRY(VersionedKey entry, read_key(in));
    keys.push_back(std::move(entry));
  }
  COFFER_CHECK(check_keys(keys));
  return keys;
}

}  // namespace coffer::envelope
