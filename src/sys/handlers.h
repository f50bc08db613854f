// What sys/ is made of: tables of paths with the functions that answer them, one table a topic.
// Private to the room.
#pragma once

#include <span>

#include "coffer/core/unsealed.h"
#include "coffer/model/json_writer.h"
#include "coffer/pkcs11/token_keeper.h"
#include "coffer/sys/sys.h"

namespace coffer::sys {

using engine::Context;
using model::JsonWriter;
using model::Operation;
using model::Request;
using model::Response;

/// One request to sys/.
struct Call {
  const Parts& parts;
  core::Unsealed* vault;  ///< null on paths that answer while sealed, and only there
  Context& context;
  const Request& request;
  std::string_view path;  ///< below sys/
};

struct Handler {
  engine::PathRule rule;
  Result<Response> (*answer)(Call& call);
};

// One function a topic; the tables live as long as the program.
[[nodiscard]] std::span<const Handler> status_handlers();
[[nodiscard]] std::span<const Handler> seal_handlers();
[[nodiscard]] std::span<const Handler> mount_handlers();
[[nodiscard]] std::span<const Handler> remount_handlers();
[[nodiscard]] std::span<const Handler> ui_handlers();
[[nodiscard]] std::span<const Handler> policy_handlers();
[[nodiscard]] std::span<const Handler> password_handlers();
[[nodiscard]] std::span<const Handler> capability_handlers();
[[nodiscard]] std::span<const Handler> explain_handlers();
[[nodiscard]] std::span<const Handler> audit_handlers();
[[nodiscard]] std::span<const Handler> tool_handlers();
[[nodiscard]] std::span<const Handler> info_handlers();
[[nodiscard]] std::span<const Handler> token_handlers();
[[nodiscard]] std::span<const Handler> backup_handlers();
[[nodiscard]] std::span<const Handler> key_handlers();
[[nodiscard]] std::span<const Handler> period_handlers();
[[nodiscard]] std::span<const Handler> inventory_handlers();
[[nodiscard]] std::span<const Handler> attestation_handlers();
[[nodiscard]] std::span<const Handler> sbom_handlers();
[[nodiscard]] std::span<const Handler> drill_handlers();
[[nodiscard]] std::span<const Handler> verify_handlers();
[[nodiscard]] std::span<const Handler> rotation_handlers();
[[nodiscard]] std::span<const Handler> enrolment_handlers();
[[nodiscard]] std::span<const Handler> lease_handlers();
[[nodiscard]] std::span<const Handler> clock_handlers();

[[nodiscard]] inline Response answer(JsonWriter json) { return {.data = std::move(json).take()}; }
/// The whole body, without Vault's envelope.
[[nodiscard]] inline Response bare(JsonWriter json, int status = 200) {
  return {.outcome = model::Outcome::bare, .data = std::move(json).take(), .status = status};
}
[[nodiscard]] inline Response no_content() { return {.outcome = model::Outcome::empty}; }

[[nodiscard]] inline Error invalid(std::string_view text) {
  return make_error(ErrorCode::invalid_argument, text);
}

/// What follows `prefix` in the path; for paths like "mounts/*".
[[nodiscard]] std::string_view below(std::string_view path, std::string_view prefix);

/// As `coffer-ceremony enrol` writes it (docs/formats/enrolment.md); its signature isn't checked.
[[nodiscard]] Result<envelope::Enrolment> enrolment_of(const model::Fields& fields);

/// A policy's text, which may come in base64, as Vault takes it: nothing in its language looks like
/// base64.
[[nodiscard]] std::string text_or_base64(std::string text);

/// A string field that must be there.
[[nodiscard]] Result<std::string> required(const model::Fields& fields, std::string_view name);

}  // namespace coffer::sys
