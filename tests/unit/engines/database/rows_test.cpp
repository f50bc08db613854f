// The rows byte for byte (docs/formats/database.md), and damaged ones.
#include "src/engines/database/rows.h"

#include <gtest/gtest.h>

namespace coffer::engines::database {
namespace {

std::string hex(const std::string& row) { return to_hex(as_bytes(row)); }

Role example_role() {
  return {.db_name = "pg",
          .default_ttl = std::chrono::seconds(60),
          .max_ttl = std::chrono::seconds(120),
          .creation = {"C"},
          .revocation = {},
          .rollback = {"R"},
          .renew = {},
          .password_policy = "p"};
}

StaticRole example_static() {
  return {.db_name = "pg",
          .username = "app",
          .alternate = "alt",
          .alternate_is_current = true,
          .rotated_by = "s/x",
          .period = std::chrono::seconds(3600),
          .rotation = {},
          .password = {.current = 1, .pending = 2, .last = 2},
          .last_rotation = WallTime(std::chrono::nanoseconds(5)),
          .next_rotation = WallTime(std::chrono::nanoseconds(6)),
          .failures = 1,
          .password_policy = "p"};
}

Connection example_connection() {
  Connection row;
  row.name = "pg";
  row.plugin = "postgresql-database-plugin";
  row.url = "host=h";
  row.username = "admin";
  row.max_connections = 4;
  row.allowed_roles = {"app", "ops-*"};
  row.password = {.current = 1, .pending = 0, .last = 1};
  row.tls_ca = "ca";
  return row;
}

Payload example_payload() {
  return {.mount = Uuid{{1}},
          .connection = Uuid{{2}},
          .username = "u",
          .revocation = {"X"},
          .renew = {}};
}

TEST(DatabaseRows, AreThoseOfTheDocument) {
  EXPECT_EQ(hex(encode(example_role())),
            "02"
            "000000027067"
            "000000000000003c"
            "0000000000000078"
            "000000010000000143"
            "00000000"
            "000000010000000152"
            "00000000"
            "0000000170");
  EXPECT_EQ(hex(encode(example_static())),
            "03"
            "000000027067"
            "00000003617070"
            "0000000000000e10"
            "00000000"
            "0000000000000001"
            "0000000000000002"
            "0000000000000002"
            "0000000000000005"
            "0000000000000006"
            "00000001"
            "00000003616c74"
            "01"
            "00000003732f78"
            "0000000170");
  EXPECT_EQ(hex(encode(example_connection())),
            "02"
            "000000027067"
            "0000000000000000"
            "0000001a706f737467726573716c2d64617461626173652d706c7567696e"
            "00000006686f73743d68"
            "0000000561646d696e"
            "00000004"
            "00000000"
            "01"
            "0000000200000003617070000000056f70732d2a"
            "00000000"
            "00000000"
            "00000000"
            "0000000000000001"
            "0000000000000000"
            "0000000000000001"
            "0000000000000000"
            "000000026361");
  EXPECT_EQ(hex(encode(example_payload())),
            "01"
            "01000000000000000000000000000000"
            "02000000000000000000000000000000"
            "0000000175"
            "000000010000000158"
            "00000000");
  EXPECT_EQ(hex(encode_name(Uuid{{2}})),
            "01"
            "02000000000000000000000000000000");
}

TEST(DatabaseRows, ComeBackAsTheyWere) {
  const auto role = decode_role(encode(example_role()));
  ASSERT_TRUE(role.ok());
  EXPECT_EQ(encode(*role), encode(example_role()));
  const auto fixed = decode_static_role(encode(example_static()));
  ASSERT_TRUE(fixed.ok());
  EXPECT_EQ(encode(*fixed), encode(example_static()));
  const auto connection = decode_connection(encode(example_connection()));
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(encode(*connection), encode(example_connection()));
  const auto payload = decode_payload(encode(example_payload()));
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(encode(*payload), encode(example_payload()));
  const auto name = decode_name(encode_name(Uuid{{2}}));
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, Uuid{{2}});
}

template <typename Decode>
void refuses_damage(const std::string& whole, Decode decode) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode(whole.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode(whole + "x").ok());
  std::string other = whole;
  other.front() = 9;
  EXPECT_FALSE(decode(other).ok());
}

TEST(DatabaseRows, AreCorruptWhenCutOrLonger) {
  refuses_damage(encode(example_role()), [](const auto& t) { return decode_role(t); });
  refuses_damage(encode(example_static()), [](const auto& t) { return decode_static_role(t); });
  refuses_damage(encode(example_connection()), [](const auto& t) { return decode_connection(t); });
  refuses_damage(encode(example_payload()), [](const auto& t) { return decode_payload(t); });
  refuses_damage(encode_name(Uuid{{2}}), [](const auto& t) { return decode_name(t); });
}

TEST(DatabaseRows, OfTheFirstFormatHaveOneUserWhoRotatesByItself) {
  StaticRole role = example_static();
  role.alternate.clear();
  role.alternate_is_current = false;
  role.rotated_by.clear();
  role.password_policy.clear();
  std::string old = encode(role);
  old.front() = 1;
  old.resize(old.size() - 13);
  const auto read = decode_static_role(old);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(encode(*read), encode(role));
  EXPECT_FALSE(decode_static_role(old + std::string(9, '\0')).ok());
}

TEST(DatabaseRows, OfFormatsBeforeHaveNoPolicyOfTheirOwn) {
  const auto as_before = [](std::string row, char format) {
    row.front() = format;
    row.resize(row.size() - 4);
    return row;
  };
  StaticRole turns = example_static();
  turns.password_policy.clear();
  const auto fixed = decode_static_role(as_before(encode(turns), 2));
  ASSERT_TRUE(fixed.ok());
  EXPECT_EQ(encode(*fixed), encode(turns));
  Role role = example_role();
  role.password_policy.clear();
  const auto read = decode_role(as_before(encode(role), 1));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(encode(*read), encode(role));
}

TEST(DatabaseRows, OfTheFirstFormatHaveNoAuthorities) {
  Connection connection = example_connection();
  connection.tls_ca.clear();
  std::string old = encode(connection);
  old.front() = 1;
  old.resize(old.size() - 4);
  const auto read = decode_connection(old);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(encode(*read), encode(connection));
}

TEST(DatabaseRows, RefuseAPasswordOfAUserWithoutAName) {
  StaticRole role = example_static();
  role.alternate.clear();
  EXPECT_FALSE(decode_static_role(encode(role)).ok());
}

TEST(DatabaseRows, RefuseAVersionThatWasNeverGiven) {
  StaticRole role = example_static();
  role.password.pending = 3;
  EXPECT_FALSE(decode_static_role(encode(role)).ok());
}

TEST(Versions, AreNeverGivenTwice) {
  Versions versions;
  versions.start();
  EXPECT_EQ(versions.pending, 1U);
  versions.pending = 0;  // refused
  versions.start();
  versions.promote();
  EXPECT_EQ(versions.current, 2U);
  EXPECT_EQ(versions.pending, 0U);
  EXPECT_EQ(versions.last, 2U);
}

}  // namespace
}  // namespace coffer::engines::database
