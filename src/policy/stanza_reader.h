#pragma once

#include "stanza.h"
#include "syntax.h"

namespace coffer::policy {

/// `path "…" { }` as a Stanza. Unknown keys, keys given twice, wrong types, and what can't be
/// honoured here: an error with line, path and key.
[[nodiscard]] Result<Stanza> read_stanza(const Item& item);

}  // namespace coffer::policy
