// KV version 2 as a client sees it, over a whole vault in memory.
#include <gtest/gtest.h>

#include <thread>

#include "fakes/test_vault.h"

namespace coffer::engines::kv {
namespace {

using fakes::TestVault;
using model::Operation;
using model::Outcome;

class KvTest : public ::testing::Test {
 protected:
  Result<model::Response> write(const std::string& path, const std::string& data,
                                const std::string& options = "{}") {
    return vault_.call(Operation::update, "secret/data/" + path,
                       R"({"data":)" + data + R"(,"options":)" + options + "}");
  }
  Result<model::Response> read(const std::string& path, const std::string& body = "") {
    return vault_.call(Operation::read, "secret/data/" + path, body);
  }
  Result<model::Response> remove(const std::string& path) {
    return vault_.call(Operation::remove, "secret/data/" + path);
  }
  std::string list(const std::string& folder) {
    const auto response = vault_.call(Operation::list, "secret/metadata/" + folder);
    return response.ok() ? response->data : "error: " + response.error().text;
  }
  static bool has(const Result<model::Response>& response, const std::string& text) {
    return response.ok() && response->data.find(text) != std::string::npos;
  }

  TestVault vault_;
};

TEST_F(KvTest, ReadsBackTheClientsOwnBytes) {
  const std::string data = R"({ "b" : 1.50, "a":"\u00e9",  "n":{"x":[1, 2]} })";
  ASSERT_TRUE(write("app/db", data).ok());
  const auto response = read("app/db");
  ASSERT_TRUE(response.ok());
  EXPECT_TRUE(has(response, R"({"data":)" + data + R"(,"metadata":{"created_time":")"));
  EXPECT_TRUE(
      has(response, R"("custom_metadata":null,"deletion_time":"","destroyed":false,"version":1)"));
}

TEST_F(KvTest, EachWriteIsAVersion) {
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(
        has(write("a", R"({"n":)" + std::to_string(i) + "}"), R"("version":)" + std::to_string(i)));
  }
  EXPECT_TRUE(has(read("a"), R"({"n":3})"));
  EXPECT_TRUE(has(read("a", R"({"version":"2"})"), R"({"n":2})"));
  EXPECT_TRUE(has(read("a", R"({"version":1})"), R"({"n":1})"));
  EXPECT_TRUE(has(read("a", R"({"version":0})"), R"({"n":3})"));
  EXPECT_EQ(read("a", R"({"version":4})").error().code, ErrorCode::not_found);
  EXPECT_EQ(read("a", R"({"version":-1})").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read("a", R"({"version":"x"})").error().code, ErrorCode::invalid_argument);
}

TEST_F(KvTest, KeepsTenVersionsAndDestroysTheRest) {
  for (int i = 1; i <= 12; ++i) ASSERT_TRUE(write("a", R"({"n":)" + std::to_string(i) + "}").ok());
  EXPECT_EQ(read("a", R"({"version":2})").error().code, ErrorCode::not_found);
  EXPECT_TRUE(has(read("a", R"({"version":3})"), R"({"n":3})"));
}

TEST_F(KvTest, ChecksAndSets) {
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

TEST_F(KvTest, DemandsAnObject) {
  for (const char* body :
       {"{}", R"({"data":null})", R"({"data":[]})", R"({"data":"x"})", R"({"data":1})"}) {
    const auto response = vault_.call(Operation::update, "secret/data/a", body);
    ASSERT_FALSE(response.ok()) << body;
    EXPECT_EQ(response.error().code, ErrorCode::invalid_argument) << body;
    EXPECT_NE(response.error().text.find("data"), std::string::npos) << body;
  }
  EXPECT_EQ(read("a").error().code, ErrorCode::not_found);
}

TEST_F(KvTest, ADeletedVersionShowsItsMetadataAlone) {
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
  EXPECT_EQ(read("a", R"({"version":1})")->outcome, Outcome::gone);
}

TEST_F(KvTest, DeletingWhatIsNotThereIsNoError) {
  EXPECT_EQ(remove("nothing")->outcome, Outcome::empty);
  ASSERT_TRUE(write("a", "{}").ok());
  ASSERT_TRUE(remove("a").ok());
  EXPECT_EQ(remove("a")->outcome, Outcome::empty);
}

TEST_F(KvTest, ListsKeysAndFoldersSorted) {
  for (const char* path : {"b", "a/x/1", "a/x/2", "a", "c/y"}) ASSERT_TRUE(write(path, "{}").ok());
  EXPECT_EQ(list(""), R"({"keys":["a","a/","b","c/"]})");
  EXPECT_EQ(list("a/"), R"({"keys":["x/"]})");
  EXPECT_EQ(list("a/x/"), R"({"keys":["1","2"]})");
  EXPECT_EQ(vault_.call(Operation::list, "secret/metadata/none/").error().code,
            ErrorCode::not_found);
}

TEST_F(KvTest, PathsOfSecretsAreCheckedByName) {
  EXPECT_EQ(write("", "{}").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read("a/").error().code, ErrorCode::invalid_argument);
}

TEST_F(KvTest, LosersOfARaceRunAgainAndNoWriteIsLost) {
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

TEST_F(KvTest, NothingInTheStoreShowsNameOrValue) {
  ASSERT_TRUE(write("canaryfolder/canaryname", R"({"canarykey":"canaryvalue"})").ok());
  auto snapshot = vault_.store->snapshot();
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
