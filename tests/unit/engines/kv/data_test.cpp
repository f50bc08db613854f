// KV version 2 as a client sees it, over a whole vault in memory.
#include <gtest/gtest.h>

#include <thread>

#include "kv_kit.h"

namespace coffer::engines::kv {
namespace {

class KvDataTest : public KvTest {
 protected:
  Answer read_with(const std::string& path, const std::string& body) {
    return call(Operation::read, "data/" + path, body);
  }
};

TEST_F(KvDataTest, ReadsBackTheClientsOwnBytes) {
  const std::string data = R"({ "b" : 1.50, "a":"\u00e9",  "n":{"x":[1, 2]} })";
  ASSERT_TRUE(write("app/db", data).ok());
  const auto response = read("app/db");
  ASSERT_TRUE(response.ok());
  EXPECT_TRUE(has(response, R"({"data":)" + data + R"(,"metadata":{"created_time":")"));
  EXPECT_TRUE(
      has(response, R"("custom_metadata":null,"deletion_time":"","destroyed":false,"version":1)"));
}

TEST_F(KvDataTest, EachWriteIsAVersion) {
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(
        has(write("a", R"({"n":)" + std::to_string(i) + "}"), R"("version":)" + std::to_string(i)));
  }
  EXPECT_TRUE(has(read("a"), R"({"n":3})"));
  EXPECT_TRUE(has(read_with("a", R"({"version":"2"})"), R"({"n":2})"));
  EXPECT_TRUE(has(read_with("a", R"({"version":1})"), R"({"n":1})"));
  EXPECT_TRUE(has(read_with("a", R"({"version":0})"), R"({"n":3})"));
  EXPECT_EQ(read_with("a", R"({"version":4})").error().code, ErrorCode::not_found);
  EXPECT_EQ(read_with("a", R"({"version":-1})").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_with("a", R"({"version":"x"})").error().code, ErrorCode::invalid_argument);
}

TEST_F(KvDataTest, KeepsTenVersionsAndDestroysTheRest) {
  for (int i = 1; i <= 12; ++i) ASSERT_TRUE(write("a", R"({"n":)" + std::to_string(i) + "}").ok());
  EXPECT_EQ(read_with("a", R"({"version":2})").error().code, ErrorCode::not_found);
  EXPECT_TRUE(has(read_with("a", R"({"version":3})"), R"({"n":3})"));
}

TEST_F(KvDataTest, ChecksAndSets) {
  EXPECT_EQ(write("a", "{}", R"({"cas":1})").error().code, ErrorCode::precondition);
  EXPECT_TRUE(write("a", "{}", R"({"cas":0})").ok());
  const auto again = write("a", "{}", R"({"cas":0})");
  EXPECT_EQ(again.error().text, "check-and-set parameter did not match the current version");
  EXPECT_TRUE(write("a", "{}", R"({"cas":1})").ok());
  EXPECT_EQ(write("a", "{}", R"({"cas":-1})").error().code, ErrorCode::precondition);
  EXPECT_EQ(write("a", "{}", R"({"cas":"x"})").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(write("a", "{}", R"({"cas":1.5})").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(write("a", "{}", R"([])").error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(write("a", "{}", R"(null)").ok());
  ASSERT_TRUE(remove("a").ok());
  EXPECT_TRUE(write("a", "{}", R"({"cas":3})").ok()) << "a deleted version still counts";
}

TEST_F(KvDataTest, DemandsAnObject) {
  for (const char* body :
       {"{}", R"({"data":null})", R"({"data":[]})", R"({"data":"x"})", R"({"data":1})"}) {
    const auto response = vault.call(Operation::update, "secret/data/a", body);
    ASSERT_FALSE(response.ok()) << body;
    EXPECT_EQ(response.error().code, ErrorCode::invalid_argument) << body;
    EXPECT_NE(response.error().text.find("data"), std::string::npos) << body;
  }
  EXPECT_EQ(read("a").error().code, ErrorCode::not_found);
}

TEST_F(KvDataTest, ADeletedVersionShowsItsMetadataAlone) {
  ASSERT_TRUE(write("a", R"({"p":"canary"})").ok());
  const auto gone = remove("a");
  ASSERT_TRUE(gone.ok());
  EXPECT_EQ(gone->outcome, Outcome::empty);
  const auto response = read("a");
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->outcome, Outcome::gone);
  EXPECT_TRUE(has(response, R"({"data":null,"metadata":)"));
  EXPECT_FALSE(has(response, "canary"));
  EXPECT_FALSE(has(response, R"("deletion_time":"")"));
  ASSERT_TRUE(write("a", R"({"p":"new"})").ok());
  EXPECT_TRUE(has(read("a"), R"({"p":"new"})"));
  EXPECT_EQ(read_with("a", R"({"version":1})")->outcome, Outcome::gone);
}

TEST_F(KvDataTest, DeletingWhatIsNotThereIsNoError) {
  EXPECT_EQ(remove("nothing")->outcome, Outcome::empty);
  ASSERT_TRUE(write("a", "{}").ok());
  ASSERT_TRUE(remove("a").ok());
  EXPECT_EQ(remove("a")->outcome, Outcome::empty);
}

TEST_F(KvDataTest, ListsKeysAndFoldersSorted) {
  for (const char* path : {"b", "a/x/1", "a/x/2", "a", "c/y"}) ASSERT_TRUE(write(path, "{}").ok());
  EXPECT_EQ(list(""), "a a/ b c/");
  EXPECT_EQ(list("a/"), "x/");
  EXPECT_EQ(list("a/x/"), "1 2");
  EXPECT_EQ(vault.call(Operation::list, "secret/metadata/none/").error().code,
            ErrorCode::not_found);
}

TEST_F(KvDataTest, PathsOfSecretsAreCheckedByName) {
  EXPECT_EQ(write("", "{}").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read("a/").error().code, ErrorCode::invalid_argument);
}

TEST_F(KvDataTest, FieldsThatMeanNothingAreIgnoredWithAWarning) {
  const auto answer = call(Operation::update, "data/a",
                           R"({"data":{"x":1},"optoins":{},"options":{"CAS":5,"cas":0}})");
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer->warnings.size(), 1U);
  EXPECT_NE(answer->warnings[0].find(R"("optoins", "options.CAS")"), std::string::npos);
  EXPECT_TRUE(write("a").ok());
  EXPECT_TRUE(write("a")->warnings.empty());
}

TEST_F(KvDataTest, EveryPathHasHelpAndAHandler) {
  const auto mounts = vault.mounts();
  const auto route = mounts->find("secret/");
  for (const auto& rule : route->engine->paths_for(*route->mount)) {
    EXPECT_FALSE(rule.help.empty()) << rule.pattern;
    std::string path(rule.pattern.substr(0, rule.pattern.find('*')));
    if (rule.pattern.ends_with('*') && rule.operation != Operation::list) path += "none";
    const auto answer = call(rule.operation, path,
                             R"({"data":{},"versions":[1],"rotator":"generate","period":"1h"})");
    EXPECT_TRUE(answer.ok() || answer.error().code == ErrorCode::not_found)
        << model::to_string(rule.operation) << " " << path << ": " << answer.error().text;
  }
}

TEST_F(KvDataTest, VersionsTooLargeForANumberAreRefusedByName) {
  for (const char* version : {"99999999999999999999", "1.5", "true", "[]", "{}", R"("")"}) {
    expect_error(read_with("a", std::string(R"({"version":)") + version + "}"),
                 ErrorCode::invalid_argument, "\"version\"");
  }
}

TEST_F(KvDataTest, LosersOfARaceRunAgainAndNoWriteIsLost) {
  constexpr int kWriters = 4;
  constexpr int kEach = 25;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) EXPECT_TRUE(write("shared", "{}").ok());
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_TRUE(has(read("shared"), R"("version":100)"));
}

TEST_F(KvDataTest, NothingInTheStoreShowsNameOrValue) {
  ASSERT_TRUE(write("canaryfolder/canaryname", R"({"canarykey":"canaryvalue"})").ok());
  auto snapshot = vault.store->snapshot();
  ASSERT_TRUE((*snapshot)
                  ->scan("",
                         [](const store::Key& key, const store::Row& row) {
                           EXPECT_EQ(key.find("canary"), std::string::npos);
                           EXPECT_EQ(row.value.find("canary"), std::string::npos);
                           return true;
                         })
                  .ok());
}

}  // namespace
}  // namespace coffer::engines::kv
