// A probe's report as text and as JSON.
#pragma once

#include <string>

#include "coffer/pkcs11/probe.h"

namespace coffer::ceremony {

[[nodiscard]] std::string probe_table(const pkcs11::ProbeReport& report);
/// One object: token, library, profile_by_make, profile_that_fits, findings [{check, verdict,
/// cause}].
[[nodiscard]] std::string probe_json(const pkcs11::ProbeReport& report);

}  // namespace coffer::ceremony
