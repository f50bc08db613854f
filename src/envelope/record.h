// Sealed records, version 1: a secret's value under a data key of its own. Pure functions over
// bytes and keys, without a token. docs/formats/sealed-record.md. Private to the room.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "coffer/envelope/sealed_store.h"
#include "recipient.h"

namespace coffer::envelope {

inline constexpr std::string_view kRecordMagic = "CFSR";
inline constexpr std::size_t kDataKeySize = 32;
inline constexpr std::uint8_t kRecordSuite = 1;  ///< HKDF-SHA-512, AES-256-GCM, HMAC-SHA-256

/// What must be new for every record; given in, so that worked examples can be made again.
struct FreshRecord {
  Uuid id;
  std::array<std::uint8_t, 32> salt{};
  std::array<std::uint8_t, 12> iv{};
};
[[nodiscard]] Result<FreshRecord> fresh_record();

/// Everything that a record is made of, beside the value.
struct RecordKeys {
  std::uint32_t bind_version = 0;
  ByteView bind;      ///< the keyring's key of that version
  ByteView data_key;  ///< kDataKeySize
};

[[nodiscard]] Result<std::string> seal_record(const FreshRecord& fresh, const Uuid& vault,
                                              const RecordKeys& keys,
                                              std::span<const Recipient> recipients,
                                              const SecretContext& secret, std::string_view value);

/// A record's parts, not yet believed; views into its bytes.
struct Record {
  Uuid vault;
  Uuid id;
  std::uint32_t bind_version = 0;
  std::vector<Recipient> recipients;
  ByteView fixed;   ///< of the header, what comes before the recipients
  ByteView header;  ///< what the MAC covers
  ByteView head;    ///< header, mac, salt and commitment: all of the record that its key depends on
  ByteView mac;
  ByteView salt;
  ByteView commitment;
  ByteView iv;
  ByteView content;
  ByteView tail;  ///< salt, commitment, iv and content: what no rewrap touches
};

[[nodiscard]] Result<Record> parse_record(ByteView bytes);

/// corrupt unless whoever made the header had the bind key. To be called before anything in it is
/// used.
[[nodiscard]] Result<void> authenticate(const Record& record, ByteView bind);

/// The record with these recipients in place of its own; all that follows the mac is as it was.
/// Precondition: authenticated.
[[nodiscard]] Result<std::string> with_recipients(const Record& record,
                                                  std::span<const Recipient> recipients,
                                                  ByteView bind);

/// The key of the content, from HKDF and held against the record's commitment. `context` is
/// content_context(). Precondition: authenticated. corrupt if data key, bind key, context, salt or
/// commitment is another.
[[nodiscard]] Result<SecureBytes> content_key(const Record& record, ByteView bind,
                                              ByteView data_key, std::string_view context);
/// corrupt if key, context or any byte of the content is another.
[[nodiscard]] Result<std::string> open_content(const Record& record, ByteView content_key,
                                               std::string_view context);

/// Both of these.
[[nodiscard]] Result<std::string> open_record(const Record& record, ByteView bind,
                                              ByteView data_key, const SecretContext& secret);

}  // namespace coffer::envelope
