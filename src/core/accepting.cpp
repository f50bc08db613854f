#include "coffer/core/accepting.h"

#include "coffer/base/codec.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kFormat = 1;

}  // namespace

store::Key accepting_key() { return "coffer/accepting"; }

std::string encode_accepting(bool rows_went) {
  Writer row;
  row.u8(kFormat).u8(rows_went ? 1 : 0);
  return std::string(as_text(row.view()));
}

bool rows_went(std::string_view accepting) { return accepting == encode_accepting(true); }

}  // namespace coffer::core
