// operator, path-help, patch, and what a refusal tells.
#include <fstream>

#include "cli_fixture.h"

namespace coffer::cli {
namespace {

class OperatorCommands : public CliFixture {};

constexpr const char* kStatus =
    R"({"type":"pkcs11","initialized":true,"sealed":false,"t":0,"n":0,"version":"1"})";

TEST_F(OperatorCommands, InitPrintsTheRootTokenAndWhereTheKeysAre) {
  vault_.answer("PUT /v1/sys/init", 200, R"({"keys":[],"keys_base64":[],"root_token":"hvs.root"})");
  const Outcome result = run({"operator", "init", "-no-recovery"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/init {"no_recovery":true})");
  EXPECT_TRUE(result.out.starts_with("Initial Root Token: hvs.root\n"));
  EXPECT_TRUE(contains(result.out, "the keys are on the vault's PKCS#11 token"));
  EXPECT_EQ(run({"operator", "init", "-no-recovery", "-field=root_token"}).out, "hvs.root");
  EXPECT_TRUE(contains(run({"operator", "init", "-no-recovery", "-format=json"}).out,
                       "\"root_token\": \"hvs.root\""));
}

TEST_F(OperatorCommands, InitTakesAPinAndKeysThatAreThere) {
  vault_.answer("PUT /v1/sys/init", 200, R"({"root_token":"hvs.root"})");
  around_.standard_input = "1234\n";
  EXPECT_EQ(run({"operator", "init", "-no-recovery", "-adopt=v-1", "-"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/init {"adopt":"v-1","no_recovery":true,"pin":"1234"})");
  EXPECT_EQ(run({"operator", "init", "-no-recovery", "99887"}).code, 1);
}

TEST_F(OperatorCommands, InitAsksWhatIsToHappenOnceTheTokenIsLost) {
  const Outcome neither = run({"operator", "init"});
  EXPECT_EQ(neither.code, 1);
  EXPECT_TRUE(contains(neither.err, "-recovery-token=FILE and -no-recovery"));
  const std::string file = vault_.directory() + "/second.json";
  EXPECT_EQ(run({"operator", "init", "-recovery-token=" + file}).code, 1) << "no such file";
  std::ofstream(file) << R"({"vault":"v-1","serial":"2"})";
  EXPECT_EQ(run({"operator", "init", "-no-recovery", "-recovery-token=" + file}).code, 1);
  vault_.answer("PUT /v1/sys/init", 200, R"({"root_token":"hvs.root"})");
  const Outcome second = run({"operator", "init", "-recovery-token=" + file});
  EXPECT_EQ(second.code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/init {"recovery_token":{"vault":"v-1","serial":"2"}})");
  EXPECT_TRUE(contains(second.out, "The second token opens the vault"));
}

constexpr const char* kRotation = R"({"data":{"phase":"rewrapping","done":1,"total":2,"versions":[)"
                                  R"({"serial":"s","version":1,"current":false,"references":1},)"
                                  R"({"serial":"s","version":2,"current":true,"references":1}]}})";

TEST_F(OperatorCommands, RotateKeyMakesANewVersionAndTellsItsTerm) {
  vault_.answer("POST /v1/sys/rotate", 204, "");
  vault_.answer("GET /v1/sys/key-status", 200,
                R"({"data":{"term":2,"install_time":"2026-01-01T00:00:00Z","encryptions":7}})");
  for (const std::string words : {"rotate-key", "rotate"}) {
    const Outcome done = run({"operator", words});
    EXPECT_EQ(done.code, 0);
    EXPECT_TRUE(contains(done.out, "Key Term            2")) << done.out;
  }
  vault_.answer("POST /v1/sys/rotate/keyring/audit", 200, R"({"data":{"version":3}})");
  EXPECT_EQ(run({"operator", "rotate-key", "-key=audit", "-field=version"}).out, "3");
}

TEST_F(OperatorCommands, RotateKeyShowsHowFarItIs) {
  vault_.answer("GET /v1/sys/rotate/status", 200, kRotation);
  const Outcome shown = run({"operator", "rotate-key", "-status"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_TRUE(shown.out.starts_with("rewrapping  [###############...............]  1 of 2\n"))
      << shown.out;
  EXPECT_TRUE(contains(shown.out, "current"));
  vault_.answer("GET /v1/sys/rotate/status", 200,
                R"({"data":{"phase":"done","done":2,"total":2,"versions":[]}})");
  const Outcome watched = run({"operator", "rotate-key", "-watch"});
  EXPECT_EQ(watched.out, "done  [##############################]  2 of 2\n");
}

TEST_F(OperatorCommands, VerifyAddsUpAndFailsForDamage) {
  vault_.answer("POST /v1/sys/rotate/verify", 200,
                R"({"data":{"opened":4,"damaged":0,"damaged_rows":0,"after":"aa","done":true}})");
  EXPECT_EQ(run({"operator", "rotate-key", "-verify"}).out,
            "Success! Opened 4 secrets, each by the token\n");
  vault_.answer("POST /v1/sys/rotate/verify", 200,
                R"({"data":{"opened":3,"damaged":1,"damaged_rows":0,"after":"aa","done":true}})");
  const Outcome damaged = run({"operator", "rotate-key", "-verify"});
  EXPECT_EQ(damaged.code, 2);
  EXPECT_TRUE(contains(damaged.err, "1 are damaged"));
}

TEST_F(OperatorCommands, RetiresAVersionAndTokens) {
  vault_.answer("POST /v1/sys/rotate/retire", 204, "");
  EXPECT_EQ(run({"operator", "rotate-key", "-retire=1"}).code, 0);
  EXPECT_EQ(last(), R"(POST /v1/sys/rotate/retire {"version":1})");
  vault_.answer("DELETE /v1/sys/token-enrolments/abc", 204, "");
  EXPECT_EQ(run({"operator", "token", "retire", "abc"}).code, 0);
}

TEST_F(OperatorCommands, EnrollsAndListsTokens) {
  const std::string file = vault_.directory() + "/second.json";
  EXPECT_EQ(run({"operator", "token", "enroll", file}).code, 1);
  std::ofstream(file) << R"({"serial":"2"})";
  vault_.answer("POST /v1/sys/token-enrolments", 200, R"({"data":{"id":"abc"}})");
  EXPECT_EQ(run({"operator", "token", "enroll", "-field=id", file}).out, "abc");
  EXPECT_EQ(last(), R"(POST /v1/sys/token-enrolments {"serial":"2"})");
  vault_.answer(
      "LIST /v1/sys/token-enrolments", 200,
      R"({"data":{"keys":["abc"],"key_info":{"abc":{"serial":"2","label":"safe","alone":0}}}})");
  const Outcome listed = run({"operator", "token", "list"});
  EXPECT_TRUE(contains(listed.out, "safe")) << listed.out;
}

// A curl command has its data as an argument, which every user of the machine can read.
TEST_F(OperatorCommands, WhatDidNotStandOnTheCommandLineIsNotPutOnOne) {
  vault_.answer("GET /v1/secret/data/app", 200,
                R"({"data":{"data":{"pw":"s3cret"},"metadata":{"version":3}}})");
  vault_.answer("GET /v1/secret/data/app?version=1", 200,
                R"({"data":{"data":{"pw":"s3cret"},"metadata":{"version":1}}})");
  around_.standard_input = "s3cret";
  around_.typed = "s3cret";
  const std::string file = vault_.directory() + "/pw";
  std::ofstream(file) << "s3cret";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"write", "a", "pw=?"},
                                             {"write", "a", "pw=-"},
                                             {"write", "a", "pw=@" + file},
                                             {"operator", "unseal", "-pin"},
                                             {"operator", "unseal", "-"},
                                             {"token", "lookup", "-"},
                                             {"token", "revoke", "s3cret"},
                                             {"audit", "hash", "file"},
                                             {"login", "-method=userpass", "username=ada"},
                                             {"kv", "patch", "-method=rw", "secret/app", "a=b"},
                                             {"kv", "rollback", "-version=1", "secret/app"}}) {
    std::vector<std::string> arguments = words;
    arguments.insert(arguments.begin() + 2, "-output-curl-string");
    if (words[0] == "write" || words[0] == "login") {
      arguments = words;
      arguments.insert(arguments.begin() + 1, "-output-curl-string");
    }
    const Outcome result = run(arguments);
    EXPECT_EQ(result.code, 0) << words[1];
    EXPECT_TRUE(contains(result.out, " --data-binary @- ")) << result.out;
    EXPECT_FALSE(contains(result.out + result.err, "s3cret")) << words[1];
  }
}

TEST_F(OperatorCommands, InitStatusIsAnExitCode) {
  vault_.answer("GET /v1/sys/init", 200, R"({"initialized":true})");
  EXPECT_EQ(run({"operator", "init", "-status"}).code, 0);
  vault_.answer("GET /v1/sys/init", 200, R"({"initialized":false})");
  EXPECT_EQ(run({"operator", "init", "-status"}).code, 2);
  vault_.answer("GET /v1/sys/init", 500, R"({"errors":["x"]})");
  EXPECT_EQ(run({"operator", "init", "-status"}).code, 1);
}

TEST_F(OperatorCommands, UnsealNeedsNoKey) {
  vault_.answer("PUT /v1/sys/unseal", 200, kStatus);
  const Outcome result = run({"operator", "unseal"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(last(), "PUT /v1/sys/unseal {}");
  EXPECT_TRUE(contains(result.out, "Sealed          false\n"));
}

TEST_F(OperatorCommands, APinIsAskedForOrPipedNeverAnArgument) {
  vault_.answer("PUT /v1/sys/unseal", 200, kStatus);
  around_.typed = "1234";
  EXPECT_EQ(run({"operator", "unseal", "-pin"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/unseal {"key":"1234"})");
  around_.standard_input = "5678\n";
  EXPECT_EQ(run({"operator", "unseal", "-"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/unseal {"key":"5678"})");
  const std::size_t before = vault_.requests().size();
  const Outcome exposed = run({"operator", "unseal", "99887"});
  EXPECT_EQ(exposed.code, 1);
  EXPECT_FALSE(contains(exposed.err, "99887"));
  EXPECT_EQ(run({"operator", "unseal", "-pin", "-non-interactive"}).code, 1);
  around_.standard_input = "\n";
  EXPECT_EQ(run({"operator", "unseal", "-"}).code, 1);
  EXPECT_EQ(vault_.requests().size(), before);
}

TEST_F(OperatorCommands, SealSaysSo) {
  vault_.answer("PUT /v1/sys/seal", 204, "");
  EXPECT_EQ(run({"operator", "seal"}).out, "Success! Vault is sealed.\n");
  EXPECT_EQ(last(), "PUT /v1/sys/seal");
}

TEST_F(OperatorCommands, PathHelpIsText) {
  vault_.answer("GET /v1/sys/mounts?help=1", 200, R"({"help":"## DESCRIPTION\n\nx"})");
  EXPECT_EQ(run({"path-help", "sys/mounts"}).out, "## DESCRIPTION\n\nx\n");
  EXPECT_TRUE(contains(run({"path-help", "-format=json", "sys/mounts"}).out, "\"help\": "));
  EXPECT_EQ(run({"path-help", "nothing"}).code, 2);
}

TEST_F(OperatorCommands, PatchIsAMergePatch) {
  vault_.answer("PATCH /v1/a/b", 204, "");
  EXPECT_EQ(run({"patch", "a/b", "k=v"}).out, "Success! Data written to: a/b\n");
  EXPECT_EQ(last(), R"(PATCH /v1/a/b {"k":"v"})");
  EXPECT_EQ(vault_.requests().back().headers.at("content-type"), "application/merge-patch+json");
  EXPECT_EQ(run({"patch", "a/b"}).code, 1);
  EXPECT_TRUE(contains(run({"patch", "-output-curl-string", "a/b", "k=v"}).out,
                       "-X PATCH -H 'X-Vault-Request: true' "
                       "-H 'Content-Type: application/merge-patch+json' -d"));
  EXPECT_EQ(run({"patch", "-output-policy", "a/b", "k=v"}).out,
            "path \"a/b\" {\n  capabilities = [\"patch\"]\n}\n");
}

TEST_F(OperatorCommands, ARefusalTellsHowToFindOutWhy) {
  vault_.answer("GET /v1/a", 403, R"({"errors":["permission denied"],"decision_id":"d3-4f"})");
  EXPECT_TRUE(
      contains(run({"read", "a"}).err, "\ndecision ID: coffer policy why -decision=d3-4f\n"));
  for (const char* odd : {"a b", "$(x)", "-x", ""}) {
    vault_.answer("GET /v1/a", 403,
                  std::string(R"({"errors":["permission denied"],"decision_id":")") + odd + "\"}");
    EXPECT_FALSE(contains(run({"read", "a"}).err, "decision ID")) << odd;
  }
}

TEST_F(OperatorCommands, APolicyThatIsShownAsksForSudoWhereThatIsNeeded) {
  EXPECT_TRUE(contains(run({"operator", "seal", "-output-policy"}).out,
                       R"(capabilities = ["create", "update", "sudo"])"));
  EXPECT_TRUE(contains(run({"auth", "enable", "-output-policy", "userpass"}).out, "sudo"));
  EXPECT_TRUE(contains(run({"audit", "list", "-output-policy"}).out, R"(["read", "sudo"])"));
  EXPECT_FALSE(contains(run({"read", "-output-policy", "sys/sealed"}).out, "sudo"));
  EXPECT_TRUE(contains(run({"read", "-output-policy", "a\"b\\"}).out, R"(path "a\"b\\" {)"));
}

TEST_F(OperatorCommands, AnAnswerWithoutAnEnvelopeIsReadAtItsTop) {
  vault_.answer("GET /v1/sys/health", 200, R"({"sealed":false,"errors":["full"]})");
  EXPECT_TRUE(contains(run({"read", "sys/health"}).out, "sealed    false"));
  EXPECT_EQ(run({"read", "-field=sealed", "sys/health"}).out, "false");
  EXPECT_EQ(run({"read", "-field=none", "sys/health"}).code, 1);
}

}  // namespace
}  // namespace coffer::cli
