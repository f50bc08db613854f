// The rotation row's bytes (docs/formats/rotation.md).
#include "src/engines/kv/rotation_row.h"

#include <gtest/gtest.h>

#include "coffer/base/bytes.h"

namespace coffer::engines::kv {
namespace {

WallTime at(std::int64_t nanoseconds) { return WallTime(std::chrono::nanoseconds(nanoseconds)); }

Rotation example() {
  Rotation rotation;
  RotationPlan& plan = rotation.plan;
  plan.rotator = "exec";
  plan.period = std::chrono::seconds(3600);
  plan.jitter = std::chrono::seconds(60);
  plan.fields = {"password"};
  plan.settings = "{}";
  plan.readers_window = std::chrono::seconds(5);
  plan.readers_deadline = std::chrono::seconds(9);
  RotationState& state = rotation.state;
  state.phase = Phase::set;
  state.run = Uuid{{0xaa}};
  state.started = at(1);
  state.next = at(2);
  state.last = at(3);
  state.failures = 2;
  state.earlier = 1;
  state.trouble = "no";
  state.promoted = 7;
  state.previous = 6;
  state.base = 8;
  state.changes = MemberChanges{{"password"}, {"old"}};
  state.pending = true;
  state.uncertain = true;
  state.entered_by = Uuid{{0xbb}};
  state.deadline = at(4);
  state.awaited = {{"acc", "app"}};
  return rotation;
}

constexpr std::string_view kExample =
    "0400000004657865630000000000000e1000000000000000000000000000000000000000000000003c00000000"
    "000000010000000870617373776f7264000000027b7d00000000000000050000000000000009"
    "0002aa000000000000000000000000000000000000000000000100000000000000020000000000000003"
    "00000000000000000000000200000001000000026e6f000000000000000700000000000000060000000000000008"
    "01000000010000000870617373776f726400000001000000036f6c64"
    "00010001bb0000000000000000000000000000000000000000000004000000000100000003616363"
    "00000003617070";

TEST(RotationRow, IsTheWorkedExampleByteForByte) {
  EXPECT_EQ(to_hex(as_bytes(encode(example()))), kExample);
}

TEST(RotationRow, ReadsTheWorkedExample) {
  const Bytes row = *from_hex(kExample);
  const auto rotation = decode_rotation(as_text(row));
  ASSERT_TRUE(rotation.ok()) << describe(rotation.error());
  EXPECT_EQ(rotation->plan.period, std::chrono::hours(1));
  EXPECT_EQ(rotation->state.phase, Phase::set);
  EXPECT_TRUE(rotation->state.uncertain);
  EXPECT_FALSE(rotation->state.is_set);
  EXPECT_EQ(rotation->state.earlier, 1U);
  EXPECT_EQ(rotation->state.changes->made, (std::vector<std::string>{"password"}));
  EXPECT_EQ(rotation->state.changes->taken, (std::vector<std::string>{"old"}));
  EXPECT_EQ(rotation->state.awaited.at(0).name, "app");
  EXPECT_EQ(encode(*rotation), as_text(row));
}

/// Its bytes, and those of `trouble` behind it.
constexpr std::string_view kEarlier = "00000001000000026e6f";
constexpr std::string_view kChanges = "01000000010000000870617373776f726400000001000000036f6c64";

/// The example as an older format has it, without `part`.
std::string older(char format, std::string_view part) {
  std::string text(kExample);
  text[1] = format;
  text.erase(text.find(kEarlier), 8);
  return text.erase(text.find(part), part.size());
}

TEST(RotationRow, ReadsFormat3WhichKnewNoEarlierFailures) {
  const auto rotation = decode_rotation(as_text(*from_hex(older('3', ""))));
  ASSERT_TRUE(rotation.ok()) << describe(rotation.error());
  EXPECT_EQ(rotation->state.failures, 2U);
  EXPECT_EQ(rotation->state.earlier, 0U);
  EXPECT_EQ(rotation->state.trouble, "no");
  EXPECT_EQ(rotation->state.changes->made, (std::vector<std::string>{"password"}));
}

TEST(RotationRow, ReadsFormat2WhichNamedNoMembers) {
  const std::string text = older('2', kChanges);
  const auto rotation = decode_rotation(as_text(*from_hex(text)));
  ASSERT_TRUE(rotation.ok()) << describe(rotation.error());
  EXPECT_EQ(rotation->state.base, 8U);
  EXPECT_FALSE(rotation->state.changes.has_value());
  EXPECT_EQ(rotation->state.awaited.at(0).name, "app");
}

/// Format 1 had no `base` either: what it was made of isn't known.
TEST(RotationRow, ReadsFormat1) {
  const std::string text = older('1', "0000000000000008" + std::string(kChanges));
  const auto rotation = decode_rotation(as_text(*from_hex(text)));
  ASSERT_TRUE(rotation.ok()) << describe(rotation.error());
  EXPECT_EQ(rotation->state.base, 0U);
  EXPECT_EQ(rotation->state.previous, 6U);
  EXPECT_EQ(rotation->state.awaited.at(0).name, "app");
}

TEST(RotationRow, EveryTruncationAndExtensionIsCorrupt) {
  const std::string row = encode(example());
  for (std::size_t size = 0; size < row.size(); ++size) {
    const auto rotation = decode_rotation(std::string_view(row).substr(0, size));
    ASSERT_FALSE(rotation.ok()) << size;
    EXPECT_EQ(rotation.error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_rotation(row + "x").ok());
}

TEST(RotationRow, UnknownFormatsPhasesAndFlagsAreCorrupt) {
  std::string row = encode(example());
  row[0] = 5;
  EXPECT_EQ(decode_rotation(row).error().code, ErrorCode::corrupt);
  std::string phase = encode(example());
  phase[phase.find('\xaa') - 1] = 6;
  EXPECT_EQ(decode_rotation(phase).error().code, ErrorCode::corrupt);
  std::string flag = encode(example());
  flag[flag.find('\xbb') - 1] = 2;
  EXPECT_EQ(decode_rotation(flag).error().code, ErrorCode::corrupt);
}

/// A value of an earlier run must not open in the place of this one's, nor a version of the secret.
TEST(RotationRow, APendingValueIsBoundToItsRun) {
  const Uuid mount{{5}};
  const auto mine = pending_context(mount, "app/db", Uuid{{1}});
  EXPECT_NE(mine.version, pending_context(mount, "app/db", Uuid{{2}}).version);
  EXPECT_NE(mine.path, "app/db");
  EXPECT_NE(mine.path, pending_context(mount, "app", Uuid{{1}}).path);
}

}  // namespace
}  // namespace coffer::engines::kv
