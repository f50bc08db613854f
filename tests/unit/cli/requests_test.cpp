// What goes over the socket: the same as Vault's own command line sends, since that is what servers
// and proxies know.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fake_vault.h"
#include "run_cli.h"

namespace coffer::cli {
namespace {

constexpr const char* kMount = R"({"data":{"path":"secret/","options":{"version":"2"}}})";
constexpr const char* kMountV1 = R"({"data":{"path":"old/","options":{"version":"1"}}})";

class Requests : public ::testing::Test {
 protected:
  Requests() { around_.environment["COFFER_ADDR"] = vault_.address(); }
  Outcome run(const std::vector<std::string>& arguments) { return run_cli(arguments, around_); }
  std::vector<std::string> lines() const {
    std::vector<std::string> found;
    for (const SeenRequest& request : vault_.requests()) found.push_back(request.line);
    return found;
  }
  SeenRequest last() const {
    const auto all = vault_.requests();
    return all.empty() ? SeenRequest{} : all.back();
  }

  FakeVault vault_;
  Surroundings around_;
};

using Lines = std::vector<std::string>;

TEST_F(Requests, KvGetAsksForTheMountFirst) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/app/db", 200, kMount);
  run({"kv", "get", "secret/app/db"});
  EXPECT_EQ(lines(), (Lines{"GET /v1/sys/internal/ui/mounts/secret/app/db HTTP/1.1",
                            "GET /v1/secret/data/app/db HTTP/1.1"}));
}

TEST_F(Requests, KvGetOfAVersionNamesIt) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/app", 200, kMount);
  run({"kv", "get", "-version=3", "secret/app"});
  EXPECT_EQ(last().line, "GET /v1/secret/data/app?version=3 HTTP/1.1");
}

TEST_F(Requests, TheMountMayBeAFlag) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret", 200, kMount);
  run({"kv", "get", "-mount=secret", "app/db"});
  EXPECT_EQ(lines(), (Lines{"GET /v1/sys/internal/ui/mounts/secret HTTP/1.1",
                            "GET /v1/secret/data/app/db HTTP/1.1"}));
  run({"kv", "get", "-mount=secret/", "secret/app"});
  EXPECT_EQ(last().line, "GET /v1/secret/data/secret/app HTTP/1.1");
}

TEST_F(Requests, AMountMayHaveSlashes) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/team/kv/app", 200,
                R"({"data":{"path":"team/kv/","options":{"version":"2"}}})");
  run({"kv", "get", "team/kv/app"});
  EXPECT_EQ(last().line, "GET /v1/team/kv/data/app HTTP/1.1");
}

TEST_F(Requests, AMountWithoutVersionsIsReadAsItIs) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/old/app", 200, kMountV1);
  run({"kv", "get", "old/app"});
  EXPECT_EQ(last().line, "GET /v1/old/app HTTP/1.1");
  run({"kv", "put", "old/app", "k=v"});
  EXPECT_EQ(last().line, "PUT /v1/old/app HTTP/1.1");
  EXPECT_EQ(last().body, R"({"k":"v"})");
}

TEST_F(Requests, ADaemonThatDoesNotKnowTheQuestionHasNoVersions) {
  run({"kv", "get", "secret/app"});
  EXPECT_EQ(last().line, "GET /v1/secret/app HTTP/1.1");
}

TEST_F(Requests, KvPutSendsDataAndOptions) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/app", 200, kMount);
  run({"kv", "put", "secret/app", "user=u", "host=h"});
  EXPECT_EQ(last().line, "PUT /v1/secret/data/app HTTP/1.1");
  EXPECT_EQ(last().body, R"({"data":{"user":"u","host":"h"},"options":{}})");
  run({"kv", "put", "-cas=2", "secret/app", "user=u"});
  EXPECT_EQ(last().body, R"({"data":{"user":"u"},"options":{"cas":2}})");
  run({"kv", "put", "-cas", "0", "secret/app", "user=u"});
  EXPECT_EQ(last().body, R"({"data":{"user":"u"},"options":{"cas":0}})");
}

// Sent without its condition, the write would do what the condition was to prevent.
TEST_F(Requests, AConditionThatCannotBeSentStopsTheWrite) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/old/app", 200, kMountV1);
  EXPECT_EQ(run({"kv", "put", "-cas=0", "old/app", "k=v"}).code, 1);
  EXPECT_EQ(run({"kv", "put", "-cas=-2", "old/app", "k=v"}).code, 1);
  EXPECT_EQ(run({"kv", "delete", "-versions=1", "old/app"}).code, 1);
  for (const std::string& line : lines()) EXPECT_EQ(line.substr(0, 4), "GET ") << line;
}

TEST_F(Requests, KvListAsksWithAQuery) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/app", 200, kMount);
  run({"kv", "list", "secret/app/"});
  EXPECT_EQ(last().line, "GET /v1/secret/metadata/app?list=true HTTP/1.1");
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret", 200, kMount);
  run({"kv", "list", "secret/"});
  EXPECT_EQ(last().line, "GET /v1/secret/metadata?list=true HTTP/1.1");
}

TEST_F(Requests, KvDeleteDeletesTheNewestOrNamesVersionsAsStrings) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/app", 200, kMount);
  run({"kv", "delete", "secret/app"});
  EXPECT_EQ(last().line, "DELETE /v1/secret/data/app HTTP/1.1");
  run({"kv", "delete", "-versions=1,4", "secret/app"});
  EXPECT_EQ(last().line, "PUT /v1/secret/delete/app HTTP/1.1");
  EXPECT_EQ(last().body, R"({"versions":["1","4"]})");
  EXPECT_EQ(run({"kv", "delete", "-versions=1,x", "secret/app"}).code, 1);
}

TEST_F(Requests, GenericCommandsGoStraightToThePath) {
  run({"read", "/database/creds/app-role/"});
  EXPECT_EQ(last().line, "GET /v1/database/creds/app-role HTTP/1.1");
  run({"read", "x/y", "a=1", "a=2", "b=c d"});
  EXPECT_EQ(last().line, "GET /v1/x/y?a=1&a=2&b=c%20d HTTP/1.1");
  run({"list", "secret/metadata/app"});
  EXPECT_EQ(last().line, "GET /v1/secret/metadata/app?list=true HTTP/1.1");
  run({"delete", "secret/data/app"});
  EXPECT_EQ(last().line, "DELETE /v1/secret/data/app HTTP/1.1");
}

TEST_F(Requests, WriteIsAPut) {
  run({"write", "transit/encrypt/x", "plaintext=aGk="});
  EXPECT_EQ(last().line, "PUT /v1/transit/encrypt/x HTTP/1.1");
  EXPECT_EQ(last().body, R"({"plaintext":"aGk="})");
  run({"write", "-f", "transit/keys/x"});
  EXPECT_EQ(last().body, "null");
  run({"write", "-force", "transit/keys/x"});
  EXPECT_EQ(last().body, "null");
}

TEST_F(Requests, StatusAsksForSealAndLeader) {
  vault_.answer("GET /v1/sys/seal-status", 200, R"({"sealed":false})");
  vault_.answer("GET /v1/sys/leader", 200, "{}");
  EXPECT_EQ(run({"status"}).code, 0);
  EXPECT_EQ(lines(), (Lines{"GET /v1/sys/seal-status HTTP/1.1", "GET /v1/sys/leader HTTP/1.1"}));
}

TEST_F(Requests, HeadersAreThoseOfVaultsClients) {
  run({"write", "-ns=team", "-wrap-ttl=5m", "-header=X-Extra=1", "a/b", "k=v"});
  const auto headers = last().headers;
  EXPECT_EQ(headers.at("x-vault-request"), "true");
  EXPECT_EQ(headers.at("host"), "localhost");
  EXPECT_EQ(headers.at("x-vault-namespace"), "team");
  EXPECT_EQ(headers.at("x-vault-wrap-ttl"), "5m");
  EXPECT_EQ(headers.at("x-extra"), "1");
  EXPECT_EQ(headers.at("content-length"), "9");
  for (const char* none : {"content-type", "expect", "x-vault-token", "accept-encoding"}) {
    EXPECT_EQ(headers.count(none), 0U) << none;
  }
}

TEST_F(Requests, ATokenIsSentOnlyWhenThereIsOne) {
  run({"read", "a"});
  EXPECT_EQ(last().headers.count("x-vault-token"), 0U);
  around_.environment["VAULT_TOKEN"] = "hvs.abc";
  run({"read", "a"});
  EXPECT_EQ(last().headers.at("x-vault-token"), "hvs.abc");
  around_.environment["COFFER_TOKEN"] = "";
  run({"read", "a"});
  EXPECT_EQ(last().headers.count("x-vault-token"), 0U);
}

TEST_F(Requests, ThePathIsEncodedAndNotTidiedUp) {
  run({"read", "a b/c%2f?d#e/\xC3\xA4"});
  EXPECT_EQ(last().line, "GET /v1/a%20b/c%252f%3Fd%23e/%C3%A4 HTTP/1.1");
  // The daemon has to see and refuse it; sent as sys/b it would be another question.
  run({"read", "a/../sys/b"});
  EXPECT_EQ(last().line, "GET /v1/a/../sys/b HTTP/1.1");
}

TEST_F(Requests, ProxiesOfTheEnvironmentAreNotForSockets) {
  ASSERT_EQ(::setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  run({"read", "a"});
  ::unsetenv("http_proxy");
  EXPECT_EQ(last().line, "GET /v1/a HTTP/1.1");
}

TEST_F(Requests, NoRedirectIsFollowed) {
  vault_.answer("GET /v1/a", 307, "");
  const Outcome result = run({"read", "a"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("redirects are not followed"), std::string::npos);
  EXPECT_EQ(vault_.requests().size(), 1U);
}

TEST_F(Requests, ACurlCommandIsShownInsteadOfBeingSent) {
  around_.environment["VAULT_TOKEN"] = "hvs.s3cret";
  const Outcome result = run({"write", "a/b", "k=it's", "-output-curl-string"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "curl --unix-socket '" + vault_.socket_path() +
                            "' -X PUT -H \"X-Vault-Token: $(coffer print token)\""
                            " -H 'X-Vault-Request: true' -d '{\"k\":\"it'\\''s\"}'"
                            " 'http://localhost/v1/a/b'\n");
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(Requests, ACurlCommandOfKvHasThePathThatWasFound) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/app", 200, kMount);
  const Outcome result = run({"kv", "get", "-output-curl-string", "secret/app"});
  EXPECT_NE(result.out.find("'http://localhost/v1/secret/data/app'"), std::string::npos);
  EXPECT_EQ(vault_.requests().size(), 1U);
}

TEST_F(Requests, ThePolicyThatARequestNeedsIsShown) {
  EXPECT_EQ(run({"read", "-output-policy", "a/b"}).out,
            "path \"a/b\" {\n  capabilities = [\"read\"]\n}\n");
  EXPECT_EQ(run({"list", "-output-policy", "a"}).out,
            "path \"a/\" {\n  capabilities = [\"list\"]\n}\n");
  EXPECT_EQ(run({"write", "-output-policy", "-f", "a"}).out,
            "path \"a\" {\n  capabilities = [\"create\", \"update\"]\n}\n");
  EXPECT_EQ(run({"delete", "-output-policy", "a"}).out,
            "path \"a\" {\n  capabilities = [\"delete\"]\n}\n");
  EXPECT_TRUE(vault_.requests().empty());
}

}  // namespace
}  // namespace coffer::cli
