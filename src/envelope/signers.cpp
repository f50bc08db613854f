#include "signers.h"

#include <algorithm>

#include "coffer/crypto/signer.h"
#include "contexts.h"
#include "data_keys.h"
#include "packer.h"

namespace coffer::envelope {
namespace {

constexpr std::string_view kMagic = "CFSA";
constexpr std::uint8_t kFormat = 1;

Result<Announcement> read_one(Reader& in) {
  Announcement told;
  COFFER_TRY(const ByteView from, in.blob());
  told.from = to_bytes(from);
  COFFER_TRY(const ByteView to, in.blob());
  told.to = to_bytes(to);
  COFFER_TRY(told.serial, in.text());
  COFFER_TRY(told.version, in.u32());
  COFFER_TRY(const std::uint64_t time, in.u64());
  told.time = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(time)));
  COFFER_TRY(const ByteView signature, in.blob());
  told.signature = to_bytes(signature);
  return told;
}

bool verifies(const Uuid& vault, const Announcement& told) {
  const std::string message = announcement_message(vault, told);
  return crypto::verify(told.from, as_bytes(message), told.signature).ok();
}

bool has(const std::vector<Bytes>& keys, const Bytes& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Result<Bytes> sign_by(pkcs11::Token& token, const Uuid& vault, const EnrolledToken& enrolled,
                      std::string_view message) {
  Result<Bytes> signature = token.sign(sign_ref(vault, enrolled.sign_version), as_bytes(message));
  if (!signature.ok()) return from_token(std::move(signature).error());
  // Read back: a signature that doesn't verify would be found out at the next start.
  if (crypto::verify(enrolled.sign_public_key, as_bytes(message), *signature).ok()) {
    return signature;
  }
  return make_error(ErrorCode::unavailable, "the token gave a signature that doesn't verify");
}

std::string announcement_message(const Uuid& vault, const Announcement& told) {
  return Packer(512)
      .text(kAnnouncementLabel)
      .blob(vault)
      .blob(told.from)
      .blob(told.to)
      .text(told.serial)
      .u32(told.version)
      .u64(static_cast<std::uint64_t>(told.time.time_since_epoch().count()))
      .take();
}

Result<void> announce(pkcs11::Token& token, KeyringState& state, const EnrolledToken& by,
                      const EnrolledToken& told, WallTime now) {
  if (state.announcements.size() >= kMaxAnnouncements) {
    return make_error(ErrorCode::resource_exhausted, "the vault has had too many signing keys");
  }
  Announcement made{.from = by.sign_public_key,
                    .to = told.sign_public_key,
                    .serial = told.serial,
                    .version = told.sign_version,
                    .time = now,
                    .signature = {}};
  COFFER_TRY(made.signature,
             sign_by(token, state.vault, by, announcement_message(state.vault, made)));
  state.announcements.push_back(std::move(made));
  return {};
}

Result<void> announce_all(pkcs11::Token& token, KeyringState& state, WallTime now) {
  const EnrolledToken ours = state.our();
  for (const KeyringToken& entry : state.tokens) {
    const Bytes& key = entry.token.sign_public_key;
    const bool known = std::any_of(state.announcements.begin(), state.announcements.end(),
                                   [&](const Announcement& told) {
                                     return told.from == ours.sign_public_key && told.to == key;
                                   });
    if (known || key == ours.sign_public_key) continue;
    COFFER_CHECK(announce(token, state, ours, entry.token, now));
  }
  return {};
}

std::string pack_announcements(const Uuid& vault, std::span<const Announcement> all) {
  Packer out(64 + all.size() * 384);
  out.raw(as_bytes(kMagic)).u8(kFormat).raw(vault).u16(static_cast<std::uint16_t>(all.size()));
  for (const Announcement& told : all) {
    out.blob(told.from).blob(told.to).text(told.serial).u32(told.version);
    out.u64(static_cast<std::uint64_t>(told.time.time_since_epoch().count())).blob(told.signature);
  }
  return out.take();
}

Result<Announcements> read_announcements(ByteView stored) {
  Announcements read;
  if (stored.empty()) return read;
  Reader in(stored);
  COFFER_TRY(const ByteView magic, in.raw(kMagic.size()));
  COFFER_TRY(const std::uint8_t format, in.u8());
  COFFER_TRY(const ByteView vault, in.raw(read.vault.bytes.size()));
  COFFER_TRY(read.vault, uuid_from(vault));
  COFFER_TRY(const std::uint16_t count, in.u16());
  if (as_text(magic) != kMagic || format != kFormat || count > kMaxAnnouncements) {
    return make_error(ErrorCode::corrupt, "not announcements of signers of format 1");
  }
  for (std::size_t i = 0; i < count; ++i) {
    COFFER_TRY(Announcement told, read_one(in));
    read.all.push_back(std::move(told));
  }
  COFFER_CHECK(in.finish());
  return read;
}

std::vector<Bytes> reachable(ByteView pinned, const Announcements& announcements) {
  std::vector<Bytes> found{to_bytes(pinned)};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const Announcement& told : announcements.all) {
      // Signatures cost: only where they would tell of a key that isn't known yet.
      if (told.from != found[i] || has(found, told.to) || !verifies(announcements.vault, told)) {
        continue;
      }
      found.push_back(told.to);
    }
  }
  return found;
}

}  // namespace coffer::envelope
