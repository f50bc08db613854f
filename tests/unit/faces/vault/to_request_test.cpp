#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "coffer/faces/vault/face.h"
#include "coffer/model/paths.h"

namespace coffer::faces::vault {
namespace {

using model::Operation;
using namespace std::string_literals;

using Understood = std::variant<model::Request, HttpAnswer>;

const WallTime kNow{std::chrono::seconds(1'767'323'045)};

Uuid request_id() {
  Uuid id;
  id.bytes.fill(7);
  return id;
}

Understood send(HttpMessage message) { return to_request(std::move(message), request_id(), kNow); }

Understood send(std::string_view method, std::string_view target, std::string body = "") {
  return send(HttpMessage{.method = method, .target = target, .body = std::move(body)});
}

/// The request; where there is none the test fails, with the answer.
model::Request accepted(Understood understood) {
  if (auto* request = std::get_if<model::Request>(&understood)) return std::move(*request);
  ADD_FAILURE() << std::get<HttpAnswer>(understood).body;
  return {};
}

/// Status and body of the refusal; 0: it was accepted.
HttpAnswer refused(const Understood& understood) {
  const auto* answer = std::get_if<HttpAnswer>(&understood);
  return answer == nullptr ? HttpAnswer{0, "accepted"} : *answer;
}

int status(const Understood& understood) { return refused(understood).status; }

TEST(ToRequest, MapsMethods) {
  const auto operation = [](std::string_view method) {
    return accepted(send(method, "/v1/secret/data/a")).operation;
  };
  EXPECT_EQ(operation("GET"), Operation::read);
  EXPECT_EQ(operation("POST"), Operation::update);
  EXPECT_EQ(operation("PUT"), Operation::update);
  EXPECT_EQ(operation("DELETE"), Operation::remove);
  EXPECT_EQ(operation("LIST"), Operation::list);
  EXPECT_EQ(operation("SCAN"), Operation::scan);
  EXPECT_EQ(operation("HELP"), Operation::help);
}

TEST(ToRequest, OtherMethodsAre405) {
  for (const char* method : {"OPTIONS", "TRACE", "CONNECT", "get", "Get", "PURGE", ""}) {
    EXPECT_EQ(status(send(method, "/v1/secret/data/a")), 405) << method;
  }
}

TEST(ToRequest, SetsIdTimeAndCanonicalPath) {
  const model::Request request = accepted(send("GET", "/v1/secret/data/%61pp/D%62"));
  EXPECT_EQ(request.id, request_id());
  EXPECT_EQ(request.time, kNow);
  EXPECT_EQ(request.path, "secret/data/app/Db");
  EXPECT_TRUE(request.fields.empty());
}

TEST(ToRequest, TargetsOutsideOfV1Are404) {
  for (const char* target : {"/", "", "/v1", "/v1/", "/v1/?list=true", "/v2/secret", "/ui/", "v1/a",
                             "/V1/secret", "//v1/a", "/%761/a", "http://a/v1/b"}) {
    EXPECT_EQ(status(send("GET", target)), 404) << target;
    EXPECT_EQ(refused(send("GET", target)).body, R"({"errors":[]})");
  }
}

TEST(ToRequest, PathsThatAreNotCanonicalAre400) {
  for (const char* target :
       {"/v1/secret/../sys", "/v1/secret//a", "/v1//a", "/v1/a/%2e%2e/b", "/v1/a/%252e", "/v1/a%00",
        "/v1/a\\b", "/v1/a.", "/v1/a#b", "/v1/a?b#c", "/v1/a%zz", "/v1/%c3%a9"}) {
    EXPECT_EQ(status(send("GET", target)), 400) << target;
  }
}

TEST(ToRequest, HeadIsForHealthAlone) {
  const model::Request request = accepted(send("HEAD", "/v1/sys/health?standbyok=true"));
  EXPECT_EQ(request.operation, Operation::read);
  EXPECT_EQ(request.path, "sys/health");
  for (const char* target : {"/v1/database/creds/app", "/v1/secret/data/app", "/v1/totp/code/app",
                             "/v1/sys/health/x", "/v1/sys/health?list=true"}) {
    EXPECT_EQ(status(send("HEAD", target)), 405) << target;
  }
}

TEST(ToRequestList, HasASlashAtItsEnd) {
  for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{
           {"LIST", "/v1/secret/metadata/app"},
           {"LIST", "/v1/secret/metadata/app/"},
           {"GET", "/v1/secret/metadata/app?list=true"},
           {"GET", "/v1/secret/metadata/app/?list=1"}}) {
    const model::Request request = accepted(send(method, target));
    EXPECT_EQ(request.operation, Operation::list) << target;
    EXPECT_EQ(request.path, "secret/metadata/app/") << target;
    EXPECT_TRUE(request.fields.empty()) << "the flag is no field";
  }
}

TEST(ToRequestList, FlagsThatDoNotSayYesAre400) {
  for (const char* value : {"false", "0", "", "yes", "tRuE", "true%20", "2"}) {
    EXPECT_EQ(status(send("GET", "/v1/a?list="s + value)), 400) << value;
    EXPECT_EQ(status(send("GET", "/v1/a?help="s + value)), 400) << value;
  }
  EXPECT_EQ(status(send("GET", "/v1/a?list")), 400);
  EXPECT_EQ(status(send("GET", "/v1/a?list=true&help=1")), 400);
  EXPECT_EQ(status(send("GET", "/v1/a?list=true&scan=true")), 400);
}

TEST(ToRequestScan, IsAVerbAndAFlagOfGet) {
  for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{
           {"SCAN", "/v1/secret/metadata/app"}, {"GET", "/v1/secret/metadata/app?scan=true"}}) {
    const model::Request request = accepted(send(method, target));
    EXPECT_EQ(request.operation, Operation::scan) << target;
    EXPECT_EQ(request.path, "secret/metadata/app/") << target;
  }
}

TEST(ToRequestHelp, IsAFlagOfGet) {
  const model::Request request = accepted(send("GET", "/v1/secret/data/a?help=1"));
  EXPECT_EQ(request.operation, Operation::help);
  EXPECT_EQ(request.path, "secret/data/a");
  EXPECT_TRUE(request.fields.empty());
}

TEST(ToRequestQuery, ParametersAreStringFields) {
  const model::Request request =
      accepted(send("GET", "/v1/a?version=2&x=a%20b+c%2B&empty=&alone&&z=%C3%A9="));
  EXPECT_EQ(*request.fields.integer("version"), 2);
  EXPECT_EQ(*request.fields.string("x"), "a b c+");
  EXPECT_EQ(*request.fields.string("empty"), "");
  EXPECT_EQ(*request.fields.string("alone"), "");
  EXPECT_EQ(*request.fields.string("z"), "\xC3\xA9=");
  for (const char* method : {"DELETE", "LIST"}) {
    EXPECT_EQ(*accepted(send(method, "/v1/a?version=2")).fields.string("version"), "2") << method;
  }
}

TEST(ToRequestQuery, AQuestionMarkAloneIsNoQuery) {
  EXPECT_TRUE(accepted(send("GET", "/v1/a?")).fields.empty());
  EXPECT_EQ(accepted(send("GET", "/v1/a?x=b?c")).path, "a");
  EXPECT_EQ(*accepted(send("GET", "/v1/a?x=b?c")).fields.string("x"), "b?c");
}

TEST(ToRequestQuery, RefusesWhatCanBeReadInTwoWays) {
  for (const char* query :
       {"a=1&a=2", "a=1&%61=2", "a&a", "=1", "a=1;b=2", "a=%", "a=%2", "a=%zz", "a=%00", "a=%0a",
        "%0d=1", "a=%7f", "a=%ff", "%c0%af=1", "a=%ed%a0%80", "a=\x01"}) {
    EXPECT_EQ(status(send("GET", "/v1/x?"s + query)), 400) << query;
  }
}

TEST(ToRequestQuery, LimitsTheParameters) {
  std::string query;
  for (int i = 0; i < 64; ++i) query += "&p" + std::to_string(i);
  EXPECT_EQ(accepted(send("GET", "/v1/x?" + query)).fields.names().size(), 64U);
  EXPECT_EQ(status(send("GET", "/v1/x?" + query + "&last")), 400);
}

TEST(ToRequestQuery, HasNoPlaceBesideABody) {
  EXPECT_EQ(status(send("POST", "/v1/a?cas=1", "{}")), 400);
  EXPECT_EQ(status(send("PUT", "/v1/a?cas=1")), 400);
}

TEST(ToRequestBody, BecomesTheFields) {
  const std::string body = R"({"data":{"k": "v"},"options":{"cas":2}})";
  for (const char* method : {"POST", "PUT"}) {
    const model::Request request = accepted(send(method, "/v1/secret/data/a", body));
    EXPECT_EQ(*request.fields.raw_object("data"), R"({"k": "v"})");
    EXPECT_EQ(request.fields.text(), body);
  }
}

TEST(ToRequestBody, MayBeMissingOrNull) {
  for (const char* body : {"", "null", "null\n", "{}", "\n"}) {
    EXPECT_TRUE(accepted(send("PUT", "/v1/transit/keys/a", body)).fields.empty()) << body;
  }
}

TEST(ToRequestBody, ThatIsNoJsonObjectIs400WithoutAWordOfIt) {
  for (const char* body : {"[\"hunter2\"]", "\"hunter2\"", "{\"a\":hunter2}", "hunter2",
                           R"({"hunter2":1,"hunter2":2})", R"({"a":1}hunter2)"}) {
    const HttpAnswer answer = refused(send("POST", "/v1/a", body));
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.body.find("hunter2"), std::string::npos) << answer.body;
  }
}

TEST(ToRequestBody, WithTooManyValuesIs413) {
  std::string body = "{\"a\":[0";
  for (std::size_t i = 0; i < model::kMaxJsonValues; ++i) body += ",0";
  EXPECT_EQ(status(send("POST", "/v1/a", body + "]}")), 413);
}

TEST(ToRequestBody, OfReadsListsAndDeletesMustBeEmpty) {
  for (const char* method : {"GET", "DELETE", "LIST", "HELP"}) {
    EXPECT_EQ(status(send(method, "/v1/a", R"({"a":1})")), 400) << method;
    EXPECT_EQ(status(send(method, "/v1/a", "x")), 400) << method;
    EXPECT_EQ(status(send(method, "/v1/a", "{}")), 0) << method << ": node-vault sends this";
  }
}

Understood send_typed(std::string_view method, std::string_view type, std::string body) {
  return send(HttpMessage{
      .method = method, .target = "/v1/a", .content_type = type, .body = std::move(body)});
}

TEST(ToRequestMedia, PatchNeedsAMergePatch) {
  const std::string body = R"({"a":1})";
  const model::Request request =
      accepted(send_typed("PATCH", "application/merge-patch+json", body));
  EXPECT_EQ(request.operation, Operation::patch);
  EXPECT_EQ(*request.fields.integer("a"), 1);
  EXPECT_EQ(status(send_typed("PATCH", "Application/Merge-Patch+JSON; charset=utf-8", body)), 0);
  for (const char* type : {"", "application/json", "application/merge-patch", "text/plain"}) {
    EXPECT_EQ(status(send_typed("PATCH", type, body)), 415) << type;
  }
}

TEST(ToRequestMedia, JsonIsReadWhateverItsType) {
  for (const char* type : {"", "application/json", "text/plain", "application/octet-stream"}) {
    EXPECT_EQ(status(send_typed("POST", type, R"({"a":1})")), 0) << type;
  }
}

TEST(ToRequestMedia, FormsAre415ButWhatCurlCallsAFormIsNot) {
  const std::string form = "application/x-www-form-urlencoded";
  EXPECT_EQ(status(send_typed("POST", form, "a=1&b=2")), 415);
  EXPECT_EQ(status(send_typed("POST", form + "; charset=utf-8", "a=hunter2")), 415);
  EXPECT_EQ(status(send_typed("PUT", "multipart/form-data; boundary=x", "{}")), 415);
  EXPECT_EQ(status(send_typed("POST", form, " {\"a\":1}")), 0);
  EXPECT_EQ(status(send_typed("POST", form, "")), 0);
  EXPECT_EQ(status(send_typed("POST", form, "null")), 0);
}

TEST(ToRequestMedia, EncodedBodiesAre415) {
  const auto encoded = [](std::string_view encoding) {
    return status(send(HttpMessage{
        .method = "POST", .target = "/v1/a", .content_encoding = encoding, .body = "{}"}));
  };
  EXPECT_EQ(encoded("gzip"), 415);
  EXPECT_EQ(encoded("deflate, gzip"), 415);
  EXPECT_EQ(encoded("identity"), 0);
  EXPECT_EQ(encoded("Identity"), 0);
  EXPECT_EQ(encoded(""), 0);
}

TEST(ToRequestHeaders, AskingForWrappingIsRefusedByName) {
  const auto wrapped = [](std::string_view ttl) {
    return refused(send(HttpMessage{.method = "GET", .target = "/v1/a", .wrap_ttl = ttl}));
  };
  for (const char* ttl : {"60", "1m0s", "0h1m", "-1", "abc", "10", "0.5s", "1", "s", "0x"}) {
    EXPECT_EQ(wrapped(ttl).status, 400) << ttl;
    EXPECT_NE(wrapped(ttl).body.find("X-Vault-Wrap-TTL"), std::string::npos) << ttl;
  }
  for (const char* ttl : {"", " ", "0", "0s", "0m0s", "00"}) {
    EXPECT_EQ(wrapped(ttl).status, 0) << ttl;
  }
}

TEST(ToRequestHeaders, ThereIsNoNamespaceButRoot) {
  const auto in_namespace = [](std::string_view name) {
    return refused(send(HttpMessage{.method = "GET", .target = "/v1/a", .vault_namespace = name}));
  };
  for (const char* name : {"team", "root/team", "ROOT", "rooty", "//", "/root", ".", "root//"}) {
    EXPECT_EQ(in_namespace(name).status, 400) << name;
    EXPECT_NE(in_namespace(name).body.find("X-Vault-Namespace"), std::string::npos) << name;
  }
  for (const char* name : {"", "root", "root/", "/", " root "}) {
    EXPECT_EQ(in_namespace(name).status, 0) << name;
  }
}

std::string bearer(std::string_view token, std::string_view authorization) {
  return std::string(to_bearer(
      HttpMessage{.method = "GET", .target = "/", .token = token, .authorization = authorization}));
}

TEST(ToBearer, TheVaultHeaderComesFirst) {
  EXPECT_EQ(bearer("a", "Bearer b"), "a");
  EXPECT_EQ(bearer("a", ""), "a");
  EXPECT_EQ(bearer("", "Bearer b"), "b");
  EXPECT_EQ(bearer(" a\t", ""), "a");
  EXPECT_EQ(bearer(" ", "Bearer b"), "b");
}

TEST(ToBearer, OtherSchemesBringNoToken) {
  for (const char* value :
       {"", "Bearer", "Bearer ", "Basic dTpw", "Bearerx y", "b", "BearerToken"}) {
    EXPECT_EQ(bearer("", value), "") << value;
  }
  EXPECT_EQ(bearer("", "bearer  b "), "b");
  EXPECT_EQ(bearer("", "BEARER b"), "b");
}

TEST(ToRequestProperty, AnythingGivesACanonicalRequestOr4xx) {
  const std::vector<std::string> methods = {"GET", "PUT", "LIST", "DELETE", "PATCH", "HEAD", "X"};
  const bool held = rc::check(
      [&](std::uint8_t method, const std::string& target, const std::string& body, bool framed) {
        const std::string full = framed ? "/v1/a" + target : target;
        const Understood understood = send(methods[method % methods.size()], full, body);
        if (const auto* request = std::get_if<model::Request>(&understood)) {
          const auto again = model::canonical_path(request->path);
          RC_ASSERT(again.ok() && *again == request->path);
          RC_ASSERT((request->operation != Operation::list || request->path.ends_with('/')));
          RC_ASSERT(model::Fields::parse(request->fields.text()).ok());
        } else {
          const HttpAnswer& answer = std::get<HttpAnswer>(understood);
          RC_ASSERT(answer.status >= 400 && answer.status < 500);
          RC_ASSERT(model::Fields::parse(answer.body).ok());
        }
      });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace coffer::faces::vault
