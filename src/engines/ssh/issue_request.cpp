#include "issue_request.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/crypto/key_pair.h"
#include "coffer/crypto/random.h"

namespace coffer::engines::ssh {
namespace {

using model::Fields;

constexpr std::size_t kUsualRsaBits = 3072;  // as strong as P-256 (SP 800-57 part 1, table 2)
constexpr std::size_t kEd25519Bits = 256;
constexpr std::size_t kPemLine = 70;
constexpr std::size_t kPadTo = 8;

Error refused(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

struct Wanted {
  KeyType type = KeyType::rsa;
  std::size_t bits = 0;
  std::string name;
};

std::size_t usual_bits(KeyType type) { return type == KeyType::rsa ? kUsualRsaBits : kEd25519Bits; }

/// No length is the first that the role names, so that whoever asks needn't know the role.
Result<Wanted> read_wanted(const Fields& fields, const Role& role) {
  COFFER_TRY(const auto name, fields.string("key_type"));
  COFFER_TRY(const auto asked, fields.integer("key_bits"));
  Wanted wanted{.name = name && !name->empty() ? *name : "rsa"};
  const auto type = key_type_of(wanted.name);
  if (!type || *type == KeyType::ecdsa_sk || *type == KeyType::ed25519_sk) {
    return refused("field \"key_type\": wanted rsa, ec or ed25519");
  }
  if (asked && (*asked < 0 || *asked > 16384)) {
    return refused("field \"key_bits\": no such length");
  }
  wanted.type = *type;
  wanted.bits = static_cast<std::size_t>(asked.value_or(0));
  if (wanted.bits != 0) return wanted;
  const auto& lengths = role.allowed_user_key_lengths;
  const auto own = std::find_if(lengths.begin(), lengths.end(), [&](const KeyLength& one) {
    return one.type == *type && one.bits != 0;
  });
  wanted.bits = own == lengths.end() ? usual_bits(*type) : own->bits;
  return wanted;
}

/// RFC 4251 section 5.
void append_mpint(Writer& out, ByteView number) {
  Writer bytes;
  if (!number.empty() && (number.front() & 0x80U) != 0) bytes.u8(0);
  out.blob(bytes.raw(number).view());
}

Result<PublicKey> public_half(std::string_view type, const Writer& blob) {
  return parse_public_key(std::string(type) + " " + to_base64(blob.view()));
}

std::string pem(ByteView bytes) {
  std::string text = to_base64(bytes);
  std::string out = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < text.size(); at += kPemLine) {
    out.append(text, at, kPemLine).push_back('\n');
  }
  wipe(text);
  return out + "-----END OPENSSH PRIVATE KEY-----\n";
}

/// PROTOCOL.key of OpenSSH, which has no other form for Ed25519: no cipher, no passphrase.
Result<SecureBytes> openssh_key(const crypto::Ed25519Pair& pair, ByteView public_blob) {
  constexpr std::string_view kMagic("openssh-key-v1\0", 15);
  const ByteView seed = pair.seed.expose(Reveal{"it is what was asked for"});
  Writer both;
  both.raw(seed).raw(pair.public_key);
  Writer inner;
  // A reader with a wrong passphrase would see two numbers that differ.
  COFFER_TRY(const Bytes check, crypto::random_bytes(sizeof(std::uint32_t)));
  inner.raw(check).raw(check).text("ssh-ed25519").blob(pair.public_key).blob(both.view()).text("");
  for (std::uint8_t pad = 1; inner.view().size() % kPadTo != 0; ++pad) inner.u8(pad);
  Writer out;
  out.raw(as_bytes(kMagic)).text("none").text("none").text("").u32(1).blob(public_blob);
  out.blob(inner.view());
  Bytes parts[] = {std::move(both).take(), std::move(inner).take(), std::move(out).take()};
  std::string text = pem(parts[2]);
  auto key = SecureBytes::copy_of(as_bytes(text));
  for (Bytes& part : parts) wipe(part);
  wipe(text);
  return key;
}

Result<IssuedKey> make_rsa(std::size_t bits) {
  COFFER_TRY(crypto::RsaPair pair, crypto::make_rsa_pair(bits));
  Writer blob;
  blob.text("ssh-rsa");
  append_mpint(blob, pair.exponent);
  append_mpint(blob, pair.modulus);
  COFFER_TRY(PublicKey key, public_half("ssh-rsa", blob));
  return IssuedKey{.key = std::move(key), .private_key = std::move(pair.pem), .type = {}};
}

Result<IssuedKey> make_ec(std::size_t bits) {
  COFFER_TRY(crypto::EcPair pair, crypto::make_ec_pair(bits));
  const std::string curve = "nistp" + std::to_string(bits);
  const std::string type = "ecdsa-sha2-" + curve;
  Writer blob;
  blob.text(type).text(curve).blob(pair.point);
  COFFER_TRY(PublicKey key, public_half(type, blob));
  return IssuedKey{.key = std::move(key), .private_key = std::move(pair.pem), .type = {}};
}

Result<IssuedKey> make_ed25519(std::size_t bits) {
  if (bits != kEd25519Bits) return refused("wanted 256 bits, or 0");
  COFFER_TRY(const crypto::Ed25519Pair pair, crypto::make_ed25519_pair());
  Writer blob;
  blob.text("ssh-ed25519").blob(pair.public_key);
  COFFER_TRY(PublicKey key, public_half("ssh-ed25519", blob));
  COFFER_TRY(SecureBytes secret, openssh_key(pair, blob.view()));
  return IssuedKey{.key = std::move(key), .private_key = std::move(secret), .type = {}};
}

Result<IssuedKey> make(const Wanted& wanted) {
  switch (wanted.type) {
    case KeyType::rsa: return make_rsa(wanted.bits);
    case KeyType::ecdsa: return make_ec(wanted.bits);
    case KeyType::ed25519: return make_ed25519(wanted.bits);
    case KeyType::ecdsa_sk:
    case KeyType::ed25519_sk: break;
  }
  return make_error(ErrorCode::internal, "a key that a device has to make");
}

}  // namespace

Result<IssuedKey> make_key(const Fields& fields, const Role& role) {
  COFFER_TRY(Wanted wanted, read_wanted(fields, role));
  if (!role.allows({wanted.type, static_cast<std::uint32_t>(wanted.bits)})) {
    return refused("fields \"key_type\", \"key_bits\": not allowed by role");
  }
  auto made = make(wanted);
  if (!made.ok()) {
    if (made.error().code != ErrorCode::invalid_argument) return made.error();
    return refused("field \"key_bits\": " + made.error().text);
  }
  made->type = std::move(wanted.name);
  return made;
}

}  // namespace coffer::engines::ssh
