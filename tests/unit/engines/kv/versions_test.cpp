// Deleting, undeleting and destroying versions by number; time that deletes by itself.
#include "kv_kit.h"

namespace coffer::engines::kv {
namespace {

using VersionsTest = KvTest;

TEST_F(VersionsTest, AreDeletedAndBroughtBackByNumber) {
  for (const char* data : {R"({"n":1})", R"({"n":2})", R"({"n":3})"}) {
    ASSERT_TRUE(write("a", data).ok());
  }
  EXPECT_EQ(change("delete", "a", "[1,2]")->outcome, Outcome::empty);
  EXPECT_EQ(value("a", 1) + value("a", 2) + value("a", 3), R"(gonegone{"n":3})");
  ASSERT_TRUE(change("undelete", "a", R"(["2"])").ok());
  EXPECT_EQ(value("a", 1) + value("a", 2), R"(gone{"n":2})");
  EXPECT_TRUE(has(read("a", 2), R"("deletion_time":"")"));
}

TEST_F(VersionsTest, AreTakenAsNumbersStringsCommasOrOneAlone) {
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(write("a").ok());
  for (const char* versions : {"[1]", R"(["2"])", R"("3,4")", "5"}) {
    ASSERT_TRUE(change("delete", "a", versions).ok()) << versions;
  }
  for (int i = 1; i <= 6; ++i) EXPECT_EQ(value("a", i), i == 6 ? "{}" : "gone") << i;
}

TEST_F(VersionsTest, ADeletedLatestStillCountsAndIsBroughtBack) {
  ASSERT_TRUE(write("a", R"({"n":1})").ok());
  ASSERT_TRUE(remove("a").ok());
  EXPECT_EQ(value("a"), "gone");
  ASSERT_TRUE(change("undelete", "a", "[1]").ok());
  EXPECT_EQ(value("a"), R"({"n":1})");
}

TEST_F(VersionsTest, ADestroyedOneNeverComesBack) {
  ASSERT_TRUE(write("a", R"({"n":1})").ok());
  ASSERT_TRUE(write("a", R"({"n":2})").ok());
  const std::size_t before = rows();
  ASSERT_TRUE(change("destroy", "a", "[1]").ok());
  EXPECT_EQ(rows(), before - 1);
  const auto answer = read("a", 1);
  EXPECT_EQ(answer->outcome, Outcome::gone);
  EXPECT_TRUE(has(answer, R"({"data":null,"metadata":)"));
  EXPECT_TRUE(has(answer, R"("destroyed":true)"));
  ASSERT_TRUE(change("undelete", "a", "[1]").ok());
  ASSERT_TRUE(change("delete", "a", "[1]").ok());
  EXPECT_TRUE(has(read("a", 1), R"("deletion_time":"","destroyed":true)"));
  EXPECT_EQ(value("a"), R"({"n":2})");
}

TEST_F(VersionsTest, ADestroyedOnesDataKeyLeavesTheCache) {
  ASSERT_TRUE(write("a", R"({"n":1})").ok());
  ASSERT_TRUE(write("a", R"({"n":2})").ok());
  ASSERT_TRUE(read("a", 1).ok());
  ASSERT_TRUE(read("a", 2).ok());
  const auto unwraps = [&] { return vault.token.calls(fakes::FakeToken::Method::unwrap); };
  const std::size_t before = unwraps();
  // Staged alone, so that the row is still there to be read.
  const auto staged =
      vault.stage(vault.root, Operation::update, "secret/destroy/a", R"({"versions":[1]})");
  ASSERT_TRUE(staged.response.ok());
  ASSERT_TRUE(read("a", 2).ok());
  EXPECT_EQ(unwraps(), before) << "the other version's key stays";
  ASSERT_TRUE(read("a", 1).ok());
  EXPECT_EQ(unwraps(), before + 1);
}

TEST_F(VersionsTest, WhatIsNotThereIsPassedOver) {
  for (const char* verb : {"delete", "undelete", "destroy"}) {
    EXPECT_EQ(change(verb, "none", "[1]")->outcome, Outcome::empty) << verb;
  }
  ASSERT_TRUE(write("a").ok());
  const std::size_t before = rows();
  for (const char* verb : {"delete", "undelete", "destroy"}) {
    EXPECT_EQ(change(verb, "a", "[7,18446744073709551615]")->outcome, Outcome::empty) << verb;
  }
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(value("a"), "{}");
}

TEST_F(VersionsTest, ByNumberAreAlwaysAnUpdate) {
  for (const char* verb : {"delete", "undelete", "destroy"}) {
    ASSERT_TRUE(change(verb, "none", "[1]").ok());
    EXPECT_EQ(vault.last_operation, Operation::update) << verb;
  }
  ASSERT_TRUE(write("new").ok());
  EXPECT_EQ(vault.last_operation, Operation::create);
  ASSERT_TRUE(write("new").ok());
  EXPECT_EQ(vault.last_operation, Operation::update);
}

TEST_F(VersionsTest, NeedNumbersFromOneOn) {
  ASSERT_TRUE(write("a").ok());
  for (const char* verb : {"delete", "undelete", "destroy"}) {
    for (const char* versions : {"null", "[]", R"("")", "[0]", "0", "-1", "[-1]", "[1.5]", "1.5",
                                 R"(["x"])", R"(["1 "])", "[null]", "[[1]]", "{}", "true",
                                 R"(["18446744073709551616"])", "99999999999999999999999"}) {
      expect_error(change(verb, "a", versions), ErrorCode::invalid_argument, "\"versions\"");
    }
    expect_error(call(Operation::update, std::string(verb) + "/a"), ErrorCode::invalid_argument,
                 "\"versions\"");
  }
  EXPECT_EQ(value("a"), "{}") << "nothing was written";
}

TEST_F(VersionsTest, DeleteThemselvesAfterTheirTime) {
  ASSERT_TRUE(set_metadata("a", R"({"delete_version_after":"1h"})").ok());
  const auto written = write("a", R"({"n":1})");
  ASSERT_TRUE(written.ok());
  EXPECT_FALSE(has(written, R"("deletion_time":"")")) << "it is told ahead";
  vault.ahead = std::chrono::seconds(3599);
  EXPECT_EQ(value("a"), R"({"n":1})");
  vault.ahead = std::chrono::seconds(3601);
  EXPECT_EQ(value("a"), "gone");
  ASSERT_TRUE(change("undelete", "a", "[1]").ok());
  vault.ahead = std::chrono::hours(1000);
  EXPECT_EQ(value("a"), R"({"n":1})") << "undeleted is for good";
}

TEST_F(VersionsTest, TheShorterTimeOfKeyAndMountWins) {
  ASSERT_TRUE(configure(R"({"delete_version_after":"2h"})").ok());
  ASSERT_TRUE(set_metadata("short", R"({"delete_version_after":"1h"})").ok());
  ASSERT_TRUE(set_metadata("long", R"({"delete_version_after":"3h"})").ok());
  ASSERT_TRUE(set_metadata("never", R"({"delete_version_after":"-1s"})").ok());
  for (const char* key : {"short", "long", "never", "mount"}) ASSERT_TRUE(write(key).ok());
  const auto all = [&] { return value("short") + value("long") + value("never") + value("mount"); };
  EXPECT_EQ(all(), "{}{}{}{}");
  vault.ahead = std::chrono::minutes(61);
  EXPECT_EQ(all(), "gone{}{}{}");
  vault.ahead = std::chrono::minutes(121);
  EXPECT_EQ(all(), "gonegone{}gone");
}

}  // namespace
}  // namespace coffer::engines::kv
