// KV version 1: one value a path.
#include "kv_kit.h"

namespace coffer::engines::kv {
namespace {

class Version1Test : public KvTest {
 protected:
  Answer put(const std::string& path, const std::string& body) {
    return vault.call(Operation::update, "plain/" + path, body);
  }
  Answer get(const std::string& path) { return vault.call(Operation::read, "plain/" + path); }
  Answer drop(const std::string& path) { return vault.call(Operation::remove, "plain/" + path); }
  std::string names(const std::string& folder = "") {
    return names_of(vault.call(Operation::list, "plain/" + folder));
  }
  std::int64_t lease(const std::string& body) {
    EXPECT_TRUE(put("lease", body).ok());
    return get("lease")->lease_duration.count();
  }
};

TEST_F(Version1Test, ReadsBackTheClientsOwnBytes) {
  const std::string body = R"({"b" : 1.50,  "a":"é", "data":{"x":1}})";
  EXPECT_EQ(put("app/db", body)->outcome, Outcome::empty);
  const auto answer = get("app/db");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->data, body);
  EXPECT_EQ(answer->outcome, Outcome::ok);
}

TEST_F(Version1Test, AWriteReplacesTheWholeAndKeepsNothing) {
  ASSERT_TRUE(put("a", R"({"x":1,"y":2})").ok());
  EXPECT_EQ(vault.last_operation, Operation::create);
  const std::size_t before = rows();
  ASSERT_TRUE(put("a", R"({"z":3})").ok());
  EXPECT_EQ(vault.last_operation, Operation::update);
  EXPECT_EQ(get("a")->data, R"({"z":3})");
  EXPECT_EQ(rows(), before);
}

TEST_F(Version1Test, MissingIsNotFoundWithoutText) {
  const auto answer = get("none");
  EXPECT_EQ(answer.error().code, ErrorCode::not_found);
  EXPECT_EQ(answer.error().text, "");
  EXPECT_EQ(names(), "none");
}

TEST_F(Version1Test, ADeleteIsForGoodAndNeverFails) {
  const std::size_t before = rows();
  ASSERT_TRUE(put("f/a", R"({"x":1})").ok());
  EXPECT_EQ(drop("f/a")->outcome, Outcome::empty);
  EXPECT_EQ(drop("f/a")->outcome, Outcome::empty);
  EXPECT_EQ(get("f/a").error().code, ErrorCode::not_found);
  EXPECT_EQ(names(), "none");
  EXPECT_EQ(rows(), before);
}

TEST_F(Version1Test, ListsKeysAndFolders) {
  for (const char* path : {"a", "b/c", "b/d/e", "data/x", "config"}) {
    ASSERT_TRUE(put(path, R"({"x":1})").ok());
  }
  EXPECT_EQ(names(), "a b/ config data/");
  EXPECT_EQ(names("b/"), "c d/");
}

TEST_F(Version1Test, TtlAndLeaseTellReadersWhenToReadAgain) {
  EXPECT_EQ(lease(R"({"x":1})"), 2'764'800) << "32 days, as in Vault";
  EXPECT_EQ(lease(R"({"ttl":"1h"})"), 3600);
  EXPECT_EQ(lease(R"({"ttl":90})"), 90);
  EXPECT_EQ(lease(R"({"lease":"30m","x":1})"), 1800);
  EXPECT_EQ(lease(R"({"lease":"30m","ttl":"1m"})"), 60);
  EXPECT_EQ(lease(R"({"ttl":"soon"})"), 2'764'800);
  EXPECT_EQ(lease(R"({"ttl":{"a":1}})"), 2'764'800);
  EXPECT_EQ(lease(R"({"ttl":-5})"), 2'764'800);
  EXPECT_EQ(lease(R"({"x":{"ttl":"1h"}})"), 2'764'800) << "only at the top";
}

TEST_F(Version1Test, RefusesWhatIsNoSecret) {
  expect_error(put("a", "{}"), ErrorCode::invalid_argument, "missing data fields");
  expect_error(put("", R"({"x":1})"), ErrorCode::invalid_argument, "path");
  expect_error(put("a/", R"({"x":1})"), ErrorCode::invalid_argument, "slash");
  EXPECT_EQ(vault.call(Operation::patch, "plain/a", R"({"x":1})").error().code,
            ErrorCode::unsupported);
  EXPECT_EQ(names(), "none");
}

TEST_F(Version1Test, DoesNotSeeTheOtherMountsKeys) {
  ASSERT_TRUE(write("a").ok());
  EXPECT_EQ(get("a").error().code, ErrorCode::not_found);
  EXPECT_EQ(get("data/a").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace coffer::engines::kv
