// Answers as people and programs want to read them. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coffer/model/json_tree.h"
#include "settings.h"

namespace coffer::cli {

using Row = std::pair<std::string, std::string>;

/// Two columns, four spaces apart, under `Key  Value` and dashes. No newline at the end.
[[nodiscard]] std::string render_table(const std::vector<Row>& rows);
/// One column under its title and dashes.
[[nodiscard]] std::string render_column(std::string_view title,
                                        const std::vector<std::string>& values);
/// Any number of columns, as wide as their cells, under their titles and dashes. An empty cell is
/// "n/a". Precondition: each line has as many cells as there are titles.
[[nodiscard]] std::string render_columns(const std::vector<std::string>& titles,
                                         const std::vector<std::vector<std::string>>& lines);
/// `== Title ==`, as wide as the table of `rows` below it.
[[nodiscard]] std::string render_heading(std::string_view title, std::size_t width);
[[nodiscard]] std::size_t heading_width(const std::vector<Row>& rows);

/// One cell or one -field: a string's characters, `<nil>` for null, compact JSON for the rest.
[[nodiscard]] std::string cell(const model::Json& value);
/// The members of an object, sorted by name.
[[nodiscard]] std::vector<Row> object_rows(const model::Json& object);
/// A KV version's metadata: like object_rows, times that aren't set are "n/a".
[[nodiscard]] std::vector<Row> metadata_rows(const model::Json& metadata);
/// Whether it is an answer without an envelope, as that of sys/health: what it says is at its top.
[[nodiscard]] bool is_bare(const model::Json& answer);
/// A whole answer: lease, login, wrapping, then the data, sorted; of a bare one its members.
[[nodiscard]] std::vector<Row> secret_rows(const model::Json& envelope);

/// As json, yaml or pretty; no newline at the end. Precondition: not table, not raw.
[[nodiscard]] std::string render(const model::Json& value, Format format);

}  // namespace coffer::cli
