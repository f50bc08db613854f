// What the commands share: files in, text out.
#pragma once

#include <string>
#include <string_view>

#include "coffer/audit/known.h"
#include "coffer/model/json_writer.h"

namespace coffer::auditor {

void print(std::string_view text);
/// False: something that was printed is lost.
[[nodiscard]] bool all_printed();
/// A line, in which what clients sent drives no terminal (json_for_terminal()).
void print_object(const model::JsonWriter& json);
/// `name`, padded, and `value`; each may be somebody else's (for_terminal()).
void print_row(std::string_view name, std::string_view value);
/// A field of a line of several: a blank that a client put into it would begin another, so it is
/// \x20; "-" if there is nothing.
[[nodiscard]] std::string cell(std::string_view text);
/// The same of a caller: the blank in "uid 1000" is ours.
[[nodiscard]] std::string caller_cell(std::string_view caller);
/// On standard error; gives the exit status for it: bad for what is corrupt, else usage.
int complain(const Error& error);
int complain(std::string_view text);
/// What is corrupt is a result: told on standard output, as JSON if asked for, with the file that
/// is bad. Anything else is complained of. Gives the exit status.
int tell_bad(bool json, std::string_view file, const Error& error);

/// unavailable names the path.
[[nodiscard]] Result<std::string> read_whole(const std::string& path);
[[nodiscard]] Result<audit::TrustedKeys> read_keys(const std::vector<std::string>& paths);

}  // namespace coffer::auditor
