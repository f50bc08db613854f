// Rows of the ssh engine, byte for byte (docs/formats/ssh.md).
#include <gtest/gtest.h>

#include "src/engines/ssh/role.h"

namespace coffer::engines::ssh {
namespace {

constexpr std::string_view kRoleExample =
    "010100000001"
    "0000000161000000000000000162000000000000000000000000"
    "00000000000000000000000000000e10000000000000001e"
    "00000001000000036166630000000178"
    "000000010000000366677800000000"
    "0000000201000008000300000000";

Role example() {
  Role role;
  role.allow_user_certificates = true;
  role.allow_user_key_ids = true;
  role.allowed_users = "a";
  role.default_user = "b";
  role.max_ttl = seconds(3600);
  role.default_critical_options = {{"afc", "x"}};
  role.default_extensions = {{"fgx", ""}};
  role.allowed_user_key_lengths = {{KeyType::rsa, 2048}, {KeyType::ed25519, 0}};
  return role;
}

TEST(SshRows, ARoleIsTheWorkedExampleByteForByte) {
  EXPECT_EQ(to_hex(as_bytes(encode(example()))), kRoleExample);
  const Bytes row = *from_hex(kRoleExample);
  const auto role = decode_role(as_text(row));
  ASSERT_TRUE(role.ok()) << role.error().text;
  EXPECT_EQ(encode(*role), encode(example()));
  EXPECT_EQ(role_data(*role), role_data(example()));
}

TEST(SshRows, EveryTruncationExtensionAndImpossibleValueIsCorrupt) {
  const std::string row = encode(example());
  for (std::size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(decode_role(std::string_view(row).substr(0, size)).error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_role(row + "x").ok());
  const auto with = [&row](std::size_t at, char byte) {
    std::string changed = row;
    changed[at] = byte;
    return decode_role(changed).ok();
  };
  EXPECT_FALSE(with(0, 2)) << "format";
  EXPECT_FALSE(with(3, 2)) << "flag";
  EXPECT_FALSE(with(row.size() - 5, 9)) << "type of key";
  EXPECT_FALSE(with(row.size() - 5, 0));
}

TEST(SshRows, ACaIsTheWorkedExampleByteForByte) {
  EXPECT_EQ(to_hex(as_bytes(encode(Ca{.generation = 2}))), "0200000002000000000000000000000000");
  const Ca ca{
      .generation = 1, .made = WallTime(std::chrono::nanoseconds(7)), .point = Bytes(65, 4)};
  const std::string row = encode(ca);
  EXPECT_EQ(decode_ca(row)->point, ca.point);
  EXPECT_EQ(decode_ca(row)->made, ca.made);
  const auto before = decode_ca("\x01" + row.substr(1, row.size() - 1 - 8));
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->point, ca.point);
  EXPECT_EQ(before->made, WallTime{});
  for (std::size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(decode_ca(std::string_view(row).substr(0, size)).error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_ca(row + "x").ok());
  EXPECT_FALSE(decode_ca("\x03" + row.substr(1)).ok());
  EXPECT_FALSE(decode_ca(encode(Ca{.generation = 1, .point = Bytes(64, 4)})).ok());
}

TEST(SshRows, TheCasKeyIsNamedByMountAndGeneration) {
  EXPECT_EQ(to_hex(ca_key(Uuid{{0xAB}}, 3).id), "ab0000000000000000000000000000006800000003");
}

}  // namespace
}  // namespace coffer::engines::ssh
