// Making keys on the token by the template of their kind.
#pragma once

#include <optional>
#include <string_view>

#include "rules.h"
#include "session.h"

namespace coffer::pkcs11 {

struct MadeKey {
  CK_OBJECT_HANDLE key = 0;
  std::optional<CK_OBJECT_HANDLE> public_key;
};

/// A template may offer the attributes that not every token knows, or leave them out.
enum class Offers { with, without };

/// The session is read-write.
[[nodiscard]] Result<MadeKey> make_key(Session& session, KeyKind kind, const Profile& profile,
                                       const KeyRef& key, std::string_view label, Offers offers);
/// Whether a failed make_key is worth a second try without the attributes on offer.
[[nodiscard]] bool may_dislike_offers(CK_RV rv) noexcept;
/// For a key that was made a moment ago and failed its proof. Best effort.
void destroy_key(Session& session, const MadeKey& made) noexcept;

}  // namespace coffer::pkcs11
