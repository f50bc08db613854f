// Whether anything knows the caller whom a response is about: of a typing error, too, nothing is
// found.
#pragma once

#include "leak_findings.h"

namespace coffer::cli {

/// By what was found, else by the roles of auth/unix that name him, which become `unix_roles` of
/// the findings. False: the command is over, and why has been said.
[[nodiscard]] bool is_known(Session& session, const LeakSubject& subject, model::Json& findings);

}  // namespace coffer::cli
