// PATCH of a secret, and its subkeys.
#include "kv_kit.h"

namespace coffer::engines::kv {
namespace {

using PatchTest = KvTest;

TEST_F(PatchTest, MergesIntoTheLatestVersion) {
  ASSERT_TRUE(write("a", R"({"keep":1.50,"drop":"x","deep":{"a":1,"b":2}})").ok());
  const auto answer = patch("a", R"({"drop":null,"deep":{"b":null,"c":[1]},"new":"y"})");
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(member(answer, "version"), "2");
  EXPECT_EQ(value("a"), R"({"keep":1.50,"deep":{"a":1,"c":[1]},"new":"y"})");
  EXPECT_EQ(value("a", 1), R"({"keep":1.50,"drop":"x","deep":{"a":1,"b":2}})");
}

TEST_F(PatchTest, KeepsDigitsThatNoDoubleHolds) {
  ASSERT_TRUE(write("a", R"({"big":12345678901234567890123,"money":0.10})").ok());
  ASSERT_TRUE(patch("a", R"({"x":1e2})").ok());
  EXPECT_EQ(value("a"), R"({"big":12345678901234567890123,"money":0.10,"x":1e2})");
}

TEST_F(PatchTest, NeedsASecretThatIsThere) {
  EXPECT_EQ(patch("none", "{}").error().code, ErrorCode::not_found);
  ASSERT_TRUE(set_metadata("empty", "{}").ok());
  EXPECT_EQ(patch("empty", "{}").error().code, ErrorCode::not_found);
  ASSERT_TRUE(write("a").ok());
  ASSERT_TRUE(remove("a").ok());
  const auto deleted = patch("a", R"({"x":1})");
  ASSERT_TRUE(deleted.ok());
  EXPECT_EQ(deleted->outcome, Outcome::gone);
  EXPECT_TRUE(has(deleted, R"({"data":null,"metadata":)"));
  ASSERT_TRUE(change("destroy", "a", "[1]").ok());
  EXPECT_EQ(patch("a", R"({"x":1})")->outcome, Outcome::gone);
  EXPECT_EQ(member(metadata("a"), "current_version"), "1") << "nothing was written";
}

TEST_F(PatchTest, ChecksAndSets) {
  ASSERT_TRUE(write("a").ok());
  EXPECT_TRUE(patch("a", R"({"x":1})", R"({"cas":1})").ok());
  expect_error(patch("a", "{}", R"({"cas":1})"), ErrorCode::precondition, "did not match");
  expect_error(patch("a", "{}", R"({"cas":0})"), ErrorCode::invalid_argument, "greater than 0");
  expect_error(patch("a", "{}", R"({"cas":-1})"), ErrorCode::invalid_argument, "greater than 0");
  expect_error(patch("a", "{}", R"({"cas":true})"), ErrorCode::invalid_argument, "\"cas\"");
}

TEST_F(PatchTest, DemandsAnObject) {
  ASSERT_TRUE(write("a").ok());
  for (const char* body : {"{}", R"({"data":null})", R"({"data":[]})", R"({"data":"canary"})"}) {
    const auto answer = call(Operation::patch, "data/a", body);
    expect_error(answer, ErrorCode::invalid_argument, "data");
    EXPECT_EQ(answer.error().text.find("canary"), std::string::npos);
  }
}

TEST_F(PatchTest, DoesNotGrowASecretBeyondWhatABodyCanBring) {
  const std::string half(600'000, 'x');
  ASSERT_TRUE(write("a", R"({"a":")" + half + "\"}").ok());
  EXPECT_EQ(patch("a", R"({"b":")" + half + "\"}").error().code, ErrorCode::too_large);
  EXPECT_EQ(member(metadata("a"), "current_version"), "1");
}

TEST_F(PatchTest, LosersOfARaceMergeIntoTheWinnersVersion) {
  ASSERT_TRUE(write("a", R"({"n":0})").ok());
  const std::string body = R"({"data":{"late":1}})";
  auto late = vault.stage(vault.root, Operation::patch, "secret/data/a", body);
  ASSERT_TRUE(write("a", R"({"n":1})").ok());
  const store::Transaction all[] = {std::move(late.writes)};
  EXPECT_EQ(TestVault::must(vault.store->commit(all)).front(),
            store::CommitOutcome::precondition_failed);
  ASSERT_TRUE(call(Operation::patch, "data/a", body).ok());
  EXPECT_EQ(value("a"), R"({"n":1,"late":1})");
}

TEST_F(PatchTest, SubkeysShowNamesWithoutValues) {
  ASSERT_TRUE(write("a", R"({"p":"canary","n":{"x":["canary"],"e":{}},"z":null})").ok());
  const auto answer = call(Operation::read, "subkeys/a");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(member(answer, "subkeys"), R"({"p":null,"n":{"x":null,"e":{}},"z":null})");
  EXPECT_TRUE(has(answer, R"("metadata":{"created_time":)"));
  EXPECT_FALSE(has(answer, "canary"));
  EXPECT_EQ(member(call(Operation::read, "subkeys/a", R"({"depth":"1"})"), "subkeys"),
            R"({"p":null,"n":null,"z":null})");
  ASSERT_TRUE(write("a", R"({"q":1})").ok());
  EXPECT_EQ(member(call(Operation::read, "subkeys/a", R"({"version":1,"depth":1})"), "subkeys"),
            R"({"p":null,"n":null,"z":null})");
}

TEST_F(PatchTest, SubkeysOfWhatIsGoneShowItsMetadata) {
  EXPECT_EQ(call(Operation::read, "subkeys/none").error().code, ErrorCode::not_found);
  ASSERT_TRUE(write("a").ok());
  ASSERT_TRUE(remove("a").ok());
  const auto answer = call(Operation::read, "subkeys/a");
  EXPECT_EQ(answer->outcome, Outcome::gone);
  EXPECT_EQ(member(answer, "subkeys"), "null");
}

TEST_F(PatchTest, SubkeysRefuseWrongParametersByName) {
  ASSERT_TRUE(write("a").ok());
  for (const char* field : {"depth", "version"}) {
    for (const char* value : {"-1", R"("x")", "1.5", "true", "[]", "99999999999999999999"}) {
      const std::string body = std::string("{\"") + field + "\":" + value + "}";
      expect_error(call(Operation::read, "subkeys/a", body), ErrorCode::invalid_argument,
                   std::string("\"") + field + "\"");
    }
  }
}

}  // namespace
}  // namespace coffer::engines::kv
