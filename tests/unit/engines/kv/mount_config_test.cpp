// The mount's row, byte for byte (docs/formats/kv.md).
#include "src/engines/kv/mount_config.h"

#include <gtest/gtest.h>

#include "coffer/base/bytes.h"

namespace coffer::engines::kv {
namespace {

constexpr std::string_view kExample = "010000000501ffffffffffffffff";

KvConfig example() {
  return {
      .max_versions = 5, .cas_required = true, .delete_version_after = std::chrono::seconds(-1)};
}

TEST(KvConfig, IsTheWorkedExampleByteForByte) {
  EXPECT_EQ(to_hex(as_bytes(encode(example()))), kExample);
  const Bytes row = *from_hex(kExample);
  const auto config = decode_config(as_text(row));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->max_versions, 5U);
  EXPECT_TRUE(config->cas_required);
  EXPECT_EQ(config->delete_version_after.count(), -1);
}

TEST(KvConfig, EveryTruncationExtensionAndOtherFormatIsCorrupt) {
  const std::string row = encode(example());
  for (std::size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(decode_config(std::string_view(row).substr(0, size)).error().code,
              ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_config(row + "x").ok());
  EXPECT_FALSE(decode_config("\x02" + row.substr(1)).ok());
}

TEST(KvConfig, TheKeysWordGoesBeforeTheMounts) {
  KeyMetadata key;
  EXPECT_EQ(max_versions(key, {}), 10U);
  EXPECT_EQ(max_versions(key, {.max_versions = 3}), 3U);
  key.max_versions = 7;
  EXPECT_EQ(max_versions(key, {.max_versions = 3}), 7U);
}

TEST(KvConfig, AMountsNegativeTimeIsNone) {
  KeyMetadata key;
  const WallTime now{std::chrono::seconds(1000)};
  const KvConfig never{.delete_version_after = std::chrono::seconds(-1)};
  EXPECT_EQ(deletion_time(key, never, now), WallTime{});
  key.delete_version_after = std::chrono::seconds(5);
  EXPECT_EQ(deletion_time(key, never, now), now + std::chrono::seconds(5));
}

}  // namespace
}  // namespace coffer::engines::kv
