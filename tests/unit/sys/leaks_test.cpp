// The index of fingerprints in step with what happens to secrets, as who checks values sees it.
#include "coffer/core/leak_job.h"
#include "coffer/envelope/secret_watcher.h"
#include "coffer/envelope/stored.h"
#include "src/engines/kv/tables.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

constexpr const char* kOne = "k3J9xQ2mZ8rTw5Yp";
constexpr const char* kTwo = "vB7nL4cX1sD6fG0h";

class LeaksTest : public SysTest {
 protected:
  void put(const std::string& path, const std::string& value, const std::string& key = "password") {
    ASSERT_TRUE(call(Operation::update, "secret/data/" + path,
                     R"({"data":{")" + key + R"(":")" + value + R"("}})")
                    .ok());
  }
  Answer call(Operation operation, const std::string& path, const std::string& body = "{}") {
    return vault.call(operation, path, body);
  }
  Answer check_as(const std::string& token, const std::string& values) {
    return vault.call_as(token, Operation::update, "sys/leaks/check",
                         R"({"values":)" + values + "}");
  }
  /// "secret/data/app#1/password …" of the first match, in order; "" for none.
  std::string places(const std::string& value) {
    const Json found = data(check_as(vault.root, "[\"" + value + "\"]"));
    std::set<std::string> all;
    for (const Json& match : found.find("matches")->elements()) {
      for (const Json& place : match.find("places")->elements()) {
        all.insert(text(place, {"path"}) + "#" + text(place, {"version"}) + text(place, {"key"}));
      }
    }
    std::string joined;
    for (const std::string& one : all) joined += (joined.empty() ? "" : " ") + one;
    return joined;
  }
  /// "static_role app pending" of the first place.
  std::string kind(const std::string& value) {
    const Json found = data(check_as(vault.root, "[\"" + value + "\"]"));
    const Json& place = found.find("matches")->elements().at(0).find("places")->elements().at(0);
    return text(place, {"kind"}) + " " + text(place, {"secret"}) +
           (text(place, {"pending"}) == "true" ? " pending" : "");
  }
  void commit(envelope::SealedTransaction& tx) { ASSERT_TRUE(vault.commit(tx.take())); }
  /// Steps of the job keep a pace of their own.
  void run_job() {
    vault.open().key_work = true;
    for (int i = 0; i < 20; ++i) {
      vault.sweep();
      vault.ahead += std::chrono::seconds(1);
    }
  }
  /// Rows of tables 40 and 41.
  std::size_t index_rows() {
    std::size_t rows = 0;
    TestVault::must(TestVault::must(vault.store->snapshot())
                        ->scan({}, [&](const store::Key& key, const store::Row& row) {
                          if (envelope::kind_of(row.value) != envelope::StoredKind::row)
                            return true;
                          const auto opened = TestVault::must(
                              envelope::open_stored_row(*vault.open().keyring, key, row.value));
                          const envelope::Space& space = opened.row.space;
                          if (space.mount == Uuid{} && (space.table == 40 || space.table == 41))
                            ++rows;
                          return true;
                        }));
    return rows;
  }
};

TEST_F(LeaksTest, AValueIsFoundWhereverItStands) {
  put("app", kOne);
  put("deep/er/app", kOne, "other");
  ASSERT_TRUE(
      call(Operation::update, "plain/x", R"({"a":{"b":[")" + std::string(kOne) + R"("]}})").ok());
  EXPECT_EQ(places(kOne),
            "plain/x#1/a/b/0 secret/data/app#1/password secret/data/deep/er/app#1/other");
  EXPECT_EQ(places(std::string(" ") + kOne + "\\r\\n"), places(kOne)) << "white space at its ends";
  EXPECT_EQ(places(kTwo), "");
}

TEST_F(LeaksTest, TheAnswerNamesIndexesAndNoValue) {
  put("app", kOne);
  const Answer answer =
      check_as(vault.root, R"(["nothing of ours at all",")" + std::string(kOne) + R"("])");
  const Json found = data(answer);
  EXPECT_EQ(text(found, {"checked"}), "2");
  ASSERT_EQ(found.find("matches")->elements().size(), 1U);
  EXPECT_EQ(text(found.find("matches")->elements()[0], {"index"}), "1");
  EXPECT_EQ(answer->data.find(kOne), std::string::npos);
}

TEST_F(LeaksTest, ShortAndGuessableValuesAreNotFound) {
  for (const char* value :
       {"x7K!p9Qz2mW", "password1234", "P@ssw0rd2024!", "           a           "}) {
    put("weak", value);
    EXPECT_EQ(places(value), "") << value;
  }
  EXPECT_EQ(index_rows(), 0U);
  put("weak", "x7K!p9Qz2mWv");
  EXPECT_EQ(places("x7K!p9Qz2mWv"), "secret/data/weak#5/password") << "12 bytes are enough";
}

TEST_F(LeaksTest, DeletedVersionsAreFoundAndDestroyedOnesAreNot) {
  put("app", kOne);
  put("app", kTwo);
  ASSERT_TRUE(call(Operation::update, "secret/delete/app", R"({"versions":[1]})").ok());
  EXPECT_EQ(places(kOne), "secret/data/app#1/password") << "it can be undeleted";
  ASSERT_TRUE(call(Operation::update, "secret/undelete/app", R"({"versions":[1]})").ok());
  EXPECT_EQ(places(kOne), "secret/data/app#1/password");
  ASSERT_TRUE(call(Operation::update, "secret/destroy/app", R"({"versions":[1]})").ok());
  EXPECT_EQ(places(kOne), "");
  EXPECT_EQ(places(kTwo), "secret/data/app#2/password");
  ASSERT_TRUE(call(Operation::remove, "secret/metadata/app").ok());
  EXPECT_EQ(places(kTwo), "");
  EXPECT_EQ(index_rows(), 0U);
}

TEST_F(LeaksTest, APatchKeepsWhatItDoesNotTouch) {
  put("app", kOne);
  ASSERT_TRUE(call(Operation::patch, "secret/data/app",
                   R"({"data":{"more":")" + std::string(kTwo) + R"("}})")
                  .ok());
  EXPECT_EQ(places(kOne), "secret/data/app#1/password secret/data/app#2/password");
  EXPECT_EQ(places(kTwo), "secret/data/app#2/more");
}

TEST_F(LeaksTest, VersionsBeyondTheLimitGoWithTheirFingerprints) {
  ASSERT_TRUE(call(Operation::update, "secret/metadata/app", R"({"max_versions":1})").ok());
  put("app", kOne);
  put("app", kTwo);
  EXPECT_EQ(places(kOne), "");
  ASSERT_TRUE(call(Operation::update, "plain/x", R"({"a":")" + std::string(kOne) + R"("})").ok());
  ASSERT_TRUE(call(Operation::update, "plain/x", R"({"a":"another_one"})").ok());
  EXPECT_EQ(places(kOne), "");
}

TEST_F(LeaksTest, AMountThatGoesTakesItsFingerprintsAlong) {
  put("app", kOne);
  ASSERT_TRUE(call(Operation::remove, "sys/mounts/secret").ok());
  const Json found = data(check_as(vault.root, "[\"" + std::string(kOne) + "\"]"));
  EXPECT_EQ(text(found.find("matches")->elements().at(0), {"hidden"}), "1")
      << "being cleared still";
  vault.sweep();
  EXPECT_EQ(places(kOne), "");
  EXPECT_EQ(index_rows(), 0U);
}

TEST_F(LeaksTest, ARemountIsFoundUnderItsNewPath) {
  put("app", kOne);
  ASSERT_TRUE(call(Operation::update, "sys/remount", R"({"from":"secret","to":"moved"})").ok());
  vault.sweep();
  EXPECT_EQ(places(kOne), "moved/data/app#1/password");
}

TEST_F(LeaksTest, OldFingerprintsAreFoundAfterARotationOfTheirKey) {
  put("app", kOne);
  ASSERT_TRUE(call(Operation::update, "sys/rotate/keyring/fingerprint").ok());
  put("new", kOne);
  EXPECT_EQ(places(kOne), "secret/data/app#1/password secret/data/new#1/password");
  ASSERT_TRUE(call(Operation::update, "secret/destroy/app", R"({"versions":[1]})").ok());
  EXPECT_EQ(places(kOne), "secret/data/new#1/password");
}

TEST_F(LeaksTest, WhatTheCallerMayNotReadIsANumber) {
  put("mine", kOne);
  put("theirs", kOne);
  put_policy("finder", R"(path "sys/leaks/check" { capabilities = ["update"] }
                          path "secret/data/mine" { capabilities = ["read"] })");
  const std::string token = token_with("finder");
  const Json found = data(check_as(token, "[\"" + std::string(kOne) + "\"]"));
  const Json& match = found.find("matches")->elements().at(0);
  ASSERT_EQ(match.find("places")->elements().size(), 1U);
  EXPECT_EQ(text(match.find("places")->elements()[0], {"path"}), "secret/data/mine");
  EXPECT_EQ(text(match, {"hidden"}), "1");
}

TEST_F(LeaksTest, CheckingIsACapabilityOfItsOwn) {
  put_policy("reader", R"(path "secret/*" { capabilities = ["read"] })");
  const Answer answer = check_as(token_with("reader"), "[\"" + std::string(kOne) + "\"]");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::permission_denied);
  const Answer made =
      vault.call(Operation::update, "auth/token/create", R"({"policies":["default"]})");
  EXPECT_FALSE(check_as(made->auth->client_token, "[\"" + std::string(kOne) + "\"]").ok());
}

TEST_F(LeaksTest, WrongValuesAreRefusedAndNotTold) {
  for (const char* values : {"7", "null", "{}", "[]", R"("one,two")", "[[\"canary-canary\"]]",
                             R"([{"a":"canary-canary"}])", "[1.5]", "[null]"}) {
    const Answer answer = check_as(vault.root, values);
    refused(answer, "values");
    EXPECT_EQ(answer.error().text.find("canary"), std::string::npos);
  }
  std::string many = "[\"a\"";
  for (int i = 0; i < 500; ++i) many += ",\"a\"";
  refused(check_as(vault.root, many + "]"), "500");
}

TEST_F(LeaksTest, TooManyValuesAreRefusedForAWhile) {
  std::string many = "[\"a\"";
  for (int i = 1; i < 500; ++i) many += ",\"a\"";
  many += "]";
  Answer answer = check_as(vault.root, many);
  for (int i = 0; i < 5'000 && answer.ok(); ++i) answer = check_as(vault.root, many);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::limit_reached);
  vault.peer.uid = 1001;
  EXPECT_TRUE(check_as(vault.root, many).ok()) << "another user has his own";
}

TEST_F(LeaksTest, ValuesAreInTheLogAsHashesAlone) {
  put("app", kOne);
  core::Staged staged = vault.stage(vault.root, Operation::update, "sys/leaks/check",
                                    R"({"values":[")" + std::string(kOne) + R"("]})");
  std::string hash;
  vault.open().trail->hasher()->append(hash, kOne);
  for (const std::string& line : {staged.entry.request->body, staged.entry.response.body}) {
    EXPECT_EQ(line.find(kOne), std::string::npos);
    EXPECT_NE(line.find(hash), std::string::npos);
  }
}

TEST_F(LeaksTest, TheIndexIsStagedWithTheSecret) {
  const core::Staged staged =
      vault.stage(vault.root, Operation::update, "secret/data/app",
                  R"({"data":{"password":")" + std::string(kOne) + R"("}})");
  ASSERT_TRUE(staged.response.ok());
  EXPECT_EQ(places(kOne), "") << "nothing before the commit";
}

TEST_F(LeaksTest, SecretsFromBeforeAreIndexedOnce) {
  put("app", kOne);
  put("gone", kTwo);
  ASSERT_TRUE(call(Operation::update, "secret/destroy/gone", R"({"versions":[1]})").ok());
  for (int i = 0; i < 150; ++i) put("many/" + std::to_string(i), kOne);
  // As a vault from before has them: without marks and fingerprints.
  std::vector<store::Key> gone;
  TestVault::must(TestVault::must(vault.store->snapshot())
                      ->scan({}, [&](const store::Key& key, const store::Row& row) {
                        if (envelope::kind_of(row.value) != envelope::StoredKind::row) return true;
                        const auto opened = TestVault::must(
                            envelope::open_stored_row(*vault.open().keyring, key, row.value));
                        if (opened.row.space.mount == Uuid{} && opened.row.space.table >= 40 &&
                            opened.row.space.table < 50) {
                          gone.push_back(key);
                        }
                        return true;
                      }));
  for (const store::Key& key : gone) ASSERT_TRUE(vault.commit({{}, {{key, std::nullopt}}}));
  ASSERT_EQ(index_rows(), 0U);
  EXPECT_EQ(text(data(read("leaks/status")), {"complete"}), "false");
  run_job();
  EXPECT_EQ(index_rows(), 2U * 151U);
  EXPECT_NE(places(kOne), "");
  const Json status = data(read("leaks/status"));
  EXPECT_EQ(text(status, {"complete"}), "true");
  EXPECT_EQ(text(status, {"indexed_later"}), "151");
  vault.open().key_work = true;
  vault.sweep();
  EXPECT_EQ(text(data(read("leaks/status")), {"indexed_later"}), "151");
}

TEST_F(LeaksTest, TheSeedOfACodeIsFoundAsItIsTyped) {
  const std::string seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGE";  // 21 bytes: a group is cut
  ASSERT_TRUE(call(Operation::update, "sys/mounts/totp", R"({"type":"totp"})").ok());
  const auto write = [&](const std::string& key) {
    ASSERT_TRUE(call(Operation::update, "totp/keys/phone", R"({"key":")" + key + "\"}").ok());
  };
  write(seed);
  for (const char* spelling :
       {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGE", "gezdgnbvgy3tqojqgezdgnbvgy3tqojqge",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGE======", "gezdgnbvgy3tqojqgezdgnbvgy3tqojqge======"}) {
    EXPECT_EQ(places(spelling), "totp/keys/phone#0/key") << spelling;
  }
  EXPECT_EQ(kind(seed), "totp_key phone");
  write("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJA");
  EXPECT_EQ(places(seed), "") << "written anew";
  EXPECT_EQ(places("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJA"), "totp/keys/phone#0/key");
  ASSERT_TRUE(call(Operation::remove, "totp/keys/phone").ok());
  EXPECT_EQ(index_rows(), 0U);
}

TEST_F(LeaksTest, AnAdministratorsPasswordIsFoundUntilAnotherOneIsGiven) {
  ASSERT_TRUE(call(Operation::update, "sys/mounts/db", R"({"type":"database"})").ok());
  const auto configure = [&](const std::string& password) {
    const Answer done =
        call(Operation::update, "db/config/pg",
             R"({"plugin_name":"postgresql-database-plugin","verify_connection":false,
                 "connection_url":"postgresql://{{username}}:{{password}}@127.0.0.1:1/none",
                 "username":"admin","password":")" +
                 password + "\"}");
    ASSERT_TRUE(done.ok()) << describe(done.error());
  };
  configure(kOne);
  EXPECT_EQ(places(kOne), "db/config/pg#0/password");
  EXPECT_EQ(kind(kOne), "connection pg");
  configure(kTwo);
  EXPECT_EQ(places(kOne), "");
  ASSERT_TRUE(call(Operation::update, "sys/remount", R"({"from":"db","to":"moved"})").ok());
  vault.sweep();
  EXPECT_EQ(places(kTwo), "moved/config/pg#0/password");
  put_policy("finder", R"(path "sys/leaks/check" { capabilities = ["update"] })");
  const Json found = data(check_as(token_with("finder"), "[\"" + std::string(kTwo) + "\"]"));
  EXPECT_EQ(text(found.find("matches")->elements().at(0), {"hidden"}), "1");
}

TEST_F(LeaksTest, TheNewValueOfARotationIsFoundWhileItIsPending) {
  put("app", kTwo);
  const Uuid run{{7}};
  auto tx = vault.begin();
  const engine::RowName row = engines::kv::pending_row(Uuid{{5}}, "app");
  TestVault::must(tx->seal_secret(row, engines::kv::pending_context(Uuid{{5}}, "app", run),
                                  R"({"password":")" + std::string(kOne) + "\"}"));
  commit(*tx);
  EXPECT_EQ(places(kOne), "secret/data/app#0/password");
  EXPECT_EQ(kind(kOne), "secret app pending");
  EXPECT_EQ(kind(kTwo), "secret app");
  tx = vault.begin();
  TestVault::must(tx->erase_secret(row));
  commit(*tx);
  EXPECT_EQ(places(kOne), "");
}

/// A vault whose job was done when KV engines alone had fingerprints.
TEST_F(LeaksTest, AJobThatPassedSecretsIsDoneAgain) {
  run_job();
  ASSERT_EQ(text(data(read("leaks/status")), {"complete"}), "true");
  ASSERT_TRUE(call(Operation::update, "sys/mounts/totp", R"({"type":"totp"})").ok());
  const std::string seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  ASSERT_TRUE(call(Operation::update, "totp/keys/phone", R"({"key":")" + seed + "\"}").ok());
  const envelope::RowName job{{.mount = {}, .table = 42}, {}, "index"};
  auto tx = vault.begin();
  const auto row = TestVault::must(tx->read(job));
  std::string old = row->value;
  old[0] = '\x01';
  TestVault::must(tx->write(job, old, envelope::Expect::unchanged(row->version)));
  auto* watcher = envelope::watcher_of(*vault.open().sealed_store);
  const auto mounts = vault.mounts();
  for (const core::MountTable::Entry& entry : mounts->all()) {
    if (entry.mount.type != "totp") continue;
    TestVault::must(watcher->erased(*tx, {{entry.mount.uuid, 2}, "phone", "0"}));
  }
  commit(*tx);
  ASSERT_EQ(index_rows(), 0U);
  run_job();
  EXPECT_EQ(places(seed), "totp/keys/phone#0/key");
  EXPECT_EQ(text(data(read("leaks/status")), {"complete"}), "true");
  EXPECT_EQ(text(data(read("leaks/status")), {"indexed_later"}), "1");
}

TEST_F(LeaksTest, ASecretOfVeryManyStringsHasFingerprintsOfTheFirstThousand) {
  std::string body = R"({"data":{"all":[)";
  for (int i = 0; i < 1'200; ++i) {
    body += (i > 0 ? ",\"" : "\"") + std::string("k3J9xQ2mZ8rTw5YpK3j9Xq2Mz8Rt") +
            std::to_string(i) + "\"";
  }
  ASSERT_TRUE(call(Operation::update, "secret/data/big", body + "]}}").ok());
  EXPECT_EQ(index_rows(), 1'001U);
  EXPECT_NE(places("k3J9xQ2mZ8rTw5YpK3j9Xq2Mz8Rt999"), "");
  EXPECT_EQ(places("k3J9xQ2mZ8rTw5YpK3j9Xq2Mz8Rt1000"), "");
}

}  // namespace
}  // namespace coffer::sys
