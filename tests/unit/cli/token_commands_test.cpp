// token: requests, what is shown, what isn't.
#include "cli_fixture.h"

namespace coffer::cli {
namespace {

class TokenCommands : public CliFixture {};

constexpr const char* kMade =
    R"({"auth":{"client_token":"hvs.new","accessor":"acc","policies":["app"],
                "token_policies":["app"],"lease_duration":3600,"renewable":true}})";

TEST_F(TokenCommands, ATokenIsMadeWithWhatWasAskedFor) {
  vault_.answer("POST /v1/auth/token/create", 200, kMade);
  const Outcome made =
      run({"token", "create", "-policy=app", "-policy=b,c", "-ttl=1h", "-explicit-max-ttl=2d",
           "-period=90", "-use-limit=3", "-metadata=owner=web", "-display-name=n", "-orphan",
           "-no-default-policy", "-renewable=false", "-type=batch"});
  EXPECT_EQ(made.code, 0);
  EXPECT_EQ(last(),
            "POST /v1/auth/token/create "
            R"({"policies":["app","b","c"],"ttl":"1h0m0s","explicit_max_ttl":"48h0m0s",)"
            R"("period":"1m30s","num_uses":3,"meta":{"owner":"web"},"display_name":"n",)"
            R"("no_parent":true,"no_default_policy":true,"renewable":false,)"
            R"("type":"batch"})");
  EXPECT_TRUE(contains(made.out, "token              hvs.new\n"));
  EXPECT_TRUE(contains(made.out, "token_duration     1h\n"));
}

TEST_F(TokenCommands, WithoutFlagsTheDefaultsAreSentAsVaultsClientsDo) {
  vault_.answer("POST /v1/auth/token/create", 200, kMade);
  EXPECT_EQ(run({"token", "create", "-field=token"}).out, "hvs.new");
  EXPECT_EQ(last(), R"(POST /v1/auth/token/create )"
                    R"({"display_name":"","num_uses":0,"renewable":true,"type":"service"})");
  run({"token", "create", "-role=ci"});
  EXPECT_TRUE(last().starts_with("POST /v1/auth/token/create/ci {"));
}

TEST_F(TokenCommands, WrongDurationsAndNotesAreNotSent) {
  EXPECT_EQ(run({"token", "create", "-ttl=long"}).code, 1);
  EXPECT_EQ(run({"token", "create", "-metadata=novalue"}).err,
            "invalid -metadata: want NAME=VALUE\n");
  EXPECT_EQ(run({"token", "create", "stray"}).code, 1);
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(TokenCommands, ATokenIsLookedUpByItselfByAccessorOrByValue) {
  vault_.answer("GET /v1/auth/token/lookup-self", 200, R"({"data":{"accessor":"me"}})");
  EXPECT_EQ(run({"token", "lookup", "-field=accessor"}).out, "me");
  vault_.answer("POST /v1/auth/token/lookup-accessor", 200, R"({"data":{"accessor":"acc"}})");
  EXPECT_EQ(run({"token", "lookup", "-accessor", "acc"}).code, 0);
  EXPECT_EQ(last(), R"(POST /v1/auth/token/lookup-accessor {"accessor":"acc"})");
  vault_.answer("POST /v1/auth/token/lookup", 200, R"({"data":{"accessor":"acc"}})");
  around_.standard_input = "hvs.piped\n";
  const Outcome piped = run({"token", "lookup", "-"});
  EXPECT_EQ(last(), R"(POST /v1/auth/token/lookup {"token":"hvs.piped"})");
  EXPECT_EQ(piped.err, "");
}

TEST_F(TokenCommands, ATokenOnTheCommandLineIsWarnedOfAndNotShown) {
  vault_.answer("POST /v1/auth/token/lookup", 200, R"({"data":{"accessor":"acc"}})");
  const Outcome result = run({"token", "lookup", "hvs.argv"});
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(contains(result.err, "Warning: the token stands on the command line"));
  EXPECT_FALSE(contains(result.err, "hvs.argv"));
}

TEST_F(TokenCommands, ATokenIsRenewed) {
  vault_.answer("PUT /v1/auth/token/renew-self", 200, kMade);
  EXPECT_EQ(run({"token", "renew", "-increment=1h"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/auth/token/renew-self {"increment":"1h0m0s"})");
  vault_.answer("POST /v1/auth/token/renew-accessor", 200, kMade);
  EXPECT_EQ(run({"token", "renew", "-accessor", "acc"}).code, 0);
  EXPECT_EQ(last(), R"(POST /v1/auth/token/renew-accessor {"accessor":"acc"})");
  around_.standard_input = "hvs.t";
  run({"token", "renew", "-"});
  EXPECT_EQ(last(), R"(PUT /v1/auth/token/renew {"token":"hvs.t"})");
}

TEST_F(TokenCommands, ATokenIsRevoked) {
  around_.standard_input = "hvs.t";
  for (const char* path :
       {"PUT /v1/auth/token/revoke", "PUT /v1/auth/token/revoke-self",
        "PUT /v1/auth/token/revoke-orphan", "POST /v1/auth/token/revoke-accessor",
        "PUT /v1/sys/leases/revoke-prefix/auth/x"}) {
    vault_.answer(path, 204, "");
  }
  EXPECT_EQ(run({"token", "revoke", "-"}).out, "Success! Revoked token (if it existed)\n");
  EXPECT_EQ(last(), R"(PUT /v1/auth/token/revoke {"token":"hvs.t"})");
  EXPECT_EQ(run({"token", "revoke", "-self"}).code, 0);
  EXPECT_EQ(last(), "PUT /v1/auth/token/revoke-self");
  EXPECT_EQ(vault_.requests().back().headers.at("content-length"), "0");
  EXPECT_EQ(run({"token", "revoke", "-mode=orphan", "-"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/auth/token/revoke-orphan {"token":"hvs.t"})");
  EXPECT_EQ(run({"token", "revoke", "-accessor", "acc"}).code, 0);
  EXPECT_EQ(last(), R"(POST /v1/auth/token/revoke-accessor {"accessor":"acc"})");
  EXPECT_EQ(run({"token", "revoke", "-mode=path", "auth/x/"}).code, 0);
  EXPECT_EQ(last(), "PUT /v1/sys/leases/revoke-prefix/auth/x");
}

TEST_F(TokenCommands, NothingIsRevokedByAHalfSaidCommand) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"token", "revoke"},
                                             {"token", "revoke", "-self", "x"},
                                             {"token", "revoke", "-self", "-mode=orphan"},
                                             {"token", "revoke", "-self", "-accessor"},
                                             {"token", "revoke", "-accessor"},
                                             {"token", "revoke", "-accessor", "-mode=path", "x"},
                                             {"token", "revoke", "-mode=all", "x"},
                                             {"token", "revoke", "-"},
                                             {"token", "renew", "-accessor"},
                                             {"token", "lookup", "-accessor"}}) {
    EXPECT_EQ(run(words).code, 1);
  }
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(TokenCommands, CapabilitiesAreALineOrABareArray) {
  vault_.answer("POST /v1/sys/capabilities-self", 200,
                R"({"data":{"capabilities":["read","list"],"a/b":["read","list"]}})");
  EXPECT_EQ(run({"token", "capabilities", "a/b"}).out, "list, read\n");
  EXPECT_EQ(last(), R"(POST /v1/sys/capabilities-self {"paths":["a/b"]})");
  EXPECT_EQ(run({"token", "capabilities", "-format=json", "a/b"}).out,
            "[\n  \"read\",\n  \"list\"\n]\n");
  vault_.answer("POST /v1/sys/capabilities-accessor", 200, R"({"data":{"a/b":["deny"]}})");
  EXPECT_EQ(run({"token", "capabilities", "-accessor", "acc", "a/b"}).out, "deny\n");
  EXPECT_EQ(last(), R"(POST /v1/sys/capabilities-accessor {"accessor":"acc","paths":["a/b"]})");
  around_.standard_input = "hvs.t";
  vault_.answer("POST /v1/sys/capabilities", 200, R"({"capabilities":["root"]})");
  EXPECT_EQ(run({"token", "capabilities", "-", "a/b"}).out, "root\n");
  EXPECT_EQ(run({"token", "capabilities", "-accessor", "a/b"}).code, 1);
}

}  // namespace
}  // namespace coffer::cli
