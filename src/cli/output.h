// What commands do with an answer: the same for all of them.
#pragma once

#include "session.h"

namespace coffer::cli {

/// What every command that prints through here can have (Settings::field).
inline constexpr Flag kFieldFlag{"field", FlagKind::text, "print the value of this field only"};

/// A whole answer in the format asked for, or the -field of it. Gives the exit code.
int print_secret(Session& session, const Answer& answer);

/// What a write answered: as print_secret, or `success` (in table format) when it said nothing.
int print_written(Session& session, const Answer& answer, std::string_view success);

/// Sends a write or a delete and prints what came of it. A 404 is "No value found".
int carry_out(Session& session, std::string_view doing, const HttpRequest& request,
              std::string_view success);
/// Sends a read and prints the whole answer. A 404 is "No value found".
int look_up(Session& session, std::string_view doing, const HttpRequest& request);

/// `value` as json, yaml or pretty.
int print_tree(Session& session, const model::Json& value);

/// The value that -field names, out of `object`, or out of `envelope`'s lease, login or wrapping
/// (which may be null). Exit code 1 when neither has it.
int print_field(Session& session, const model::Json* object, const model::Json* envelope);

/// data.keys, as a table or a bare array; nothing there is exit code 2.
int print_keys(Session& session, const Answer& answer, std::string_view path);

}  // namespace coffer::cli
