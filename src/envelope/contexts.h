// What each key and each wrap is bound to. Every context starts with a label of its own, so that
// bytes made for one use are never good for another. docs/formats/ gives them in full.
#pragma once

#include <string>

#include "coffer/envelope/sealed_store.h"

namespace coffer::envelope {

inline constexpr std::string_view kContentLabel = "coffer sealed-record v1 content";
inline constexpr std::string_view kRecordWrapLabel = "coffer sealed-record v1 wrap";
inline constexpr std::string_view kRecipientsLabel = "coffer sealed-record v1 recipients";
inline constexpr std::string_view kDataKeyLabel = "coffer data-key v1";
inline constexpr std::string_view kRowLabel = "coffer sealed-row v1";
inline constexpr std::string_view kRowKeyLabel = "coffer sealed-row v1 key";
inline constexpr std::string_view kKeyringLabel = "coffer keyring v1";
inline constexpr std::string_view kKeyringWrapLabel = "coffer keyring v1 wrap";
inline constexpr std::string_view kKeyringKeyLabel = "coffer keyring-key v1";
inline constexpr std::string_view kAnnouncementLabel = "coffer signer announcement v1";
inline constexpr std::string_view kEnrolmentLabel = "coffer token enrolment v1";
inline constexpr std::string_view kChallengeLabel = "coffer token challenge v1";

/// Enters the key of a secret's content, and is its additional data. Never has a kek version in it:
/// a rewrap doesn't touch the content.
[[nodiscard]] std::string content_context(const Uuid& vault, const Uuid& record, std::uint8_t suite,
                                          const SecretContext& secret);

/// The additional data of a wrapped data key.
[[nodiscard]] std::string record_wrap_context(const Uuid& vault, const Uuid& record,
                                              const Uuid& token, std::uint32_t kek_version);

/// The additional data of a wrapped keyring key.
[[nodiscard]] std::string keyring_wrap_context(const Uuid& vault, const Uuid& token,
                                               std::uint32_t kek_version);

}  // namespace coffer::envelope
