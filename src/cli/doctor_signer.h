// The file of the pinned key, beside what the daemon says of its keys. Private to the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doctor_checks.h"

namespace coffer::cli {

/// Where the configuration has `vault.signer`; nullopt: it isn't one, and `cofferd --check` says
/// so.
[[nodiscard]] std::optional<std::string> signer_path(std::string_view config);

/// not_found: there is none, or not for us (unavailable). Links are followed, as the daemon does.
[[nodiscard]] Result<std::string> read_signer_file(const std::string& path);

/// What is wrong with the file's `text`, next to `sys/rotate/signers`; a null of that: nobody can
/// say, and only what no start would take is found.
void check_signer(const std::string& path, const Result<std::string>& text,
                  const model::Json& signers, Findings& found);

}  // namespace coffer::cli
