// The blocks in which secrets with versions are shown.
#pragma once

#include "kv_path.h"
#include "render.h"
#include "session.h"

namespace coffer::cli {

void print_block(Console& console, std::string_view title, const std::vector<Row>& rows);
/// The path under its title, and an empty line.
void print_path(Console& console, std::string_view title, const std::string& path);

/// What writing a version answered: its metadata.
int print_new_version(Session& session, const Answer& answer, const KvPath& path);

}  // namespace coffer::cli
