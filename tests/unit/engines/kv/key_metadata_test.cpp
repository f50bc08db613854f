// The metadata row's bytes (docs/formats/kv.md).
#include "src/engines/kv/key_metadata.h"

#include <gtest/gtest.h>

#include "coffer/base/bytes.h"

namespace coffer::engines::kv {
namespace {

WallTime at(std::int64_t nanoseconds) { return WallTime(std::chrono::nanoseconds(nanoseconds)); }

KeyMetadata example() {
  KeyMetadata metadata;
  metadata.created = at(1);
  metadata.updated = at(2);
  metadata.current_version = 3;
  metadata.cas_required = true;
  metadata.custom["k"] = "v";
  metadata.versions[3] = {.created = at(2), .deletion = at(5), .destroyed = false};
  return metadata;
}

constexpr std::string_view kExample =
    "01000000000000000100000000000000020000000000000003000000000100000000000000000000000100000001"
    "6b000000017600000001000000000000000300000000000000020000000000000005"
    "00";

TEST(KeyMetadata, IsTheWorkedExampleByteForByte) {
  EXPECT_EQ(to_hex(as_bytes(encode(example()))), kExample);
}

TEST(KeyMetadata, ReadsTheWorkedExample) {
  const Bytes row = *from_hex(kExample);
  const auto metadata = decode(as_text(row));
  ASSERT_TRUE(metadata.ok());
  EXPECT_EQ(metadata->current_version, 3U);
  EXPECT_TRUE(metadata->cas_required);
  EXPECT_EQ(metadata->custom.at("k"), "v");
  EXPECT_EQ(metadata->versions.at(3).deletion, at(5));
  EXPECT_EQ(encode(*metadata), as_text(row));
}

TEST(KeyMetadata, EveryTruncationAndExtensionIsCorrupt) {
  const std::string row = encode(example());
  for (std::size_t size = 0; size < row.size(); ++size) {
    const auto metadata = decode(std::string_view(row).substr(0, size));
    ASSERT_FALSE(metadata.ok()) << size;
    EXPECT_EQ(metadata.error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode(row + "x").ok());
}

TEST(KeyMetadata, AnUnknownFormatIsCorrupt) {
  std::string row = encode(example());
  row[0] = 2;
  EXPECT_EQ(decode(row).error().code, ErrorCode::corrupt);
}

TEST(KeyMetadata, ADeletionInTheFutureIsNone) {
  const VersionState state{.created = at(1), .deletion = at(10), .destroyed = false};
  EXPECT_FALSE(state.deleted(at(9)));
  EXPECT_TRUE(state.deleted(at(10)));
  EXPECT_FALSE(VersionState{}.deleted(at(10)));
}

}  // namespace
}  // namespace coffer::engines::kv
