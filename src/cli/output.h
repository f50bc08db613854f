// What commands do with an answer: the same for all of them.
#pragma once

#include "session.h"

namespace coffer::cli {

/// A whole answer in the format asked for, or the -field of it. Gives the exit code.
int print_secret(Session& session, const Answer& answer);

/// What a write answered: as print_secret, or `success` (in table format) when it said nothing.
int print_written(Session& session, const Answer& answer, std::string_view success);

/// `value` as json, yaml or pretty.
int print_tree(Session& session, const model::Json& value);

/// The value that -field names, out of `object`, or out of `envelope`'s lease, login or wrapping
/// (which may be null). Exit code 1 when neither has it.
int print_field(Session& session, const model::Json* object, const model::Json* envelope);

/// data.keys, as a table or a bare array; nothing there is exit code 2.
int print_keys(Session& session, const Answer& answer, std::string_view path);

}  // namespace coffer::cli
