// That an operator takes the store on as it is, and that it isn't done yet: a row in clear from the
// first commit of it to the last. docs/decisions/0047-what-was-cut-short-is-run-again.md.
#pragma once

#include <string>
#include <string_view>

#include "coffer/store/store.h"

namespace coffer::core {

[[nodiscard]] store::Key accepting_key();

/// `rows_went`: what can't be opened is gone, and the row `lacking` has it.
[[nodiscard]] std::string encode_accepting(bool rows_went);

/// Of a row that can't be read: false, for one in the way would keep the store from being taken on.
[[nodiscard]] bool rows_went(std::string_view accepting);

}  // namespace coffer::core
