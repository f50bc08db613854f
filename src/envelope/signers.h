// Who signs for a vault: its `sign` keys, and how one tells of the next. Private to the room.
#pragma once

#include "keyring_state.h"

namespace coffer::envelope {

/// Many more than a vault ever has; a row that says more is `corrupt`.
inline constexpr std::size_t kMaxAnnouncements = 1024;

/// By the token's `sign` key of the version that is enrolled, and seen to verify.
[[nodiscard]] Result<Bytes> sign_by(pkcs11::Token& token, const Uuid& vault,
                                    const EnrolledToken& enrolled, std::string_view message);

/// What `from` signs.
[[nodiscard]] std::string announcement_message(const Uuid& vault, const Announcement& told);
/// One announcement of `told`, signed by the version that `by` has.
[[nodiscard]] Result<void> announce(pkcs11::Token& token, KeyringState& state,
                                    const EnrolledToken& by, const EnrolledToken& told,
                                    WallTime now);
/// Of each other token's key that the one at hand hasn't told of yet.
[[nodiscard]] Result<void> announce_all(pkcs11::Token& token, KeyringState& state, WallTime now);

/// As they stand in their row, in clear: whose vault they say they are of is signed in each.
struct Announcements {
  Uuid vault;
  std::vector<Announcement> all;
};
[[nodiscard]] std::string pack_announcements(const Uuid& vault, std::span<const Announcement> all);
/// None are read from nothing. Nothing is verified.
[[nodiscard]] Result<Announcements> read_announcements(ByteView stored);

/// `pinned` and every key that it leads to, nearest first. What doesn't verify leads nowhere.
[[nodiscard]] std::vector<Bytes> reachable(ByteView pinned, const Announcements& announcements);

}  // namespace coffer::envelope
