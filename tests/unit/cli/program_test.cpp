// What users see: tables, formats, errors with their hints, exit codes.
#include "src/cli/program.h"

#include <gtest/gtest.h>

#include "fake_vault.h"
#include "run_cli.h"

namespace coffer::cli {
namespace {

class Program : public ::testing::Test {
 protected:
  Program() {
    around_.environment["COFFER_ADDR"] = vault_.address();
    for (const char* path : {"secret/app", "secret"}) {
      vault_.answer(std::string("GET /v1/sys/internal/ui/mounts/") + path, 200,
                    R"({"data":{"path":"secret/","options":{"version":"2"}}})");
    }
  }
  void serve_secret() {
    vault_.answer("GET /v1/secret/data/app", 200,
                  R"({"request_id":"r","lease_id":"","renewable":false,"lease_duration":0,
                      "data":{"data":{"user":"app","password":"p w","n":1},
                              "metadata":{"created_time":"2026-01-02T03:04:05Z",
                                          "custom_metadata":null,"deletion_time":"",
                                          "destroyed":false,"version":2}},
                      "warnings":null})");
  }
  Outcome run(const std::vector<std::string>& arguments) { return run_cli(arguments, around_); }

  FakeVault vault_;
  Surroundings around_;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Program, KvGetPrintsThreeBlocks) {
  serve_secret();
  const Outcome result = run({"kv", "get", "secret/app"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out,
            "== Secret Path ==\n"
            "secret/data/app\n"
            "\n"
            "======= Metadata =======\n"
            "Key                Value\n"
            "---                -----\n"
            "created_time       2026-01-02T03:04:05Z\n"
            "custom_metadata    <nil>\n"
            "deletion_time      n/a\n"
            "destroyed          false\n"
            "version            2\n"
            "\n"
            "====== Data ======\n"
            "Key         Value\n"
            "---         -----\n"
            "n           1\n"
            "password    p w\n"
            "user        app\n");
}

TEST_F(Program, AFieldIsPrintedAloneWithoutANewlineForPrograms) {
  serve_secret();
  EXPECT_EQ(run({"kv", "get", "-field=password", "secret/app"}).out, "p w");
  EXPECT_EQ(run({"kv", "get", "-field=n", "-format=json", "secret/app"}).out, "1");
  EXPECT_EQ(run({"kv", "get", "-field=data", "secret/app"}).out,
            R"({"user":"app","password":"p w","n":1})");
  around_.terminal = true;
  EXPECT_EQ(run({"kv", "get", "-field=password", "secret/app"}).out, "p w\n");
}

TEST_F(Program, AFieldThatIsNotThereIsALocalError) {
  serve_secret();
  const Outcome result = run({"kv", "get", "-field=nope", "secret/app"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "Field \"nope\" not present in secret\n");
}

TEST_F(Program, JsonIsTheWholeEnvelope) {
  serve_secret();
  const Outcome result = run({"kv", "get", "secret/app", "-format=json"});
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(result.out.starts_with("{\n  \"request_id\": \"r\",\n")) << result.out;
  EXPECT_TRUE(contains(result.out, "    \"data\": {\n      \"user\": \"app\","));
  EXPECT_TRUE(contains(result.out, "\"warnings\": null\n}\n"));
}

TEST_F(Program, ADeletedVersionShowsItsMetadataAndIsNotFound) {
  vault_.answer("GET /v1/secret/data/app", 404,
                R"({"data":{"data":null,"metadata":{"deletion_time":"2026-01-02T03:04:05Z",
                    "version":2}}})");
  const Outcome result = run({"kv", "get", "secret/app"});
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(contains(result.out, "deletion_time    2026-01-02T03:04:05Z"));
  EXPECT_FALSE(contains(result.out, " Data "));
  EXPECT_EQ(run({"kv", "get", "-format=json", "secret/app"}).code, 2);
  const Outcome field = run({"kv", "get", "-field=x", "secret/app"});
  EXPECT_EQ(field.code, 2);
  EXPECT_EQ(field.err, "No data found at secret/data/app\n");
}

TEST_F(Program, NothingThereIsSaidAndIsTwo) {
  for (const char* format : {"-format=table", "-format=json"}) {
    const Outcome get = run({"kv", "get", format, "secret/app"});
    EXPECT_EQ(get.code, 2);
    EXPECT_EQ(get.out, "");
    EXPECT_EQ(get.err, "No value found at secret/data/app\n");
  }
  EXPECT_EQ(run({"read", "a/b"}).err, "No value found at a/b\n");
  EXPECT_EQ(run({"read", "a/b"}).code, 2);
}

TEST_F(Program, KvPutPrintsTheNewVersion) {
  vault_.answer("PUT /v1/secret/data/app", 200, R"({"data":{"version":3,"deletion_time":""}})");
  const Outcome result = run({"kv", "put", "secret/app", "user=u"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "== Secret Path ==\n"
            "secret/data/app\n"
            "\n"
            "====== Metadata ======\n"
            "Key              Value\n"
            "---              -----\n"
            "deletion_time    n/a\n"
            "version          3\n");
  EXPECT_EQ(run({"kv", "put", "-field=version", "secret/app", "user=u"}).out, "3");
}

TEST_F(Program, ASecretOnTheCommandLineIsWarnedOfAndStillWritten) {
  vault_.answer("PUT /v1/secret/data/app", 200, R"({"data":{"version":3}})");
  const Outcome result = run({"kv", "put", "secret/app", "password=hunter2"});
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(
      contains(result.err, "Warning: the value of \"password\" stands on the command line"));
  EXPECT_FALSE(contains(result.err, "hunter2"));
  EXPECT_EQ(run({"kv", "put", "secret/app", "user=u"}).err, "");
}

TEST_F(Program, AValueIsAskedForUnlessThatIsForbidden) {
  vault_.answer("PUT /v1/secret/data/app", 200, R"({"data":{"version":3}})");
  around_.typed = "typed";
  EXPECT_EQ(run({"kv", "put", "secret/app", "password=?"}).code, 0);
  EXPECT_TRUE(contains(vault_.requests().back().body, R"("password":"typed")"));
  const std::size_t before = vault_.requests().size();
  EXPECT_EQ(run({"kv", "put", "-non-interactive", "secret/app", "password=?"}).code, 1);
  EXPECT_EQ(vault_.requests().size(), before);
}

TEST_F(Program, ADetailedListHasWhatIsSaidOfItsKeys) {
  vault_.answer("GET /v1/ssh/roles?list=true", 200,
                R"({"data":{"keys":["b","a","c"],"key_info":{
                    "a":{"bytes":12,"created":"2026-01-02"},
                    "b":{"error":"torn","created":null,"of":["x"]}}}})");
  EXPECT_EQ(run({"list", "-detailed", "ssh/roles"}).out,
            "Keys    bytes    created       error    of\n"
            "----    -----    -------       -----    --\n"
            "b       n/a      n/a           torn     [\"x\"]\n"
            "a       12       2026-01-02    n/a      n/a\n"
            "c       n/a      n/a           n/a      n/a\n");
  EXPECT_EQ(run({"list", "ssh/roles"}).out, "Keys\n----\nb\na\nc\n");
  vault_.answer("GET /v1/ssh/roles?list=true", 200, R"({"data":{"keys":["a"]}})");
  EXPECT_EQ(run({"list", "-detailed", "ssh/roles"}).out, "Keys\n----\na\n");
}

TEST_F(Program, ListsAreAColumnOrABareArray) {
  vault_.answer("GET /v1/secret/metadata?list=true", 200, R"({"data":{"keys":["a","b/"]}})");
  EXPECT_EQ(run({"kv", "list", "secret"}).out, "Keys\n----\na\nb/\n");
  EXPECT_EQ(run({"kv", "list", "-format=json", "secret"}).out, "[\n  \"a\",\n  \"b/\"\n]\n");
  EXPECT_EQ(run({"list", "-format=yaml", "secret/metadata"}).out, "- a\n- b/\n");
}

TEST_F(Program, AnEmptyListIsTwoAndStillJson) {
  const Outcome table = run({"list", "secret/metadata/none"});
  EXPECT_EQ(table.code, 2);
  EXPECT_EQ(table.err, "No value found at secret/metadata/none\n");
  const Outcome json = run({"list", "-format=json", "secret/metadata/none"});
  EXPECT_EQ(json.code, 2);
  EXPECT_EQ(json.out, "{}\n");
  EXPECT_EQ(json.err, "");
}

TEST_F(Program, WritesAndDeletesSaySuccessInTablesOnly) {
  vault_.answer("PUT /v1/a/b", 204, "");
  vault_.answer("DELETE /v1/a/b", 204, "");
  EXPECT_EQ(run({"write", "a/b", "k=v"}).out, "Success! Data written to: a/b\n");
  EXPECT_EQ(run({"delete", "a/b"}).out, "Success! Data deleted (if it existed) at: a/b\n");
  EXPECT_EQ(run({"write", "-format=json", "a/b", "k=v"}).out, "");
  EXPECT_EQ(run({"write", "-format=json", "a/b", "k=v"}).code, 0);
  EXPECT_EQ(run({"write", "a/b"}).code, 1);
}

TEST_F(Program, RawIsTheBodyAndForReadAlone) {
  vault_.answer("GET /v1/pki/ca/pem", 200, "-----BEGIN\n");
  EXPECT_EQ(run({"read", "-format=raw", "pki/ca/pem"}).out, "-----BEGIN\n");
  EXPECT_EQ(run({"read", "pki/ca/pem"}).code, 2);
  EXPECT_EQ(run({"list", "-format=raw", "x"}).code, 1);
}

TEST_F(Program, WarningsOfTheDaemonGoToStandardError) {
  vault_.answer("GET /v1/a", 200, R"({"data":{"k":"v"},"warnings":["mind the gap"]})");
  const Outcome result = run({"read", "a"});
  EXPECT_EQ(result.out, "Key    Value\n---    -----\nk      v\n");
  EXPECT_EQ(result.err, "Warning: mind the gap\n");
  EXPECT_EQ(run({"read", "-format=json", "a"}).err, "");
}

TEST_F(Program, StatusTellsByItsExitCode) {
  vault_.answer("GET /v1/sys/seal-status", 200,
                R"({"type":"pkcs11","initialized":true,"sealed":false,"t":0,"n":0,"version":"1",
                    "token_state":"degraded"})");
  vault_.answer("GET /v1/sys/leader", 200, R"({"ha_enabled":false})");
  const Outcome open = run({"status"});
  EXPECT_EQ(open.code, 0);
  EXPECT_EQ(open.out,
            "Key             Value\n"
            "---             -----\n"
            "Seal Type       pkcs11\n"
            "Initialized     true\n"
            "Sealed          false\n"
            "Token State     degraded\n"
            "Total Shares    0\n"
            "Threshold       0\n"
            "Version         1\n"
            "HA Enabled      false\n");
  vault_.answer("GET /v1/sys/seal-status", 200, R"({"sealed":true,"progress":1})");
  EXPECT_EQ(run({"status"}).code, 2);
  EXPECT_EQ(run({"status", "-format=json"}).code, 2);
  vault_.answer("GET /v1/sys/seal-status", 500, R"({"errors":["x"]})");
  EXPECT_EQ(run({"status"}).code, 1);
  vault_.answer("GET /v1/sys/seal-status", 200, R"({"hello":1})");
  EXPECT_EQ(run({"status"}).code, 1);
}

TEST_F(Program, ARefusalSaysWhoWasAsked) {
  vault_.answer("GET /v1/a", 403,
                "{\"errors\":[\"1 error occurred:\\n\\t* permission denied\\n\\n\"]}");
  const Outcome nobody = run({"read", "a"});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_TRUE(contains(nobody.err, "Error reading a: 403 was the answer to GET /v1/a"));
  EXPECT_TRUE(contains(nobody.err, "permission denied"));
  EXPECT_TRUE(contains(nobody.err, "no token was sent, so the user id "));
  around_.environment["VAULT_TOKEN"] = "hvs.s3cret";
  const Outcome token = run({"read", "a"});
  EXPECT_TRUE(contains(token.err, "the token came from VAULT_TOKEN"));
  EXPECT_FALSE(contains(token.err, "s3cret"));
}

TEST_F(Program, ASealedVaultIsAHintToStatus) {
  vault_.answer("GET /v1/a", 503, R"({"errors":["Vault is sealed"]})");
  const Outcome result = run({"read", "a"});
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(contains(result.err, "see: coffer status"));
}

TEST_F(Program, ANotFoundWithAReasonGivesTheReason) {
  vault_.answer("GET /v1/a", 404, R"({"errors":["no handler for route"]})");
  EXPECT_TRUE(contains(run({"read", "a"}).err, "no handler for route"));
}

TEST_F(Program, NobodyAtTheSocketIsRemoteWithAHint) {
  around_.environment["COFFER_ADDR"] = "unix://" + vault_.directory() + "/nobody.sock";
  const Outcome result = run({"kv", "get", "secret/app"});
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(contains(result.err, "No such file or directory"));
  EXPECT_TRUE(contains(result.err, "is cofferd running?"));
  EXPECT_EQ(run({"status"}).code, 1);
}

TEST_F(Program, ADaemonThatHangsUpLeavesTheOutcomeUnknown) {
  vault_.hang_up("PUT /v1/a");
  const Outcome result = run({"write", "a", "k=v"});
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(contains(result.err, "whether the request was carried out is not known"));
}

TEST_F(Program, AnswersThatAreNoJsonAreNotQuoted) {
  vault_.answer("GET /v1/a", 200, "<html>s3cret</html>");
  const Outcome result = run({"read", "a"});
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(contains(result.err, "is it a vault that listens at"));
  EXPECT_FALSE(contains(result.err, "s3cret"));
}

TEST_F(Program, AStoredValueDoesNotDriveTheTerminal) {
  vault_.answer("GET /v1/a", 200, R"({"data":{"k":"\u001b]0;x\u0007"}})");
  vault_.answer("GET /v1/b", 400, R"({"errors":["\u001b[2J"]})");
  around_.terminal = true;
  EXPECT_TRUE(contains(run({"read", "a"}).out, "\\x1b]0;x\\x07"));
  EXPECT_TRUE(contains(run({"read", "b"}).err, "\\x1b[2J"));
  EXPECT_TRUE(contains(run({"read", "b"}).err, "\033[31m"));  // ours, the color
}

TEST_F(Program, FlagsInTheWrongPlaceAreWarnedOfInTables) {
  vault_.answer("PUT /v1/a", 204, "");
  const Outcome table = run({"write", "a", "k=v", "-field=s3cret=1"});
  EXPECT_TRUE(contains(table.err, "flags must come before the other arguments"));
  EXPECT_TRUE(contains(table.err, ": -field"));
  EXPECT_FALSE(contains(table.err, "s3cret"));
  EXPECT_FALSE(contains(run({"write", "-format=json", "a", "k=v", "-field=x"}).err, "flags must"));
}

TEST_F(Program, ArgumentsAreCounted) {
  const Outcome none = run({"kv", "get"});
  EXPECT_EQ(none.code, 1);
  EXPECT_EQ(none.err, "Not enough arguments (expected 1, got 0)\nsee: coffer kv get -help\n");
  EXPECT_TRUE(contains(run({"kv", "get", "a", "b"}).err, "Too many arguments (expected 1, got 2)"));
  EXPECT_EQ(run({"kv", "put", "a"}).code, 1);
}

TEST_F(Program, UnknownCommandsAre127AndShowWhatThereIs) {
  const Outcome unknown = run({"kv", "gett", "s3cret"});
  EXPECT_EQ(unknown.code, 127);
  EXPECT_TRUE(unknown.err.starts_with("Unknown command: kv gett\n"));
  EXPECT_TRUE(contains(unknown.err, "Usage: coffer kv <subcommand>"));
  EXPECT_FALSE(contains(unknown.err, "s3cret"));
  EXPECT_EQ(run({}).code, 127);
  EXPECT_EQ(run({"kv"}).code, 127);
  EXPECT_EQ(run({"nonsense"}).code, 127);
  EXPECT_EQ(run({"-address=x", "status"}).code, 127);
}

TEST_F(Program, HelpThatWasAskedForIsASuccess) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"help"},
                                                    {"-h"},
                                                    {"--help"},
                                                    {"help", "kv"},
                                                    {"kv", "-help"},
                                                    {"help", "kv", "get"},
                                                    {"kv", "get", "secret/x", "-h"}}) {
    const Outcome result = run(arguments);
    EXPECT_EQ(result.code, 0);
    EXPECT_TRUE(contains(result.out, "Usage: coffer"));
    EXPECT_EQ(result.err, "");
  }
  EXPECT_TRUE(contains(run({"help"}).out, "Common commands:"));
  EXPECT_TRUE(contains(run({"kv", "get", "-h"}).out, "-version=<number>"));
  EXPECT_EQ(run({"help", "nonsense"}).code, 127);
}

TEST_F(Program, TheVersionNeedsNoDaemonAndNoSettings) {
  around_.environment["COFFER_ADDR"] = "nonsense";
  for (const char* word : {"version", "-v", "-version", "--version"}) {
    const Outcome result = run({word});
    EXPECT_EQ(result.code, 0);
    EXPECT_TRUE(result.out.starts_with("Coffer v"));
  }
}

TEST_F(Program, PrintTokenPrintsWhatWouldBeSent) {
  EXPECT_EQ(run({"print", "token"}).code, 1);
  around_.environment["BAO_TOKEN"] = "hvs.abc";
  EXPECT_EQ(run({"print", "token"}).out, "hvs.abc\n");
}

}  // namespace
}  // namespace coffer::cli
