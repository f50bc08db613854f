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
  const Outcome result = run({"operator", "init"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(last(), "PUT /v1/sys/init {}");
  EXPECT_TRUE(result.out.starts_with("Initial Root Token: hvs.root\n"));
  EXPECT_TRUE(contains(result.out, "the keys are on the vault's PKCS#11 token"));
  EXPECT_EQ(run({"operator", "init", "-field=root_token"}).out, "hvs.root");
  EXPECT_TRUE(
      contains(run({"operator", "init", "-format=json"}).out, "\"root_token\": \"hvs.root\""));
}

TEST_F(OperatorCommands, InitTakesAPinAndKeysThatAreThere) {
  vault_.answer("PUT /v1/sys/init", 200, R"({"root_token":"hvs.root"})");
  around_.standard_input = "1234\n";
  EXPECT_EQ(run({"operator", "init", "-adopt=v-1", "-"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/init {"adopt":"v-1","pin":"1234"})");
  EXPECT_EQ(run({"operator", "init", "99887"}).code, 1);
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

}  // namespace
}  // namespace coffer::cli
