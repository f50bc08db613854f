// Vectors are written in hexadecimal.
#pragma once

#include <gtest/gtest.h>

#include "coffer/base/bytes.h"

namespace coffer::crypto {

inline Bytes hex(std::string_view text) {
  Result<Bytes> bytes = from_hex(text);
  EXPECT_TRUE(bytes.ok()) << "a vector that isn't hexadecimal: " << text;
  return bytes.ok() ? *std::move(bytes) : Bytes();
}

}  // namespace coffer::crypto
