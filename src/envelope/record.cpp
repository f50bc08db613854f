#include "record.h"

#include <algorithm>

#include "coffer/crypto/aead.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "contexts.h"

namespace coffer::envelope {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kCommitmentSize = 32;
constexpr std::size_t kHeaderSize = 4 + 1 + 1 + 16 + 16 + 4 + 1;
constexpr std::size_t kRecipientSize = 16 + 4 + 4 + 16 + 4 + kWrappedKeySize;

/// HKDF's output: the content key, and the commitment to it that stands in the record. GCM alone
/// commits to no key: one ciphertext can be made to open under two (docs/formats/sealed-record.md).
class ContentKeys final {
 public:
  ContentKeys() = default;
  ~ContentKeys() { wipe(both_); }
  ContentKeys(const ContentKeys&) = delete;
  ContentKeys& operator=(const ContentKeys&) = delete;

  Result<void> derive(ByteView data_key, ByteView bind, ByteView salt, std::string_view context) {
    // With both lengths fixed, the joined key reads in one way only.
    if (data_key.size() != kDataKeySize || bind.size() != kDataKeySize) {
      return make_error(ErrorCode::corrupt, "a key hasn't 32 bytes");
    }
    return crypto::hkdf_sha512({data_key, bind}, salt, as_bytes(context), both_);
  }
  [[nodiscard]] ByteView key() const { return ByteView(both_).first(crypto::kAeadKeySize); }
  [[nodiscard]] ByteView commitment() const { return ByteView(both_).last(kCommitmentSize); }

 private:
  std::array<std::uint8_t, crypto::kAeadKeySize + kCommitmentSize> both_{};
};

Result<crypto::Sha256> header_mac(ByteView bind, ByteView header) {
  return crypto::hmac_sha256(bind, {as_bytes(kRecipientsLabel), header});
}

Result<void> pack_recipients(Packer& out, std::span<const Recipient> recipients) {
  if (recipients.empty() || recipients.size() > kMaxRecipients) {
    return make_error(ErrorCode::internal, "a sealed record has 1 to 8 recipients");
  }
  out.u8(static_cast<std::uint8_t>(recipients.size()));
  for (const Recipient& recipient : recipients) pack(out, recipient);
  return {};
}

Result<std::string> pack_header(const FreshRecord& fresh, const Uuid& vault, const RecordKeys& keys,
                                std::span<const Recipient> recipients, std::size_t value_size) {
  Packer out(kHeaderSize + recipients.size() * kRecipientSize + kMacSize + kSaltSize +
             kCommitmentSize + crypto::kAeadIvSize + value_size + crypto::kAeadTagSize);
  out.raw(as_bytes(kRecordMagic)).u8(kFormat).u8(kRecordSuite).raw(vault).raw(fresh.id);
  out.u32(keys.bind_version);
  COFFER_CHECK(pack_recipients(out, recipients));
  return out.take();
}

Result<void> read_header(Reader& in, Record& record) {
  COFFER_TRY(const ByteView magic, in.raw(kRecordMagic.size()));
  COFFER_TRY(const std::uint8_t format, in.u8());
  COFFER_TRY(const std::uint8_t suite, in.u8());
  if (as_text(magic) != kRecordMagic || format != kFormat || suite != kRecordSuite) {
    return make_error(ErrorCode::corrupt, "not a sealed record of version 1 and suite 1");
  }
  COFFER_TRY(const ByteView vault, in.raw(record.vault.bytes.size()));
  COFFER_TRY(record.vault, uuid_from(vault));
  COFFER_TRY(const ByteView id, in.raw(record.id.bytes.size()));
  COFFER_TRY(record.id, uuid_from(id));
  COFFER_TRY(record.bind_version, in.u32());
  COFFER_TRY(const std::uint8_t count, in.u8());
  if (count == 0 || count > kMaxRecipients) {
    return make_error(ErrorCode::corrupt, "a sealed record has 1 to 8 recipients");
  }
  record.recipients.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    COFFER_TRY(Recipient recipient, read_recipient(in));
    record.recipients.push_back(recipient);
  }
  return {};
}

}  // namespace

Result<FreshRecord> fresh_record() {
  FreshRecord fresh;
  COFFER_TRY(fresh.id, crypto::random_uuid());
  COFFER_CHECK(crypto::random_fill(fresh.salt));
  COFFER_CHECK(crypto::random_fill(fresh.iv));
  return fresh;
}

Result<std::string> seal_record(const FreshRecord& fresh, const Uuid& vault, const RecordKeys& keys,
                                std::span<const Recipient> recipients, const SecretContext& secret,
                                std::string_view value) {
  COFFER_TRY(std::string out, pack_header(fresh, vault, keys, recipients, value.size()));
  COFFER_TRY(const crypto::Sha256 mac, header_mac(keys.bind, as_bytes(out)));
  const std::string context = content_context(vault, fresh.id, kRecordSuite, secret);
  ContentKeys derived;
  COFFER_CHECK(derived.derive(keys.data_key, keys.bind, fresh.salt, context));
  for (const ByteView part :
       {ByteView(mac), ByteView(fresh.salt), derived.commitment(), ByteView(fresh.iv)}) {
    out.append(as_text(part));
  }
  const std::size_t content = out.size();
  out.resize(content + value.size() + crypto::kAeadTagSize);
  const MutableByteView sealed(reinterpret_cast<std::uint8_t*>(out.data()) + content,
                               out.size() - content);
  COFFER_CHECK(
      crypto::aead_seal_to(derived.key(), fresh.iv, as_bytes(context), as_bytes(value), sealed));
  return out;
}

Result<Record> parse_record(ByteView bytes) {
  Record record;
  Reader in(bytes);
  COFFER_CHECK(read_header(in, record));
  record.header = bytes.first(bytes.size() - in.remaining());
  record.fixed = bytes.first(kHeaderSize - 1);
  COFFER_TRY(record.mac, in.raw(kMacSize));
  record.tail = bytes.last(in.remaining());
  COFFER_TRY(record.salt, in.raw(kSaltSize));
  COFFER_TRY(record.commitment, in.raw(kCommitmentSize));
  record.head = bytes.first(bytes.size() - in.remaining());
  COFFER_TRY(record.iv, in.raw(crypto::kAeadIvSize));
  COFFER_TRY(record.content, in.raw(in.remaining()));
  if (record.content.size() < crypto::kAeadTagSize) {
    return make_error(ErrorCode::corrupt, "a sealed record ends too early");
  }
  return record;
}

Result<void> authenticate(const Record& record, ByteView bind) {
  COFFER_TRY(const crypto::Sha256 mac, header_mac(bind, record.header));
  if (crypto::equal_constant_time(mac, record.mac)) return {};
  return make_error(ErrorCode::corrupt, "a sealed record's recipients aren't what was written");
}

Result<std::string> with_recipients(const Record& record, std::span<const Recipient> recipients,
                                    ByteView bind) {
  Packer out(record.fixed.size() + 1 + recipients.size() * kRecipientSize + kMacSize +
             record.tail.size());
  out.raw(record.fixed);
  COFFER_CHECK(pack_recipients(out, recipients));
  COFFER_TRY(const crypto::Sha256 mac, header_mac(bind, out.view()));
  out.raw(mac).raw(record.tail);
  return out.take();
}

Result<SecureBytes> content_key(const Record& record, ByteView bind, ByteView data_key,
                                std::string_view context) {
  ContentKeys derived;
  COFFER_CHECK(derived.derive(data_key, bind, record.salt, context));
  if (!crypto::equal_constant_time(derived.commitment(), record.commitment)) {
    return make_error(ErrorCode::corrupt, "a sealed record isn't the one that was written here");
  }
  return SecureBytes::copy_of(derived.key());
}

Result<std::string> open_content(const Record& record, ByteView content_key,
                                 std::string_view context) {
  std::string value(record.content.size() - crypto::kAeadTagSize, '\0');
  const MutableByteView room(reinterpret_cast<std::uint8_t*>(value.data()), value.size());
  COFFER_CHECK(crypto::aead_open(content_key, record.iv, as_bytes(context), record.content, room));
  return value;
}

Result<std::string> open_record(const Record& record, ByteView bind, ByteView data_key,
                                const SecretContext& secret) {
  const std::string context = content_context(record.vault, record.id, kRecordSuite, secret);
  COFFER_TRY(const SecureBytes key, content_key(record, bind, data_key, context));
  return open_content(record, key.expose(Reveal{"open a record"}), context);
}

}  // namespace coffer::envelope
