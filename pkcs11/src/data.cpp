#include "coffer/pkcs11/data.h"

#include <fmt/core.h>

#include <algorithm>

namespace coffer::pkcs11 {

Result<void> check_data_label(std::string_view label) {
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!label.empty() && label.size() <= kMaxDataLabel && std::ranges::all_of(label, printable)) {
    return {};
  }
  return make_error(
      ErrorCode::invalid_argument,
      fmt::format("a data object's label is 1 to {} printable ASCII characters", kMaxDataLabel));
}

Result<void> check_data(std::string_view label, ByteView value) {
  COFFER_CHECK(check_data_label(label));
  if (value.size() <= kMaxDataSize) return {};
  return make_error(ErrorCode::too_large,
                    fmt::format("a data object of {} bytes for a token, at most {} wanted",
                                value.size(), kMaxDataSize));
}

}  // namespace coffer::pkcs11
