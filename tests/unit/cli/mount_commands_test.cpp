// secrets, auth and audit: requests, tables, texts.
#include "cli_fixture.h"

namespace coffer::cli {
namespace {

class MountCommands : public CliFixture {};

constexpr const char* kMounts =
    R"({"data":{"sys/":{"type":"system","accessor":"system_1","description":"",
                        "config":{"default_lease_ttl":0,"max_lease_ttl":7200},"options":null},
                "kv/":{"type":"kv","accessor":"kv_1","description":"of the team","uuid":"u",
                       "config":{"default_lease_ttl":0},"options":{"version":"2"}}}})";

TEST_F(MountCommands, EnginesAreListedSorted) {
  vault_.answer("GET /v1/sys/mounts", 200, kMounts);
  EXPECT_EQ(run({"secrets", "list"}).out,
            "Path    Type      Accessor    Description\n"
            "----    ----      --------    -----------\n"
            "kv/     kv        kv_1        of the team\n"
            "sys/    system    system_1    n/a\n");
}

TEST_F(MountCommands, DetailedAddsColumns) {
  vault_.answer("GET /v1/sys/mounts", 200, kMounts);
  const std::string out = run({"secrets", "list", "-detailed"}).out;
  EXPECT_TRUE(contains(out, "Default TTL    Max TTL    Options"));
  EXPECT_TRUE(contains(out, R"(kv        kv_1        system         n/a        {"version":"2"})"));
  EXPECT_TRUE(contains(out, "7200"));
}

TEST_F(MountCommands, OtherFormatsListWhatIsMounted) {
  vault_.answer("GET /v1/sys/mounts", 200, kMounts);
  EXPECT_TRUE(run({"secrets", "list", "-format=json"}).out.starts_with("{\n  \"sys/\": {\n"));
  EXPECT_TRUE(contains(run({"secrets", "list", "-format=yaml"}).out, "type: kv"));
}

TEST_F(MountCommands, NothingMountedIsTwo) {
  for (const char* path : {"/v1/sys/auth", "/v1/sys/audit"}) {
    vault_.answer(std::string("GET ") + path, 200, R"({"data":{}})");
  }
  EXPECT_EQ(run({"auth", "list"}).code, 2);
  EXPECT_EQ(run({"auth", "list"}).err, "No auth methods are enabled.\n");
  EXPECT_EQ(run({"audit", "list"}).err, "No audit devices are enabled.\n");
  EXPECT_EQ(run({"audit", "list", "-format=json"}).out, "{}\n");
}

TEST_F(MountCommands, AnEngineIsEnabled) {
  vault_.answer("POST /v1/sys/mounts/kv-v2", 204, "");
  EXPECT_EQ(run({"secrets", "enable", "kv-v2"}).out,
            "Success! Enabled the kv-v2 secrets engine at: kv-v2/\n");
  EXPECT_EQ(last(), R"(POST /v1/sys/mounts/kv-v2 {"type":"kv-v2"})");
  vault_.answer("POST /v1/sys/mounts/a/b", 204, "");
  EXPECT_EQ(run({"secrets", "enable", "-path=/a/b/", "-version=2", "-description=of us",
                 "-max-lease-ttl=1d", "-options=x=y", "kv"})
                .out,
            "Success! Enabled the kv secrets engine at: a/b/\n");
  EXPECT_EQ(last(),
            "POST /v1/sys/mounts/a/b "
            R"({"options":{"version":"2","x":"y"},"description":"of us",)"
            R"("config":{"max_lease_ttl":"24h0m0s"},"type":"kv"})");
}

TEST_F(MountCommands, AnEngineIsDisabledAndTuned) {
  vault_.answer("DELETE /v1/sys/mounts/kv", 204, "");
  EXPECT_EQ(run({"secrets", "disable", "kv/"}).out,
            "Success! Disabled the secrets engine (if it existed) at: kv/\n");
  vault_.answer("POST /v1/sys/mounts/kv/tune", 204, "");
  EXPECT_EQ(
      run({"secrets", "tune", "-default-lease-ttl=90m", "-audit-non-hmac-request-keys=a,b", "kv"})
          .out,
      "Success! Tuned the secrets engine at: kv/\n");
  EXPECT_EQ(last(),
            "POST /v1/sys/mounts/kv/tune "
            R"({"default_lease_ttl":"1h30m0s","audit_non_hmac_request_keys":["a","b"]})");
  EXPECT_EQ(run({"secrets", "tune", "kv"}).code, 1);
  EXPECT_EQ(run({"secrets", "tune", "-max-lease-ttl=soon", "kv"}).err,
            "invalid value for flag: -max-lease-ttl\nsee: coffer secrets tune -help\n");
}

TEST_F(MountCommands, AuthMethodsGoTheSameWay) {
  vault_.answer("POST /v1/sys/auth/people", 204, "");
  EXPECT_EQ(run({"auth", "enable", "-path=people", "userpass"}).out,
            "Success! Enabled the userpass auth method at: people/\n");
  EXPECT_EQ(last(), R"(POST /v1/sys/auth/people {"type":"userpass"})");
  vault_.answer("DELETE /v1/sys/auth/people", 204, "");
  EXPECT_EQ(run({"auth", "disable", "people"}).out,
            "Success! Disabled the auth method (if it existed) at: people/\n");
  vault_.answer("POST /v1/sys/auth/people/tune", 204, "");
  EXPECT_EQ(run({"auth", "tune", "-token-type=batch", "people"}).code, 0);
  EXPECT_EQ(last(), R"(POST /v1/sys/auth/people/tune {"token_type":"batch"})");
}

TEST_F(MountCommands, HowToLogInIsSaidForTypesAndPaths) {
  EXPECT_TRUE(contains(run({"auth", "help", "unix"}).out, "coffer login -method=unix"));
  EXPECT_TRUE(vault_.requests().empty());
  vault_.answer("GET /v1/sys/auth", 200,
                R"({"data":{"people/":{"type":"userpass"},"ci/":{"type":"jwt"}}})");
  EXPECT_TRUE(contains(run({"auth", "help", "people/"}).out, "-method=userpass username="));
  EXPECT_TRUE(contains(run({"auth", "help", "ci"}).out, "-method=jwt K=V"));
  EXPECT_EQ(run({"auth", "help", "nobody"}).code, 2);
}

TEST_F(MountCommands, AMoveWaitsForItsEnd) {
  vault_.answer("POST /v1/sys/remount", 200, R"({"data":{"migration_id":"m-1"}})");
  vault_.answer("GET /v1/sys/remount/status/m-1", 200,
                R"({"data":{"migration_id":"m-1","migration_info":{"status":"success"}}})");
  EXPECT_EQ(run({"secrets", "move", "kv/", "team/"}).out,
            "Success! Moved secrets engine kv/ to: team/\n");
  EXPECT_EQ(all(), (std::vector<std::string>{R"(POST /v1/sys/remount {"from":"kv","to":"team"})",
                                             "GET /v1/sys/remount/status/m-1"}));
}

TEST_F(MountCommands, AMoveThatFailedIsTwo) {
  vault_.answer("POST /v1/sys/remount", 200, R"({"data":{"migration_id":"m-1"}})");
  vault_.answer("GET /v1/sys/remount/status/m-1", 200,
                R"({"data":{"migration_info":{"status":"failure"}}})");
  EXPECT_EQ(run({"secrets", "move", "kv/", "team/"}).code, 2);
  vault_.answer("GET /v1/sys/remount/status/m-1", 404, R"({"errors":[]})");
  EXPECT_EQ(run({"secrets", "move", "kv/", "team/"}).code, 2);
  vault_.answer("GET /v1/sys/remount/status/m-1", 200,
                R"({"data":{"migration_info":{"status":"in-progress"}}})");
  around_.environment["COFFER_CLIENT_TIMEOUT"] = "10ms";
  EXPECT_EQ(run({"secrets", "move", "kv/", "team/"}).code, 2);
}

TEST_F(MountCommands, AValueIsHashedFromStandardInputToTheLastByte) {
  vault_.answer("PUT /v1/sys/audit-hash/file", 200, R"({"data":{"hash":"hmac-sha256:ab"}})");
  around_.standard_input = "s3cret\n";
  const Outcome piped = run({"audit", "hash", "file", "-"});
  EXPECT_EQ(piped.out, "hmac-sha256:ab\n");
  EXPECT_EQ(piped.err, "");
  EXPECT_EQ(last(), R"(PUT /v1/sys/audit-hash/file {"input":"s3cret\n"})");
  around_.typed = "typed";
  EXPECT_EQ(run({"audit", "hash", "file"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/audit-hash/file {"input":"typed"})");
  const Outcome exposed = run({"audit", "hash", "file", "s3cret"});
  EXPECT_TRUE(contains(exposed.err, "Warning: the input stands on the command line"));
  EXPECT_FALSE(contains(exposed.err, "s3cret"));
}

}  // namespace
}  // namespace coffer::cli
