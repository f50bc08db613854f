// What is known of a secret beside its values, and what the mount says for all.
#include "kv_kit.h"

namespace coffer::engines::kv {
namespace {

using MetadataTest = KvTest;

TEST_F(MetadataTest, ShowsAllVersionsAndSettings) {
  ASSERT_TRUE(write("a").ok());
  ASSERT_TRUE(write("a").ok());
  ASSERT_TRUE(change("destroy", "a", "[1]").ok());
  const auto answer = metadata("a");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(member(answer, "current_version"), "2");
  EXPECT_EQ(member(answer, "oldest_version"), "0");
  EXPECT_EQ(member(answer, "max_versions"), "0");
  EXPECT_EQ(member(answer, "cas_required"), "false");
  EXPECT_EQ(member(answer, "delete_version_after"), R"("0s")");
  EXPECT_EQ(member(answer, "custom_metadata"), "null");
  EXPECT_TRUE(has(answer, R"("versions":{"1":{"created_time":")"));
  EXPECT_TRUE(has(answer, R"("destroyed":true},"2":{)"));
  EXPECT_EQ(metadata("none").error().code, ErrorCode::not_found);
}

TEST_F(MetadataTest, AWriteMakesAKeyWithoutVersions) {
  EXPECT_EQ(set_metadata("f/a", R"({"max_versions":3})")->outcome, Outcome::empty);
  EXPECT_EQ(vault.last_operation, Operation::create);
  EXPECT_EQ(list() + " " + list("f/"), "f/ a");
  EXPECT_EQ(value("f/a"), "none");
  EXPECT_EQ(member(metadata("f/a"), "versions"), "{}");
  ASSERT_TRUE(write("f/a", "{}", R"({"cas":0})").ok()) << "there is no version yet";
  EXPECT_EQ(vault.last_operation, Operation::update);
}

TEST_F(MetadataTest, AWriteSetsWhatIsGivenAndKeepsTheRest) {
  ASSERT_TRUE(set_metadata("a", R"({"max_versions":"5","cas_required":"true",)"
                                R"("delete_version_after":3600,"custom_metadata":{"k":"v"}})")
                  .ok());
  ASSERT_TRUE(set_metadata("a", R"({"max_versions":6,"unknown":[1],"custom_metadata":null})").ok());
  const auto answer = metadata("a");
  EXPECT_EQ(member(answer, "max_versions"), "6");
  EXPECT_EQ(member(answer, "cas_required"), "true");
  EXPECT_EQ(member(answer, "delete_version_after"), R"("1h0m0s")");
  EXPECT_EQ(member(answer, "custom_metadata"), R"({"k":"v"})");
  ASSERT_TRUE(set_metadata("a", R"({"custom_metadata":{"l":"w"}})").ok());
  EXPECT_EQ(member(metadata("a"), "custom_metadata"), R"({"l":"w"})") << "a write replaces it";
}

TEST_F(MetadataTest, CustomMetadataShowWithEachVersion) {
  ASSERT_TRUE(write("a").ok());
  ASSERT_TRUE(set_metadata("a", R"({"custom_metadata":{"owner":"team"}})").ok());
  EXPECT_TRUE(has(read("a"), R"("custom_metadata":{"owner":"team"})"));
  EXPECT_TRUE(has(write("a"), R"("custom_metadata":{"owner":"team"})"));
}

TEST_F(MetadataTest, APatchMergesAndNullTakesAway) {
  EXPECT_EQ(call(Operation::patch, "metadata/a", "{}").error().code, ErrorCode::not_found);
  ASSERT_TRUE(set_metadata("a", R"({"max_versions":5,"cas_required":true,)"
                                R"("delete_version_after":"1h",)"
                                R"("custom_metadata":{"k":"v","l":"w"}})")
                  .ok());
  ASSERT_TRUE(
      call(Operation::patch, "metadata/a", R"({"custom_metadata":{"k":null,"m":"x","n":null}})")
          .ok());
  EXPECT_EQ(member(metadata("a"), "custom_metadata"), R"({"l":"w","m":"x"})");
  EXPECT_EQ(member(metadata("a"), "max_versions"), "5");
  ASSERT_TRUE(call(Operation::patch, "metadata/a",
                   R"({"max_versions":null,"cas_required":null,"delete_version_after":null})")
                  .ok());
  const auto answer = metadata("a");
  EXPECT_EQ(member(answer, "max_versions"), "0");
  EXPECT_EQ(member(answer, "cas_required"), "false");
  EXPECT_EQ(member(answer, "delete_version_after"), R"("0s")");
  ASSERT_TRUE(call(Operation::patch, "metadata/a", R"({"custom_metadata":null})").ok());
  EXPECT_EQ(member(metadata("a"), "custom_metadata"), "null");
}

TEST_F(MetadataTest, CustomMetadataHaveLimits) {
  const auto with = [&](const std::string& name, const std::string& value) {
    return set_metadata("a", R"({"custom_metadata":{")" + name + "\":" + value + "}}");
  };
  const auto text = [](std::size_t size) { return "\"" + std::string(size, 'v') + "\""; };
  EXPECT_TRUE(with(std::string(128, 'n'), text(512)).ok());
  for (const auto& answer :
       {with(std::string(129, 'n'), text(1)), with("", text(1)), with("n", text(513)),
        with("n", "1"), with("n", "null"), with("n", "{}"), with("n", "[]"), with("n", "true")}) {
    expect_error(answer, ErrorCode::invalid_argument, "\"custom_metadata\"");
  }
  std::string many;
  for (int i = 0; i < 64; ++i) many += "\"" + std::to_string(i) + "\":\"\",";
  many.pop_back();
  EXPECT_TRUE(set_metadata("a", R"({"custom_metadata":{)" + many + "}}").ok());
  expect_error(call(Operation::patch, "metadata/a", R"({"custom_metadata":{"65th":""}})"),
               ErrorCode::invalid_argument, "64");
  EXPECT_FALSE(has(metadata("a"), "65th"));
}

TEST_F(MetadataTest, OfTheWrongTypeAreRefusedByNameAndNothingIsWritten) {
  ASSERT_TRUE(write("a").ok());
  const std::string before = metadata("a")->data;
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong = {
      {"max_versions",
       {"-1", "1.5", R"("x")", "true", "[]", "{}", "4294967296", "99999999999999999999"}},
      {"cas_required", {"1", R"("yes")", "[]", "{}"}},
      {"delete_version_after", {R"("x")", "true", "[]", "{}", "99999999999999999999", R"("1 h")"}},
      {"custom_metadata", {"1", R"("x")", "[]", "true"}}};
  for (const auto& [field, values] : wrong) {
    for (const std::string& value : values) {
      const std::string body = "{\"" + field + "\":" + value + "}";
      const std::string named = "\"" + field + "\"";
      expect_error(set_metadata("a", body), ErrorCode::invalid_argument, named);
      expect_error(set_metadata("new", body), ErrorCode::invalid_argument, named);
      expect_error(call(Operation::patch, "metadata/a", body), ErrorCode::invalid_argument, named);
      if (field != "custom_metadata") {
        expect_error(configure(body), ErrorCode::invalid_argument, named);
      }
    }
  }
  EXPECT_EQ(metadata("a")->data, before);
  EXPECT_EQ(list(), "a");
}

TEST_F(MetadataTest, MaxVersionsOfTheKeyThenOfTheMountThenTen) {
  ASSERT_TRUE(configure(R"({"max_versions":3})").ok());
  ASSERT_TRUE(set_metadata("own", R"({"max_versions":2})").ok());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(write("own").ok());
    ASSERT_TRUE(write("mount").ok());
  }
  EXPECT_EQ(value("own", 3) + value("own", 4), "none{}");
  EXPECT_EQ(value("mount", 2) + value("mount", 3), "none{}");
  EXPECT_EQ(member(metadata("own"), "oldest_version"), "4");
  ASSERT_TRUE(set_metadata("own", R"({"max_versions":1})").ok());
  EXPECT_EQ(value("own", 4), "{}") << "only a write drops";
  ASSERT_TRUE(write("own").ok());
  EXPECT_EQ(value("own", 5) + value("own", 6), "none{}");
}

TEST_F(MetadataTest, CasCanBeRequiredByKeyOrMount) {
  ASSERT_TRUE(set_metadata("a", R"({"cas_required":true})").ok());
  expect_error(write("a"), ErrorCode::precondition,
               "check-and-set parameter required for this call");
  ASSERT_TRUE(write("a", "{}", R"({"cas":0})").ok());
  expect_error(patch("a", "{}"), ErrorCode::precondition, "required");
  ASSERT_TRUE(write("b").ok());
  ASSERT_TRUE(configure(R"({"cas_required":true})").ok());
  expect_error(write("b"), ErrorCode::precondition, "required");
  ASSERT_TRUE(write("b", "{}", R"({"cas":1})").ok());
}

TEST_F(MetadataTest, ADeleteTakesEverythingAndItsEmptyFolders) {
  ASSERT_TRUE(write("kept").ok());
  const std::size_t before = rows();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write("x/y/a").ok());
  ASSERT_TRUE(write("x/b").ok());
  EXPECT_EQ(call(Operation::remove, "metadata/x/y/a")->outcome, Outcome::empty);
  EXPECT_EQ(list() + "|" + list("x/") + "|" + list("x/y/"), "kept x/|b|none");
  ASSERT_TRUE(call(Operation::remove, "metadata/x/b").ok());
  EXPECT_EQ(list(), "kept");
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(call(Operation::remove, "metadata/none")->outcome, Outcome::empty);
  ASSERT_TRUE(write("x/y/a").ok());
  EXPECT_EQ(member(metadata("x/y/a"), "current_version"), "1") << "a new life, from 1 on";
}

TEST_F(MetadataTest, TwoThatRemoveTheLastKeysOfAFolderLeaveNoFolder) {
  ASSERT_TRUE(write("f/a").ok());
  ASSERT_TRUE(write("f/b").ok());
  auto one = vault.stage(vault.root, Operation::remove, "secret/metadata/f/a");
  auto other = vault.stage(vault.root, Operation::remove, "secret/metadata/f/b");
  const store::Transaction all[] = {std::move(one.writes), std::move(other.writes)};
  const auto outcomes = TestVault::must(vault.store->commit(all));
  EXPECT_EQ(outcomes[0], store::CommitOutcome::committed);
  EXPECT_EQ(outcomes[1], store::CommitOutcome::precondition_failed) << "it has to look again";
  ASSERT_TRUE(call(Operation::remove, "metadata/f/b").ok());
  EXPECT_EQ(list(), "none");
}

TEST_F(MetadataTest, WhoeverAddsAKeyMeanwhileKeepsTheFolder) {
  ASSERT_TRUE(write("f/a").ok());
  auto removal = vault.stage(vault.root, Operation::remove, "secret/metadata/f/a");
  ASSERT_TRUE(write("f/b").ok());
  const store::Transaction all[] = {std::move(removal.writes)};
  EXPECT_EQ(TestVault::must(vault.store->commit(all)).front(),
            store::CommitOutcome::precondition_failed);
  ASSERT_TRUE(call(Operation::remove, "metadata/f/a").ok());
  EXPECT_EQ(list() + " " + list("f/"), "f/ b");
}

TEST_F(MetadataTest, TheConfigShowsWhatWasSet) {
  EXPECT_EQ(call(Operation::read, "config")->data,
            R"({"cas_required":false,"delete_version_after":"0s","max_versions":0})");
  EXPECT_EQ(configure(R"({"max_versions":4,"delete_version_after":"90m"})")->outcome,
            Outcome::empty);
  ASSERT_TRUE(configure(R"({"cas_required":true})").ok());
  EXPECT_EQ(call(Operation::read, "config")->data,
            R"({"cas_required":true,"delete_version_after":"1h30m0s","max_versions":4})");
  EXPECT_EQ(vault.call(Operation::list, "secret/metadata/").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace coffer::engines::kv
