#include <gtest/gtest.h>

#include "coffer/faces/vault/face.h"

namespace coffer::faces::vault {
namespace {

constexpr std::string_view kIdText = "00010203-0405-0607-0809-0a0b0c0d0e0f";

Uuid request_id() {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(i);
  return id;
}

std::string envelope(const std::string& data, const std::string& warnings = "null") {
  return "{\"request_id\":\"" + std::string(kIdText) +
         R"(","lease_id":"","renewable":false,"lease_duration":0,"data":)" + data +
         R"(,"wrap_info":null,"warnings":)" + warnings + R"(,"auth":null})";
}

HttpAnswer answer(model::Outcome outcome, std::string data,
                  std::vector<std::string> warnings = {}) {
  model::Response response;
  response.outcome = outcome;
  response.data = std::move(data);
  response.warnings = std::move(warnings);
  return render(request_id(), response);
}

TEST(RenderResponse, PutsDataInVaultsEnvelope) {
  const HttpAnswer ok = answer(model::Outcome::ok, R"({"keys":["a","b/"]})");
  EXPECT_EQ(ok.status, 200);
  EXPECT_EQ(ok.body, envelope(R"({"keys":["a","b/"]})"));
}

TEST(RenderResponse, ALeaseStandsBesideItsData) {
  model::Response response{.data = R"({"username":"u"})"};
  response.lease_id = "database/creds/a\"b/xyz";
  response.renewable = true;
  response.lease_duration = std::chrono::hours(1);
  const HttpAnswer ok = render(request_id(), response);
  EXPECT_NE(ok.body.find(R"("lease_id":"database/creds/a\"b/xyz","renewable":true,)"
                         R"("lease_duration":3600,"data":{"username":"u"})"),
            std::string::npos)
      << ok.body;
}

TEST(RenderResponse, AnEnvelopeMayHaveAStatusOfItsOwn) {
  model::Response response{.status = 202};
  EXPECT_EQ(render(request_id(), response).status, 202);
  EXPECT_EQ(render(request_id(), response).body, envelope("null"));
}

TEST(RenderResponse, NoDataIsNull) {
  EXPECT_EQ(answer(model::Outcome::ok, "").body, envelope("null"));
}

TEST(RenderResponse, WarningsAreEscapedStrings) {
  EXPECT_EQ(answer(model::Outcome::ok, "{}", {"a \"b\"", "c\n"}).body,
            envelope("{}", R"(["a \"b\"","c\n"])"));
}

TEST(RenderResponse, SplicesTheClientsBytesAsTheyAre) {
  const std::string data = "{\"data\":{ \"k\" : 1.00,\"\\u0041\":\"\xC3\xA9\"}}";
  EXPECT_EQ(answer(model::Outcome::ok, data).body, envelope(data));
}

TEST(RenderResponse, EmptyHasNoBody) {
  const HttpAnswer empty = answer(model::Outcome::empty, "");
  EXPECT_EQ(empty.status, 204);
  EXPECT_EQ(empty.body, "");
}

TEST(RenderResponse, EmptyWithWarningsIs200SoThatTheyArrive) {
  const HttpAnswer warned = answer(model::Outcome::empty, "", {"w"});
  EXPECT_EQ(warned.status, 200);
  EXPECT_EQ(warned.body, envelope("null", R"(["w"])"));
}

TEST(RenderResponse, GoneIs404WithTheEnvelope) {
  const HttpAnswer gone = answer(model::Outcome::gone, R"({"data":null,"metadata":{}})");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.body, envelope(R"({"data":null,"metadata":{}})"));
}

TEST(RenderResponse, BareIsTheDataWithItsOwnStatus) {
  model::Response health;
  health.outcome = model::Outcome::bare;
  health.status = 503;
  health.data = R"({"sealed":true})";
  EXPECT_EQ(render(request_id(), health).status, 503);
  EXPECT_EQ(render(request_id(), health).body, R"({"sealed":true})");
}

TEST(RenderError, EachCodeHasItsStatus) {
  const auto status = [](ErrorCode code) { return render(make_error(code, "text")).status; };
  EXPECT_EQ(status(ErrorCode::invalid_argument), 400);
  EXPECT_EQ(status(ErrorCode::precondition), 400);
  EXPECT_EQ(status(ErrorCode::unauthenticated), 403);
  EXPECT_EQ(status(ErrorCode::permission_denied), 403);
  EXPECT_EQ(status(ErrorCode::not_found), 404);
  EXPECT_EQ(status(ErrorCode::unsupported), 405);
  EXPECT_EQ(status(ErrorCode::too_large), 413);
  EXPECT_EQ(status(ErrorCode::conflict), 503);
  EXPECT_EQ(status(ErrorCode::resource_exhausted), 503);
  EXPECT_EQ(status(ErrorCode::limit_reached), 429);
  EXPECT_EQ(status(ErrorCode::sealed), 503);
  EXPECT_EQ(status(ErrorCode::unavailable), 503);
  EXPECT_EQ(status(ErrorCode::corrupt), 500);
  EXPECT_EQ(status(ErrorCode::internal), 500);
}

TEST(RenderError, PutsTheTextInAListAndKeepsTheCause) {
  const HttpAnswer answer = render(
      make_error(ErrorCode::unavailable, "token \"a\" is away", "C_Sign: CKR_DEVICE_REMOVED"));
  EXPECT_EQ(answer.body, R"({"errors":["token \"a\" is away"]})");
}

TEST(RenderError, DenialsAllReadTheSameInVaultsShape) {
  const std::string denied = R"({"errors":["1 error occurred:\n\t* permission denied\n\n"]})";
  EXPECT_EQ(render(make_error(ErrorCode::permission_denied, "no rule matched")).body, denied);
  EXPECT_EQ(render(make_error(ErrorCode::unauthenticated, "unknown token")).body, denied);
}

TEST(RenderError, OnlyADenialTellsItsDecisionId) {
  const Uuid id{{1}};
  const Error denied = make_error(ErrorCode::permission_denied, "x");
  EXPECT_NE(render(denied, &id).body.find(R"("decision_id":"01000000-)"), std::string::npos);
  EXPECT_EQ(render(denied).body.find("decision_id"), std::string::npos);
  const Error missing = make_error(ErrorCode::not_found, "x");
  EXPECT_EQ(render(missing, &id).body, R"({"errors":["x"]})");
}

TEST(RenderResponse, HandsOutACredential) {
  model::Response response;
  response.auth = model::Auth{.client_token = "hvs.t",
                              .accessor = "acc",
                              .display_name = {},
                              .policies = {"app", "default"},
                              .metadata = {{"k", "v"}},
                              .lease_duration = std::chrono::hours(1),
                              .renewable = true,
                              .orphan = false,
                              .num_uses = 3,
                              .token_type = "service"};
  const std::string body = render(Uuid{}, response).body;
  EXPECT_NE(body.find(R"("auth":{"client_token":"hvs.t","accessor":"acc","policies":["app",)"
                      R"("default"],"token_policies":["app","default"],"metadata":{"k":"v"},)"
                      R"("lease_duration":3600,"renewable":true)"),
            std::string::npos)
      << body;
}

TEST(RenderResponse, OldClientsFindDataBesideTheEnvelopeToo) {
  model::Response response;
  response.data = R"({"secret/":{"type":"kv"}})";
  response.repeat_data = true;
  const std::string body = render(Uuid{}, response).body;
  EXPECT_TRUE(body.ends_with(R"("auth":null,"secret/":{"type":"kv"}})")) << body;
  response.data = "{}";
  EXPECT_TRUE(render(Uuid{}, response).body.ends_with(R"("auth":null})"));
}

TEST(RenderError, NothingToSayIsAnEmptyList) {
  EXPECT_EQ(render(make_error(ErrorCode::not_found, "")).body, R"({"errors":[]})");
  EXPECT_EQ(render(make_error(ErrorCode::not_found, "no handler")).body,
            R"({"errors":["no handler"]})");
}

TEST(Headers, AreWhatClientsCompare) {
  EXPECT_EQ(kContentType, "application/json");
  EXPECT_EQ(kCacheControl, "no-store");
}

}  // namespace
}  // namespace coffer::faces::vault
