// Data objects on the token (CKO_DATA), of our application alone.
#pragma once

#include <optional>
#include <vector>

#include "coffer/base/bytes.h"
#include "session.h"

namespace coffer::pkcs11 {

/// All of them with this label, eight at most.
[[nodiscard]] Result<std::vector<CK_OBJECT_HANDLE>> find_every_data(Session& session,
                                                                    std::string_view label);
/// The private one on the token with this label, if any. conflict if there are several.
[[nodiscard]] Result<std::optional<CK_OBJECT_HANDLE>> find_data(Session& session,
                                                                std::string_view label);
/// corrupt if it is longer than kMaxDataSize.
[[nodiscard]] Result<Bytes> read_value(Session& session, CK_OBJECT_HANDLE object);
/// precondition: the token doesn't take it.
[[nodiscard]] Result<void> create_data(Session& session, std::string_view label, ByteView value);
[[nodiscard]] CK_RV set_value(Session& session, CK_OBJECT_HANDLE object, ByteView value);
/// What a token says that changes no value of an object that is there.
[[nodiscard]] bool refuses_change(CK_RV rv) noexcept;

}  // namespace coffer::pkcs11
