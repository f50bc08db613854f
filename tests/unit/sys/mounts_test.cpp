// Mounting, tuning, moving, unmounting.
#include "coffer/base/codec.h"
#include "coffer/lifecycle/rotation_index.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

constexpr const char* kKv2 = R"({"type":"kv","options":{"version":"2"}})";

TEST_F(SysTest, AMountServesAtOnceAndIsListed) {
  ASSERT_TRUE(write("mounts/team/kv", kKv2).ok());
  ASSERT_TRUE(vault.call(Operation::update, "team/kv/data/a", R"({"data":{"k":"v"}})").ok());
  const Json mounts = data(read("mounts"));
  EXPECT_EQ(text(mounts, {"team/kv/", "type"}), "kv");
  EXPECT_EQ(text(mounts, {"team/kv/", "options", "version"}), "2");
  EXPECT_EQ(text(mounts, {"sys/", "type"}), "system");
  EXPECT_TRUE(read("mounts")->repeat_data);
  EXPECT_EQ(text(data(read("mounts/team/kv")), {"accessor"}).substr(0, 3), "kv_");
}

TEST_F(SysTest, AuthMethodsAreListedWithoutTheirPrefix) {
  const Json methods = data(read("auth"));
  EXPECT_EQ(text(methods, {"token/", "type"}), "token");
  EXPECT_EQ(text(methods, {"unix/", "type"}), "unix");
  EXPECT_EQ(methods.find("secret/"), nullptr);
}

TEST_F(SysTest, TheCliSaysKvV2) {
  ASSERT_TRUE(write("mounts/a", R"({"type":"kv-v2"})").ok());
  EXPECT_EQ(text(data(read("mounts/a")), {"options", "version"}), "2");
}

TEST_F(SysTest, APathInUseIsRefusedAboveAndBelowToo) {
  refused(write("mounts/secret", kKv2), "already in use at secret/");
  refused(write("mounts/secret/below", kKv2), "already in use at secret/");
  ASSERT_TRUE(write("mounts/x/y", kKv2).ok());
  refused(write("mounts/x", kKv2), "already in use at x/y/");
}

/// C1: the policies would see another path.
TEST_F(SysTest, APathWithASlashAtItsEndIsNoMount) {
  for (const std::string path : {"mounts/secret/", "auth/token/", "mounts/secret/tune/"}) {
    refused(read(path), "slash");
    refused(write(path, kKv2), "slash");
    if (!path.ends_with("tune/")) refused(remove(path), "slash");
  }
  refused(write("audit-hash/file/", R"({"input":"a"})"), "device");
}

TEST_F(SysTest, TheVaultsOwnPathsCannotBeMounted) {
  for (const char* path : {"sys", "sys/x", "auth", "auth/x", "cubbyhole", "identity/x"}) {
    EXPECT_FALSE(write(std::string("mounts/") + path, kKv2).ok()) << path;
  }
  refused(write("auth/userpass", R"({"type":"userpass"})"), "type");
  refused(write("mounts/x", R"({"type":"system"})"), "type");
  refused(write("mounts/x", R"({"type":"nosuch"})"), "type");
}

TEST_F(SysTest, WrongFieldsOfAMountAreNamed) {
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({})", "type"},
           {R"({"type":7})", "type"},
           {R"({"type":"kv","options":{"version":"3"}})", "version"},
           {R"({"type":"kv","options":{"nosuch":"1"}})", "options"},
           {R"({"type":"kv","options":7})", "options"},
           {R"({"type":"kv","description":[]})", "description"},
           {R"({"type":"kv","config":{"default_lease_ttl":"soon"}})", "default_lease_ttl"},
           {R"({"type":"kv","config":{"default_lease_ttl":"2h","max_lease_ttl":"1h"}})",
            "default_lease_ttl"},
           {R"({"type":"kv","config":{"max_lease_ttl":-1}})", "max_lease_ttl"},
           {R"({"type":"kv","config":{"listing_visibility":"loud"}})", "listing_visibility"},
           {R"({"type":"kv","config":{"audit_non_hmac_request_keys":["a"]}})",
            "audit_non_hmac_request_keys"}}) {
    refused(write("mounts/x", body), field);
  }
  EXPECT_EQ(data(read("mounts")).find("x/"), nullptr) << "nothing is half done";
}

TEST_F(SysTest, TuneChangesWhatItNamesAndNothingElse) {
  ASSERT_TRUE(write("mounts/secret/tune", R"({"max_lease_ttl":"48h","description":"ours"})").ok());
  Json tuned = data(read("mounts/secret/tune"));
  EXPECT_EQ(text(tuned, {"max_lease_ttl"}), "172800");
  EXPECT_EQ(text(tuned, {"default_lease_ttl"}), "2764800");
  EXPECT_EQ(text(tuned, {"description"}), "ours");
  ASSERT_TRUE(write("mounts/secret/tune", R"({"listing_visibility":"unauth"})").ok());
  tuned = data(read("mounts/secret/tune"));
  EXPECT_EQ(text(tuned, {"max_lease_ttl"}), "172800");
  EXPECT_EQ(text(tuned, {"listing_visibility"}), "unauth");
  // Seconds, as clients' libraries send them, and what puts the system's back.
  ASSERT_TRUE(write("mounts/secret/tune", R"({"default_lease_ttl":3600})").ok());
  EXPECT_EQ(text(data(read("mounts/secret/tune")), {"default_lease_ttl"}), "3600");
  ASSERT_TRUE(write("mounts/secret/tune", R"({"default_lease_ttl":"system"})").ok());
  EXPECT_EQ(text(data(read("mounts/secret/tune")), {"default_lease_ttl"}), "2764800");
  ASSERT_TRUE(write("mounts/timed", R"({"type":"kv","config":{"max_lease_ttl":7200}})").ok());
  EXPECT_EQ(text(data(read("mounts/timed/tune")), {"max_lease_ttl"}), "7200");
  refused(write("mounts/secret/tune", R"({"max_lease_ttl":[1]})"), "max_lease_ttl");
  refused(write("mounts/secret/tune", R"({"options":{"version":"1"}})"), "version");
  refused(write("mounts/secret/tune", R"({"options":{"version":"3"}})"), "version");
  refused(write("mounts/nosuch/tune", "{}"), "no mount");
  refused(write("mounts/sys/tune", R"({"description":"x"})"), "vault's own");
}

TEST_F(SysTest, AMountGoesFromVersion1To2AsItStands) {
  ASSERT_TRUE(write("mounts/old", R"({"type":"kv"})").ok());
  for (const std::string body : {R"({"n":1})", R"({"n":2})"}) {
    ASSERT_TRUE(vault.call(Operation::update, "old/a/b", body).ok());
  }
  ASSERT_TRUE(write("mounts/old/tune", R"({"options":{"version":"2"}})").ok());
  EXPECT_EQ(text(data(read("mounts/old")), {"options", "version"}), "2");
  const Json there = data(vault.call(Operation::read, "old/data/a/b"));
  EXPECT_EQ(text(there, {"data", "n"}), "2");
  EXPECT_EQ(text(there, {"metadata", "version"}), "2");
  ASSERT_TRUE(vault.call(Operation::update, "old/data/a/b", R"({"data":{"n":3}})").ok());
  EXPECT_EQ(
      text(data(vault.call(Operation::read, "old/data/a/b", R"({"version":"2"})")), {"data", "n"}),
      "2")
      << "and is kept from now on";
  refused(write("mounts/old/tune", R"({"options":{"version":"1"}})"), "version");
}

TEST_F(SysTest, AMoveTakesWhatTheMountHoldsAlong) {
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/a", R"({"data":{"k":"v"}})").ok());
  const Json moved = data(write("remount", R"({"from":"secret/","to":"other/place"})"));
  const std::string id = text(moved, {"migration_id"});
  EXPECT_EQ(text(data(read("remount/status/" + id)), {"migration_info", "status"}), "success");
  EXPECT_EQ(vault.call(Operation::read, "secret/data/a").error().code, ErrorCode::not_found);
  EXPECT_EQ(text(data(vault.call(Operation::read, "other/place/data/a")), {"data", "k"}), "v");
  EXPECT_EQ(read("remount/status/nosuch").error().code, ErrorCode::not_found);
}

/// As releases before 2026-11 kept it: u8 1, from, to.
TEST_F(SysTest, AMoveOfAnOlderReleaseIsStillKnown) {
  Writer row;
  row.u8(1).text("old/").text("new/");
  const auto tx = vault.begin();
  ASSERT_TRUE(tx->write({{.mount = {}, .table = 10}, {}, "of-old"}, as_text(row.view()),
                        envelope::Expect::absent())
                  .ok());
  ASSERT_TRUE(vault.commit(tx->take()));
  const Json status = data(read("remount/status/of-old"));
  EXPECT_EQ(text(status, {"migration_info", "source_mount"}), "old/");
  EXPECT_EQ(text(status, {"migration_info", "target_mount"}), "new/");
}

/// They name each other by their paths.
TEST_F(SysTest, AMoveWarnsWhereItPartsStaticRolesFromTheirSecrets) {
  EXPECT_TRUE(write("remount", R"({"from":"secret","to":"one"})")->warnings.empty());
  const auto tx = vault.begin();
  const auto table = vault.must(vault.open().mounts->table(*tx));
  vault.must(lifecycle::put_rotation(*tx, {.mount = table->at("one/")->mount.uuid,
                                           .path = "app",
                                           .rotator = "database",
                                           .phase = "idle"}));
  ASSERT_TRUE(vault.commit(tx->take()));
  EXPECT_EQ(write("remount", R"({"from":"one","to":"two"})")->warnings.size(), 1U);
  EXPECT_TRUE(write("remount", R"({"from":"plain","to":"other"})")->warnings.empty());
}

TEST_F(SysTest, MovesThatCannotBeAreRefused) {
  refused(write("remount", R"({"from":"nosuch","to":"a"})"), "from");
  refused(write("remount", R"({"from":"secret"})"), "to");
  refused(write("remount", R"({"from":"secret","to":"plain/x"})"), "already in use");
  refused(write("remount", R"({"from":"secret","to":"auth/x"})"), "auth method");
  refused(write("remount", R"({"from":"auth/token","to":"auth/x"})"), "vault's own");
  for (const char* bad : {"a//b", "../x", "sys/x", "a/./b", "%2e"}) {
    EXPECT_FALSE(write("remount", R"({"from":"secret","to":")" + std::string(bad) + "\"}").ok())
        << bad;
  }
}

TEST_F(SysTest, WhatAnUnmountedEngineHeldIsClearedInSteps) {
  for (int i = 0; i < 150; ++i) {
    const std::string path = "secret/data/f" + std::to_string(i % 3) + "/k" + std::to_string(i);
    ASSERT_TRUE(vault.call(Operation::update, path, R"({"data":{"k":"v"}})").ok());
  }
  const Uuid mount = vault.mounts()->at("secret/")->mount.uuid;
  ASSERT_TRUE(remove("mounts/secret").ok());
  EXPECT_EQ(vault.call(Operation::read, "secret/data/f0/k0").error().code, ErrorCode::not_found);
  EXPECT_GT(vault.sweep(), 3U);
  const auto tx = vault.begin();
  for (std::uint16_t table = 1; table <= 4; ++table) {
    for (const char* parent : {"", "f0/", "f1/", "f2/"}) {
      EXPECT_TRUE(TestVault::must(tx->list({mount, table}, parent)).empty()) << table << parent;
    }
  }
  EXPECT_EQ(vault.sweep(), 0U);
  ASSERT_TRUE(write("mounts/secret", kKv2).ok());
  EXPECT_EQ(vault.call(Operation::read, "secret/data/f0/k0").error().code, ErrorCode::not_found);
}

TEST_F(SysTest, DisablingIsRepeatableAndSparesTheVaultsOwn) {
  EXPECT_TRUE(remove("mounts/nosuch").ok());
  refused(remove("mounts/sys"), "vault's own");
  refused(remove("auth/token"), "vault's own");
}

TEST_F(SysTest, AMountThatChangedBehindARequestMakesItRunAgain) {
  core::Staged first = vault.stage(vault.root, Operation::update, "sys/mounts/one", kKv2);
  core::Staged second = vault.stage(vault.root, Operation::update, "sys/mounts/one/below", kKv2);
  EXPECT_TRUE(vault.commit(std::move(first.writes)));
  EXPECT_FALSE(vault.commit(std::move(second.writes))) << "it has not seen the first";
}

TEST_F(SysTest, AWriteToAMountThatIsRemovedMeanwhileIsNotCommitted) {
  const std::string kBody = R"({"data":{"k":"v"}})";
  for (const Operation operation : {Operation::update, Operation::remove}) {
    ASSERT_TRUE(vault.call(Operation::update, "secret/data/a", kBody).ok());
    core::Staged late = vault.stage(vault.root, operation, "secret/data/a", kBody);
    ASSERT_TRUE(late.response.ok());
    ASSERT_TRUE(remove("mounts/secret").ok());
    EXPECT_FALSE(vault.commit(std::move(late.writes))) << "its clearing may be over";
    EXPECT_EQ(vault.call(operation, "secret/data/a", kBody).error().code, ErrorCode::not_found);
    ASSERT_TRUE(write("mounts/secret", kKv2).ok());
  }
}

}  // namespace
}  // namespace coffer::sys
