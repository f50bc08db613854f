// What a further token says of itself: docs/formats/enrolment.md. Private to the room.
#pragma once

#include <string>

#include "coffer/envelope/key_changes.h"

namespace coffer::ceremony {

/// Makes the keys of `vault` on the token, or takes those that an earlier try left there, and has
/// the token vouch for them. `precondition` if its kek isn't an RSA pair.
[[nodiscard]] Result<envelope::Enrolment> make_enrolment(pkcs11::Token& token, const Uuid& vault);
/// As sys/token-enrolments takes it (docs/formats/enrolment.md).
[[nodiscard]] std::string enrolment_json(const envelope::Enrolment& enrolment);

}  // namespace coffer::ceremony
