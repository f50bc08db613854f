// Tools, figures, the audit log seen from the API, and help.
#include "sys_kit.h"

namespace coffer::sys {
namespace {

TEST_F(SysTest, DigestsAreTheStandards) {
  // FIPS 180-4 and 202: "abc".
  for (const auto& [name, sum] : std::vector<std::pair<std::string, std::string>>{
           {"sha2-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
           {"sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"}}) {
    EXPECT_EQ(text(data(write("tools/hash/" + name, R"({"input":"YWJj"})")), {"sum"}), sum);
  }
  refused(write("tools/hash", R"({"input":"YWJj","algorithm":"md5"})"), "algorithm");
  refused(write("tools/hash", R"({"input":"?"})"), "input");
  refused(write("tools/hash", R"({"input":"YWJj","format":"octal"})"), "format");
  refused(write("tools/hash", "{}"), "input");
}

TEST_F(SysTest, RandomBytesAreAsManyAsAskedForAndFromWhere) {
  const auto size = [&](const std::string& path, const std::string& body) {
    const std::string hex = text(data(write(path, body)), {"random_bytes"});
    return hex.size() / 2;
  };
  EXPECT_EQ(size("tools/random", R"({"format":"hex"})"), 32U);
  EXPECT_EQ(size("tools/random/16", R"({"format":"hex"})"), 16U);
  EXPECT_EQ(size("tools/random/all/8", R"({"format":"hex"})"), 8U);
  const auto before = vault.token.calls(fakes::FakeToken::Method::random);
  EXPECT_EQ(size("tools/random/seal", R"({"format":"hex","bytes":4})"), 4U);
  EXPECT_EQ(vault.token.calls(fakes::FakeToken::Method::random), before + 1);
  for (const char* bytes : {"0", "-1", "4097", "\"x\""}) {
    refused(write("tools/random", std::string(R"({"bytes":)") + bytes + "}"), "bytes");
  }
  refused(write("tools/random/nowhere", "{}"), "bytes");
}

TEST_F(SysTest, ValuesCanBeFoundInTheLogByTheirHash) {
  const Json told = data(write("audit-hash/file", R"({"input":"canary"})"));
  std::string hashed;
  vault.open().trail->hasher()->append(hashed, "canary");
  EXPECT_EQ(text(told, {"hash"}), hashed);
  refused(write("audit-hash/nosuch", R"({"input":"x"})"), "device");
}

TEST_F(SysTest, TheAuditLogIsListedAndCannotBeChangedFromHere) {
  EXPECT_EQ(text(data(read("audit")), {"file/", "type"}), "file");
  EXPECT_FALSE(write("audit/other", R"({"type":"file"})").ok());
  EXPECT_FALSE(remove("audit/file").ok());
}

TEST_F(SysTest, MetricsCountRequestsByOutcome) {
  ASSERT_FALSE(vault.call_as("hvs.nosuch", Operation::read, "secret/data/a").ok());
  const auto answer = read("metrics");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->content_type, "text/plain; version=0.0.4");
  EXPECT_NE(answer->data.find("coffer_requests_total{operation=\"read\",outcome=\"denied\"} 1"),
            std::string::npos)
      << answer->data;
  refused(vault.call(Operation::read, "sys/metrics", R"({"format":"xml"})"), "format");
}

TEST_F(SysTest, TellsOfTheHostAndOfWhatIsBeingDone) {
  EXPECT_NE(text(data(read("host-info")), {"host", "hostname"}), "absent");
  const Json busy = data(read("in-flight-req"));
  ASSERT_EQ(busy.members().size(), 1U) << "this request itself";
  EXPECT_EQ(text(busy.members().front().value, {"request_path"}), "sys/in-flight-req");
}

TEST_F(SysTest, EveryPathHasHelp) {
  for (const auto& entry : vault.mounts()->all()) {
    for (const auto& rule : entry.engine->paths_for(entry.mount)) {
      EXPECT_GT(rule.help.size(), 10U) << entry.mount.path << rule.pattern;
    }
  }
  const auto help = vault.call(Operation::help, "sys/policies/acl/app");
  EXPECT_NE(text(data(help), {"help"}).find("policies/acl/+"), std::string::npos);
  EXPECT_EQ(vault.call_as("hvs.nosuch", Operation::help, "sys/mounts").error().code,
            ErrorCode::permission_denied);
  EXPECT_EQ(vault.call(Operation::help, "nosuch/x").error().code, ErrorCode::not_found);
}

/// C6, C15: what answers without a caller is this list and no more.
TEST_F(SysTest, OnlyTheListedPathsAreOpen) {
  std::set<std::string> open;
  for (const auto& entry : vault.mounts()->all()) {
    for (const auto& rule : entry.engine->paths_for(entry.mount)) {
      if (!rule.open) continue;
      open.insert(std::string(model::to_string(rule.operation)) + " " + entry.mount.path +
                  std::string(rule.pattern));
    }
  }
  EXPECT_EQ(open, (std::set<std::string>{
                      "read sys/health", "read sys/init", "read sys/internal/ui/mounts",
                      "read sys/internal/ui/mounts/*", "read sys/leader", "read sys/seal-status",
                      "update sys/init", "update sys/unseal"}));
}

}  // namespace
}  // namespace coffer::sys
