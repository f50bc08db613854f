#include "coffer/envelope/anchor.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/envelope/taken_back.h"
#include "packer.h"

namespace coffer::envelope {
namespace {

constexpr std::string_view kMagic = "CFAN";
constexpr std::uint8_t kFormat = 1;
/// What is signed starts with it, so that no other message of the house is an anchor.
constexpr std::string_view kSignedLabel = "coffer anchor v1";
constexpr std::uint64_t kObjects = 2;

Error corrupt(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

std::string label_of(const Keyring& keyring, std::uint64_t counter) {
  return anchor_labels(keyring.vault()).at(counter % kObjects);
}

std::string encode(const Anchor& anchor, const Uuid& vault) {
  const auto written = static_cast<std::uint64_t>(anchor.written.time_since_epoch().count());
  Packer out(256);
  out.raw(as_bytes(kMagic)).u8(kFormat);
  out.raw(vault).raw(anchor.node).raw(anchor.incarnation);
  out.u64(anchor.counter).u64(anchor.epoch);
  out.u64(anchor.store.sequence).raw(anchor.store.commitment);
  out.u64(anchor.log_lines).raw(anchor.log_root).u64(written);
  return out.take();
}

std::string to_sign(ByteView body) {
  return Packer(body.size() + kSignedLabel.size() + 4).text(kSignedLabel).raw(body).take();
}

Result<Uuid> read_id(Reader& in) {
  COFFER_TRY(const ByteView bytes, in.raw(Uuid{}.bytes.size()));
  return uuid_from(bytes);
}

Result<crypto::Sha256> read_hash(Reader& in) {
  crypto::Sha256 hash{};
  COFFER_TRY(const ByteView bytes, in.raw(hash.size()));
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

Result<void> read_head(Reader& in, const Uuid& vault) {
  COFFER_TRY(const ByteView magic, in.raw(kMagic.size()));
  if (as_text(magic) != kMagic) return corrupt("this isn't an anchor");
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (format != kFormat) return corrupt("unknown format of an anchor");
  COFFER_TRY(const Uuid found, read_id(in));
  if (found != vault) return corrupt("the anchor is another vault's");
  return {};
}

Result<Anchor> read_body(Reader& in) {
  Anchor anchor;
  COFFER_TRY(anchor.node, read_id(in));
  COFFER_TRY(anchor.incarnation, read_id(in));
  COFFER_TRY(anchor.counter, in.u64());
  COFFER_TRY(anchor.epoch, in.u64());
  COFFER_TRY(anchor.store.sequence, in.u64());
  COFFER_TRY(anchor.store.commitment, read_hash(in));
  COFFER_TRY(anchor.log_lines, in.u64());
  COFFER_TRY(anchor.log_root, read_hash(in));
  COFFER_TRY(const std::uint64_t written, in.u64());
  anchor.written = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(written)));
  return anchor;
}

bool signed_by(const std::vector<Bytes>& keys, ByteView message, ByteView signature) {
  return std::any_of(keys.begin(), keys.end(), [&](const Bytes& spki) {
    return crypto::verify(spki, message, signature).ok();
  });
}

Result<Anchor> open_signed(ByteView stored, const Uuid& vault, const std::vector<Bytes>& keys) {
  Reader in(stored);
  COFFER_CHECK(read_head(in, vault));
  COFFER_TRY(const Anchor anchor, read_body(in));
  const ByteView body = stored.first(stored.size() - in.remaining());
  COFFER_TRY(const ByteView signature, in.blob());
  COFFER_CHECK(in.finish());
  if (signed_by(keys, as_bytes(to_sign(body)), signature)) return anchor;
  return corrupt("the anchor isn't signed by a key of this vault");
}

/// A keyring that was put back doesn't know of the keys that followed; the token has them.
Result<Anchor> open_on(pkcs11::Token& token, ByteView stored, const Keyring& keyring) {
  auto anchor = open_anchor(stored, keyring);
  if (anchor.ok() || anchor.error().code != ErrorCode::corrupt) return anchor;
  const auto keys = sign_keys_on(token, keyring.vault());
  return keys.ok() ? open_signed(stored, keyring.vault(), *keys) : anchor;
}

}  // namespace

std::vector<Bytes> sign_keys(const Keyring& keyring) {
  std::vector<Bytes> all;
  const auto add = [&](const Bytes& spki) {
    if (!spki.empty() && std::find(all.begin(), all.end(), spki) == all.end()) all.push_back(spki);
  };
  for (const EnrolledToken& token : keyring.tokens()) add(token.sign_public_key);
  for (const Announcement& told : keyring.announcements()) {
    add(told.from);
    add(told.to);
  }
  return all;
}

std::array<std::string, 2> anchor_labels(const Uuid& vault) {
  const std::string both = "coffer/" + to_string(vault) + "/anchor/";
  return {both + "0", both + "1"};
}

Result<Bytes> sign_anchor(const Anchor& anchor, Keyring& keyring) {
  const std::string body = encode(anchor, keyring.vault());
  COFFER_TRY(const Bytes signature, keyring.sign(as_bytes(to_sign(as_bytes(body)))));
  const std::string stored =
      Packer(body.size() + signature.size() + 4).raw(as_bytes(body)).blob(signature).take();
  const ByteView bytes = as_bytes(stored);
  return Bytes(bytes.begin(), bytes.end());
}

Result<Anchor> open_anchor(ByteView stored, const Keyring& keyring) {
  // Those of before too: between a rotation of the key and the next anchor there may be a crash.
  return open_signed(stored, keyring.vault(), sign_keys(keyring));
}

Result<Anchor> open_own_anchor(ByteView stored, const Keyring& keyring) {
  return open_signed(stored, keyring.vault(), {keyring.token().sign_public_key});
}

Result<AnchorsFound> read_anchors(pkcs11::Token& token, const Keyring& keyring) {
  AnchorsFound found;
  for (std::uint64_t object = 0; object < kObjects; ++object) {
    const auto stored = token.read_data(label_of(keyring, object));
    // Two objects of one label, or one that is too long: no anchor of ours, and the other one
    // stands.
    const bool unusable = !stored.ok() && (stored.error().code == ErrorCode::conflict ||
                                           stored.error().code == ErrorCode::corrupt);
    if (!stored.ok() && !unusable) return stored.error();
    if (stored.ok() && !stored->has_value()) continue;
    const auto anchor =
        unusable ? Result<Anchor>(stored.error()) : open_on(token, **stored, keyring);
    if (!anchor.ok()) {
      ++found.damaged;
    } else if (!found.newest || found.newest->counter < anchor->counter) {
      found.newest = *anchor;
    }
  }
  return found;
}

Result<Bytes> write_anchor(pkcs11::Token& token, Keyring& keyring, const Anchor& anchor) {
  COFFER_TRY(Bytes stored, sign_anchor(anchor, keyring));
  COFFER_CHECK(token.write_data(label_of(keyring, anchor.counter), stored));
  return stored;
}

}  // namespace coffer::envelope
