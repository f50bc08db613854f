// sys/rotate and its kin, over a whole vault in memory: keys rotate, records follow, old keys go
// when nothing needs them, and not before.
#include "coffer/core/rewrap.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

using fakes::FakeToken;

class KeysTest : public SysTest {
 protected:
  void SetUp() override { ASSERT_TRUE(write("rotate/config", R"({"rewrap_rate":0})").ok()); }

  void put(int n) {
    const auto put = vault.call(Operation::update, "secret/data/app/" + std::to_string(n),
                                R"({"data":{"n":)" + std::to_string(n) + "}}");
    ASSERT_TRUE(put.ok()) << put.error().text;
  }
  void put_all(int count) {
    for (int n = 0; n < count; ++n) put(n);
  }
  void all_open(int count) {
    for (int n = 0; n < count; ++n) {
      const Json answer = data(vault.call(Operation::read, "secret/data/app/" + std::to_string(n)));
      EXPECT_EQ(text(answer, {"data", "n"}), std::to_string(n));
    }
  }
  std::string references(std::string_view version) {
    const Json status = data(read("rotate/status"));
    for (const Json& one : status.find("versions")->elements()) {
      if (text(one, {"version"}) == version) return text(one, {"references"});
    }
    return "absent";
  }
  std::string phase() { return text(data(read("rotate/status")), {"phase"}); }
};

TEST_F(KeysTest, TellsTheTermInVaultsWords) {
  const Answer answer = read("key-status");
  EXPECT_EQ(text(data(answer), {"term"}), "1");
  EXPECT_TRUE(answer->repeat_data);
  EXPECT_GE(std::stoll(text(data(answer), {"encryptions"})), 1024);
  ASSERT_TRUE(write("rotate").ok());
  EXPECT_EQ(text(data(read("key-status")), {"term"}), "2");
  ASSERT_TRUE(write("rotate/keyring").ok());
  EXPECT_EQ(text(data(read("key-status")), {"term"}), "3");
}

TEST_F(KeysTest, RecordsFollowARotationAndTheOldKeyGoesOnRequest) {
  put_all(20);
  ASSERT_TRUE(write("rotate").ok());
  refused(write("rotate/retire", R"({"version":2})"), "version");
  const Answer early = write("rotate/retire", R"({"version":1})");
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().code, ErrorCode::precondition);
  vault.sweep();
  EXPECT_EQ(phase(), "done");
  EXPECT_EQ(text(data(read("rotate/status")), {"total"}), "20");
  EXPECT_EQ(text(data(read("rotate/status")), {"done"}), "20");
  EXPECT_EQ(references("1"), "0");
  EXPECT_EQ(references("2"), "20");
  all_open(20);
  ASSERT_TRUE(write("rotate/retire", R"({"version":1})").ok());
  EXPECT_EQ(references("1"), "absent");
  all_open(20);
  vault.sweep();
  EXPECT_EQ(phase(), "done");
  EXPECT_EQ(references("2"), "20");
}

TEST_F(KeysTest, NothingIsRetiredWhileARecordCantBeRead) {
  put_all(3);
  ASSERT_TRUE(write("rotate").ok());
  bool damaged = false;
  store::Transaction damage;
  auto snapshot = TestVault::must(vault.store->snapshot());
  TestVault::must(snapshot->scan({}, [&](const store::Key& key, const store::Row& row) {
    if (damaged || !row.value.starts_with("CFSR")) return true;
    damage.writes.push_back({key, row.value.substr(0, 60)});
    damaged = true;
    return false;
  }));
  ASSERT_TRUE(vault.commit(std::move(damage)));
  vault.sweep();
  EXPECT_EQ(text(data(read("rotate/status")), {"unreadable"}), "1");
  const Answer retired = write("rotate/retire", R"({"version":1})");
  ASSERT_FALSE(retired.ok());
  EXPECT_NE(retired.error().text.find("1 records can't be read"), std::string::npos);
  const Json verified = data(write("rotate/verify"));
  EXPECT_EQ(text(verified, {"opened"}), "2");
  EXPECT_EQ(text(verified, {"damaged"}), "1");
}

TEST_F(KeysTest, ASecretThatIsWrittenMeanwhileCountsForTheNewKey) {
  put_all(5);
  ASSERT_TRUE(write("rotate").ok());
  put_all(2);
  vault.sweep();
  EXPECT_EQ(references("1"), "0");
  EXPECT_EQ(references("2"), "7") << "every version of a secret is a record";
  all_open(5);
}

TEST_F(KeysTest, ARotationDuringAPassStartsItAnew) {
  put_all(5);
  ASSERT_TRUE(write("rotate").ok());
  vault.sweep();
  ASSERT_TRUE(write("rotate").ok());
  EXPECT_EQ(phase(), "counting");
  vault.sweep();
  EXPECT_EQ(references("2"), "0");
  EXPECT_EQ(references("3"), "5");
  // Both old ones can go, in any order.
  ASSERT_TRUE(write("rotate/retire", R"({"version":2})").ok());
  vault.sweep();
  ASSERT_TRUE(write("rotate/retire", R"({"version":1})").ok());
  all_open(5);
}

/// As a daemon that is killed after each step: what a step committed is all that there is.
TEST_F(KeysTest, APassGoesOnAfterARestartAtAnyStep) {
  ASSERT_TRUE(write("rotate/config", R"({"rewrap_rate":20})").ok());
  put_all(10);
  ASSERT_TRUE(write("rotate").ok());
  std::size_t restarts = 0;
  std::set<std::string> phases;
  while (phase() != "done" && restarts < 100) {
    phases.insert(phase());
    vault.ahead += std::chrono::seconds(2);
    vault.sweep(1);
    vault.state->seal();
    ASSERT_TRUE(vault.call_as("", Operation::update, "sys/unseal", R"({"key":"1234"})").ok());
    ++restarts;
    all_open(10);
  }
  EXPECT_EQ(phases, (std::set<std::string>{"counting", "rewrapping"}));
  EXPECT_GT(restarts, 10U);
  EXPECT_EQ(text(data(read("rotate/status")), {"done"}), "10") << "each once";
  EXPECT_EQ(references("1"), "0");
  ASSERT_TRUE(write("rotate/retire", R"({"version":1})").ok());
  all_open(10);
}

TEST_F(KeysTest, EachNamedKeyRotatesAndWhatWasMadeBeforeIsGood) {
  put_all(3);
  const std::string token = token_with("default");
  for (const std::string name : {"record", "bind", "token_hash", "audit", "fingerprint", "sign"}) {
    const Answer rotated = write("rotate/keyring/" + name);
    ASSERT_TRUE(rotated.ok()) << name;
    EXPECT_EQ(text(data(rotated), {"version"}), "2") << name;
    all_open(3);
    EXPECT_TRUE(vault.call_as(token, Operation::read, "auth/token/lookup-self").ok()) << name;
    EXPECT_TRUE(vault.call(Operation::read, "sys/mounts").ok()) << name;
  }
  refused(write("rotate/keyring/name"), "offline rekey");
  refused(write("rotate/keyring/nosuch"), "no such key");
  vault.sweep();
  all_open(3);
}

TEST_F(KeysTest, LinesAreHashedWithTheNewKeyFromThenOn) {
  const auto versions = [&] {
    std::set<std::string> seen;
    const auto lines = vault.log.lines();
    for (const auto& line : lines) {
      const auto at = line.body.find("\"hmac_key_version\":");
      if (at != std::string::npos) seen.insert(line.body.substr(at, 21));
    }
    return seen.size();
  };
  put(0);
  const std::size_t before = versions();
  ASSERT_TRUE(write("rotate/keyring/audit").ok());
  put(1);
  EXPECT_EQ(versions(), before + 1);
  const std::string input = R"({"input":"x"})";
  EXPECT_TRUE(write("audit-hash/file", input).ok());
}

TEST_F(KeysTest, ConfigurationIsKeptAndChecked) {
  Json config = data(read("rotate/config"));
  EXPECT_EQ(text(config, {"enabled"}), "true");
  EXPECT_EQ(text(config, {"max_operations"}), "1073741824");
  EXPECT_EQ(text(config, {"interval"}), "0");
  ASSERT_TRUE(
      write("rotate/config", R"({"enabled":false,"max_operations":2000000,"interval":"48h"})")
          .ok());
  config = data(read("rotate/keyring/config"));
  EXPECT_EQ(text(config, {"enabled"}), "false");
  EXPECT_EQ(text(config, {"max_operations"}), "2000000");
  EXPECT_EQ(text(config, {"interval"}), "48h0m0s");
  EXPECT_EQ(text(config, {"rewrap_rate"}), "0") << "what wasn't named stays";
  ASSERT_TRUE(write("rotate/keyring/config", R"({"max_operations":3865470566})").ok());
  EXPECT_EQ(text(data(read("rotate/config")), {"max_operations"}), "1073741824");
  refused(write("rotate/config", R"({"interval":"1h"})"), "interval");
  refused(write("rotate/config", R"({"max_operations":10})"), "max_operations");
  refused(write("rotate/config", R"({"rewrap_rate":-1})"), "rewrap_rate");
}

TEST_F(KeysTest, AKekOfTheAgeIsRotatedByItself) {
  put_all(3);
  ASSERT_TRUE(write("rotate").ok());  // since when is known from here on
  ASSERT_TRUE(write("rotate/config", R"({"interval":"24h"})").ok());
  vault.sweep();
  EXPECT_EQ(text(data(read("key-status")), {"term"}), "2");
  vault.ahead = std::chrono::hours(25);
  vault.sweep();
  EXPECT_EQ(text(data(read("key-status")), {"term"}), "3");
  vault.sweep();  // and then the records follow
  EXPECT_EQ(references("2"), "0");
  all_open(3);
  ASSERT_TRUE(write("rotate/config", R"({"enabled":false})").ok());
  vault.ahead = std::chrono::hours(100);
  vault.sweep();
  EXPECT_EQ(text(data(read("key-status")), {"term"}), "3");
}

TEST_F(KeysTest, VerifyOpensEverythingByTheTokenInParts) {
  put_all(10);
  all_open(10);
  const auto unwraps = vault.token.calls(FakeToken::Method::unwrap);
  std::int64_t opened = 0;
  std::string after;
  for (bool done = false; !done;) {
    const Json part = data(write("rotate/verify", R"({"rows":3,"after":")" + after + "\"}"));
    opened += std::stoll(text(part, {"opened"}));
    EXPECT_EQ(text(part, {"damaged"}), "0");
    after = text(part, {"after"});
    done = text(part, {"done"}) == "true";
  }
  EXPECT_EQ(opened, 10);
  EXPECT_EQ(vault.token.calls(FakeToken::Method::unwrap) - unwraps, 10U);
  refused(write("rotate/verify", R"({"after":"zz"})"), "after");
  refused(write("rotate/verify", R"({"rows":0})"), "rows");
}

TEST_F(KeysTest, SignersTellOfEachOther) {
  ASSERT_TRUE(write("rotate/keyring/sign").ok());
  const Json told = data(read("rotate/signers"));
  ASSERT_EQ(told.find("announcements")->elements().size(), 1U);
  EXPECT_EQ(text(told.find("announcements")->elements()[0], {"to"}), text(told, {"current"}));
}

TEST_F(KeysTest, ATokenThatIsAwayPutsTheJobOff) {
  put_all(3);
  ASSERT_TRUE(write("rotate").ok());
  vault.token.pull();
  EXPECT_THROW(vault.sweep(), std::runtime_error) << "as the sweeper would see it";
  vault.token.insert();
  vault.sweep();
  EXPECT_EQ(references("1"), "0");
  EXPECT_FALSE(write("rotate/retire", R"({"version":"x"})").ok());
}

}  // namespace
}  // namespace coffer::sys
