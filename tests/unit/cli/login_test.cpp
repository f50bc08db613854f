// login: who one is, what is kept, what is shown.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli_fixture.h"

namespace coffer::cli {
namespace {

class Login : public CliFixture {
 protected:
  Login() {
    around_.environment["HOME"] = vault_.directory();
    vault_.answer("GET /v1/auth/token/lookup-self", 200,
                  R"({"request_id":"r","data":{"id":"","accessor":"acc",
                      "display_name":"token","policies":["app","default"],"ttl":3600,
                      "renewable":true,"meta":null}})");
  }
  std::string token_file() const { return vault_.directory() + "/.vault-token"; }
  std::string stored() const {
    std::ifstream file(token_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string sent() const {
    const auto headers = vault_.requests().back().headers;
    const auto found = headers.find("x-vault-token");
    return found == headers.end() ? "" : found->second;
  }
};

TEST_F(Login, ATypedTokenIsLookedUpAndKept) {
  around_.typed = "hvs.mine";
  const Outcome result = run({"login"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(sent(), "hvs.mine");
  EXPECT_EQ(stored(), "hvs.mine");
  EXPECT_TRUE(contains(result.out, "Success! You are now authenticated."));
  EXPECT_TRUE(contains(result.out, "token_policies     [\"app\",\"default\"]\n"));
  EXPECT_FALSE(contains(result.out, "hvs.mine"));
  run({"read", "a"});
  EXPECT_EQ(sent(), "hvs.mine");
}

TEST_F(Login, TheFileIsForItsOwnerAndReplacedInOneStep) {
  std::ofstream(token_file()) << "an older and much longer token";
  ASSERT_EQ(::chmod(token_file().c_str(), 0644), 0);
  around_.standard_input = "  hvs.mine\n";
  EXPECT_EQ(run({"login", "-"}).code, 0);
  EXPECT_EQ(stored(), "hvs.mine");
  struct stat status {};
  ASSERT_EQ(::stat(token_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::error_code error;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(vault_.directory(), error)) {
    files += entry.path().filename().string().starts_with(".vault-token") ? 1U : 0U;
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(Login, WhatCannotBeKeptIsAnErrorAndLeavesNothing) {
  ASSERT_EQ(::mkdir(token_file().c_str(), 0700), 0);
  around_.typed = "hvs.mine";
  const Outcome result = run({"login"});
  EXPECT_EQ(result.code, 1);
  EXPECT_TRUE(contains(result.err, "cannot store the token in " + token_file()));
  EXPECT_FALSE(contains(result.err + result.out, "hvs.mine"));
  EXPECT_FALSE(std::ifstream(token_file() + ".XXXXXX").is_open());
}

TEST_F(Login, ARefusedTokenIsNotKept) {
  vault_.answer("GET /v1/auth/token/lookup-self", 403, R"({"errors":["permission denied"]})");
  around_.typed = "hvs.wrong";
  const Outcome result = run({"login"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(stored(), "");
  EXPECT_FALSE(contains(result.err, "hvs.wrong"));
}

TEST_F(Login, WhatIsNoTokenIsNotSent) {
  for (const char* typed : {"", "  \n", "two words", "a\nb"}) {
    around_.typed = typed;
    EXPECT_EQ(run({"login"}).code, 1);
  }
  EXPECT_EQ(run({"login", "-non-interactive"}).code, 1);
  EXPECT_EQ(run({"login", "a", "b"}).code, 1);
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(Login, ATokenOnTheCommandLineIsWarnedOf) {
  const Outcome bare = run({"login", "hvs.mine"});
  EXPECT_EQ(bare.code, 0);
  EXPECT_TRUE(contains(bare.err, "Warning: the token stands on the command line"));
  const Outcome named = run({"login", "-method=token", "token=hvs.mine"});
  EXPECT_EQ(named.code, 0);
  EXPECT_TRUE(contains(named.err, "Warning: the value of \"token\""));
  EXPECT_FALSE(contains(bare.err + named.err, "hvs.mine"));
}

TEST_F(Login, ItSaysWhenAVariableGoesBeforeTheFile) {
  around_.environment["VAULT_TOKEN"] = "hvs.other";
  around_.typed = "hvs.mine";
  const Outcome result = run({"login"});
  EXPECT_EQ(sent(), "hvs.mine");
  EXPECT_TRUE(contains(result.err, "VAULT_TOKEN is set, and goes before the stored token"));
}

TEST_F(Login, NothingIsKeptOrPrintedUnlessWanted) {
  around_.typed = "hvs.mine";
  const Outcome unstored = run({"login", "-no-store"});
  EXPECT_TRUE(contains(unstored.out, "token              hvs.mine\n"));
  EXPECT_EQ(run({"login", "-token-only"}).out, "hvs.mine");
  EXPECT_EQ(stored(), "");
  EXPECT_EQ(run({"login", "-no-print"}).out, "");
  EXPECT_EQ(stored(), "hvs.mine");
  EXPECT_EQ(run({"login", "-field=token_accessor"}).out, "acc");
  EXPECT_TRUE(contains(run({"login", "-format=json"}).out, "\"client_token\": \"hvs.mine\""));
}

TEST_F(Login, AUserOfTheMachineNeedsNoToken) {
  std::ofstream(token_file()) << "hvs.old";
  const Outcome result = run({"login", "-method=unix"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(stored(), "hvs.old");
  EXPECT_TRUE(contains(result.out, "no token is needed"));
  EXPECT_TRUE(contains(result.err, "the token in " + token_file()));
  EXPECT_EQ(run({"login", "-method=unix", "-token-only"}).code, 1);
}

TEST_F(Login, OtherMethodsAreSentWhatWasGiven) {
  vault_.answer("PUT /v1/auth/people/login/ada", 200,
                R"({"auth":{"client_token":"hvs.ada","accessor":"a","policies":["app"],
                            "lease_duration":0,"renewable":false}})");
  std::ofstream(token_file()) << "hvs.old";
  around_.typed = "pw";
  const Outcome result = run({"login", "-method=userpass", "-path=people/", "username=ada"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/auth/people/login/ada {"password":"pw"})");
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(stored(), "hvs.ada");
  EXPECT_TRUE(contains(result.out, "token_duration     \u221e\n"));
  vault_.answer("PUT /v1/auth/approle/login", 200, R"({"data":{}})");
  EXPECT_EQ(run({"login", "-method=approle", "role_id=r", "secret_id=?"}).code, 2);
  EXPECT_EQ(last(), R"(PUT /v1/auth/approle/login {"role_id":"r","secret_id":"pw"})");
}

}  // namespace
}  // namespace coffer::cli
