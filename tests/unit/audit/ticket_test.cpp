// What the two lines of a request say, and what they never say.
#include "coffer/audit/trail.h"

#include <algorithm>

#include "coffer/model/fields.h"
#include "fakes/fake_log.h"
#include "log_kit.h"

namespace coffer::audit {
namespace {

using Kind = Line::Kind;

std::shared_ptr<const Hasher> make_hasher(std::uint32_t version = 3) {
  auto key = SecureBytes::copy_of(as_bytes("a key of thirty-two bytes, audit"));
  return std::make_shared<const Hasher>(std::move(*key), version);
}

std::string hashed(std::string_view value) {
  std::string out;
  make_hasher()->append(out, value);
  return out;
}

model::Fields fields(std::string text) {
  auto parsed = model::Fields::parse(std::move(text));
  EXPECT_TRUE(parsed.ok());
  return parsed.ok() ? std::move(*parsed) : model::Fields();
}

class TicketTest : public ::testing::Test {
 protected:
  TicketTest() {
    request_.id = test::id_of(7);
    request_.time = clock_.now - std::chrono::milliseconds(2);
    request_.operation = model::Operation::read;
    request_.path = "secret/data/app";
    peer_ = {1000, 1001, 4242, {}, "app.service"};
    caller_ = {"accessor-1", "app", {"default", "app"}, "service", hashed("hvs.token")};
  }

  [[nodiscard]] Ticket open() const { return trail_.open(request_, peer_); }
  [[nodiscard]] Ticket decided() const {
    Ticket ticket = open();
    ticket.routed("secret/", "kv");
    ticket.identified(caller_);
    ticket.decided({true, "secret/data/*", "app", "allowed by secret/data/*"});
    return ticket;
  }
  static void expect_json(const Line& line) {
    EXPECT_TRUE(model::Fields::parse(line.body + "}").ok()) << line.body;
  }
  static void expect_has(const Line& line, std::string_view text) {
    EXPECT_NE(line.body.find(text), std::string::npos) << text << "\nin " << line.body;
  }
  static void expect_lacks(const Line& line, std::string_view text) {
    EXPECT_EQ(line.body.find(text), std::string::npos) << text << "\nin " << line.body;
  }

  test::StandingClock clock_;
  model::Request request_;
  model::Peer peer_;
  model::Caller caller_;
  mutable fakes::FakeLog log_;
  mutable Trail trail_{log_, make_hasher(), clock_};
};

TEST_F(TicketTest, RequestLineHoldsEveryFact) {
  request_.fields = fields(R"({"data":{"user":"root"},"options":{"cas":1}})");
  request_.operation = model::Operation::update;
  const Entry entry = decided().close(model::Response{});
  ASSERT_TRUE(entry.request);
  EXPECT_EQ(entry.request->kind, Kind::request);
  EXPECT_EQ(entry.request->request, request_.id);
  EXPECT_EQ(entry.request->body,
            R"({"time":"2025-12-31T23:59:59.998Z","type":"request",)"
            R"("request":{"id":"00000000-0000-0000-0000-000000000007","operation":"update",)"
            R"("mount_point":"secret/","mount_type":"kv","client_token":")" +
                hashed("hvs.token") +
                R"(","client_token_accessor":"accessor-1","path":"secret/data/app",)"
                R"("data":{"data":{"user":")" +
                hashed("root") + R"("},"options":{"cas":1}}},"auth":{"client_token":")" +
                hashed("hvs.token") +
                R"(","accessor":"accessor-1","display_name":"app","policies":["default","app"],)"
                R"("token_policies":["default","app"],"token_type":"service",)"
                R"("policy_results":{"allowed":true,"granting_policies":[{"name":"app",)"
                R"("type":"acl"}]}},"peer":{"uid":1000,"gid":1001,"pid":4242,)"
                R"("unit":"app.service"},"rule":{"path":"secret/data/*","policy":"app"},)"
                R"("hmac_key_version":3)");
  expect_json(*entry.request);
}

TEST_F(TicketTest, ResponseLineRepeatsThemAndAddsTheAnswer) {
  model::Response response;
  response.data = R"({"data":{"password":"hunter2"},"metadata":{"version":4}})";
  response.warnings = {"old version"};
  const Entry entry = decided().close(response);
  const std::string& asked = entry.request->body;
  const std::string facts = asked.substr(asked.find("\"operation\""));
  EXPECT_EQ(entry.response.kind, Kind::response);
  EXPECT_EQ(entry.response.request, request_.id);
  EXPECT_EQ(entry.response.body, R"({"time":"2026-01-01T00:00:00Z","type":"response",)"
                                 R"("request":{"id":"00000000-0000-0000-0000-000000000007",)" +
                                     facts + R"(,"response":{"data":{"data":{"password":")" +
                                     hashed("hunter2") +
                                     R"("},"metadata":{"version":4}},"warnings":["old version"]})");
  expect_json(entry.response);
}

TEST_F(TicketTest, FailureHasItsTextAndNotItsCause) {
  const Entry entry =
      decided().close(make_error(ErrorCode::unavailable, "token is away", "C_Decrypt: 0x30"));
  expect_has(entry.response, R"(,"error":"token is away")");
  expect_lacks(entry.response, "C_Decrypt");
  expect_lacks(entry.response, "\"response\":");
  expect_lacks(*entry.request, "error");
  expect_json(entry.response);
}

TEST_F(TicketTest, DenialSaysThatNothingWasGranted) {
  Ticket ticket = open();
  ticket.identified(caller_);
  ticket.decided({false, {}, {}, "no rule matches"});
  const Entry entry =
      std::move(ticket).close(make_error(ErrorCode::permission_denied, "permission denied"));
  expect_has(*entry.request, R"("policy_results":{"allowed":false}})");
  expect_lacks(*entry.request, "granting_policies");
  expect_lacks(*entry.request, "\"rule\":");
}

TEST_F(TicketTest, DenyingRuleIsNamed) {
  Ticket ticket = open();
  ticket.decided({false, "secret/data/*", "app", "denied"});
  const Entry entry =
      std::move(ticket).close(make_error(ErrorCode::permission_denied, "permission denied"));
  expect_has(*entry.request, R"("rule":{"path":"secret/data/*","policy":"app"})");
  expect_lacks(*entry.request, "granting_policies");
}

TEST_F(TicketTest, EmptyFactsAreLeftOut) {
  peer_.unit.clear();
  const Entry entry = open().close(model::Response{});
  for (const Line& line : {*entry.request, entry.response}) {
    for (const auto* absent : {"auth", "\"data\"", "mount_point", "client_token", "rule", "unit",
                               "response\":", "warnings", "error"}) {
      expect_lacks(line, absent);
    }
    expect_has(line, R"("peer":{"uid":1000,"gid":1001,"pid":4242})");
    expect_json(line);
  }
}

TEST_F(TicketTest, RootsZerosAreFacts) {
  peer_ = {0, 0, 0, {}, {}};
  expect_has(*open().close(model::Response{}).request, R"("peer":{"uid":0,"gid":0,"pid":0})");
}

TEST_F(TicketTest, LastWordCounts) {
  Ticket ticket = decided();
  ticket.routed("other/", "kv");
  caller_.display_name = "someone";
  ticket.identified(caller_);
  ticket.decided({false, "other/*", "none", {}});
  const Entry entry = std::move(ticket).close(model::Response{});
  expect_has(*entry.request, R"("mount_point":"other/")");
  expect_has(*entry.request, R"("display_name":"someone")");
  expect_has(*entry.request, R"("allowed":false)");
  expect_lacks(*entry.request, "secret/\"");
  expect_json(*entry.request);
}

TEST_F(TicketTest, OperationIsTheOneThatWasMadeOut) {
  request_.operation = model::Operation::update;
  Ticket ticket = open();
  request_.operation = model::Operation::create;
  expect_has(*std::move(ticket).close(model::Response{}).request, R"("operation":"create")");
}

TEST_F(TicketTest, SealedLinesCarryNoDataAndSaySo) {
  Trail sealed(log_, nullptr, clock_);
  request_.fields = fields(R"({"key":"canary"})");
  model::Response response;
  response.data = R"({"sealed":"canary"})";
  response.outcome = model::Outcome::bare;
  const Entry entry = sealed.open(request_, peer_).close(response);
  for (const Line& line : {*entry.request, entry.response}) {
    expect_has(line, R"(,"data_omitted":"sealed")");
    expect_lacks(line, "canary");
    expect_lacks(line, "hmac");
    expect_lacks(line, "\"data\":");
    expect_json(line);
  }
}

TEST_F(TicketTest, ACredentialThatLeavesIsWrittenByItsHash) {
  model::Response response;
  response.auth = model::Auth{.client_token = "hvs.canary",
                              .accessor = "acc",
                              .display_name = "token",
                              .policies = {"app"},
                              .metadata = {},
                              .token_type = "service"};
  const Entry entry = open().close(response);
  expect_has(entry.response, R"("auth":{"client_token":")" + hashed("hvs.canary") +
                                 R"(","accessor":"acc","display_name":"token","policies":["app"])");
  expect_lacks(entry.response, "hvs.canary");
  expect_json(entry.response);
}

TEST_F(TicketTest, BareAnswersAreHashedLikeAnyOther) {
  model::Response response;
  response.outcome = model::Outcome::bare;
  response.data = R"({"version":"canary","sealed":false})";
  const Entry entry = open().close(response);
  expect_has(entry.response, R"("data":{"version":")" + hashed("canary") + R"(","sealed":false})");
}

// Secrets

/// The canary as it is, and as it would be after an encoding on the way.
std::vector<std::string> forms_of(const std::string& canary) {
  std::string reversed(canary.rbegin(), canary.rend());
  return {canary, to_hex(as_bytes(canary)), to_base64(as_bytes(canary)), std::move(reversed)};
}

TEST_F(TicketTest, NoValueOfARequestOrAnAnswerIsInClear) {
  const std::string canary = "CANARY-7f3a9b";
  const std::vector<std::string> shapes = {
      R"({"k":"%"})",
      R"({"k":"x%y"})",
      R"({"k":{"deep":{"deeper":"%"}}})",
      R"({"k":["a","%",["%",{"l":"%"}]]})",
      R"({"k": "%" , "l" : [ "%" ]})",
      R"({"k":"\u0043ANARY-7f3a9b"})",
      R"({"k":"\"%\""})",
      R"({"k":"\\\"%"})",
      R"({"k":"%\n\u0000"})",
      R"({"2026-01-01T00:00:00Z":"%"})",
      R"({"k":"2026-01-01T00:00:00Z%"})",
      R"({"k":"%2026-01-01T00:00:00Z"})",
      R"({"":"%"})",
      R"({"k:":"%"})",
      R"({"k":"%:","l":"{\"m\":\"%\"}"})",
  };
  for (const std::string& shape : shapes) {
    std::string text = shape;
    for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at)) {
      text.replace(at, 1, canary);
    }
    request_.fields = fields(text);
    model::Response response;
    response.data = text;
    const Entry entry = decided().close(response);
    for (const Line& line : {*entry.request, entry.response}) {
      for (const std::string& form : forms_of(canary)) expect_lacks(line, form);
      expect_lacks(line, "ANARY");
      expect_has(line, "hmac-sha256:");
      expect_json(line);
    }
  }
}

TEST_F(TicketTest, TokenThatCameByMistakeIsNotWritten) {
  caller_.token_hash = "hvs.CANARY";
  const Entry entry = decided().close(model::Response{});
  for (const Line& line : {*entry.request, entry.response}) {
    expect_lacks(line, "CANARY");
    expect_lacks(line, "\"client_token\"");
    expect_json(line);
  }
}

TEST_F(TicketTest, HashesAreThoseOfTheKeyAndTellItsVersion) {
  // HMAC-SHA-256 by another implementation (Python's hmac module).
  EXPECT_EQ(hashed("hunter2"),
            "hmac-sha256:4eca03caa09943c99a58fe03f19ddfd29a2a033ad248846db429222ee9fe5e98");
  EXPECT_EQ(make_hasher(9)->key_version(), 9U);
  EXPECT_NE(hashed("a"), hashed("b"));
}

TEST_F(TicketTest, ClientCannotBreakOutOfItsLine) {
  const std::string nasty = "x\"},\"type\":\"start\"\n{\"time\":\"\xff\x01\\";
  request_.path = nasty;
  peer_.unit = nasty;
  caller_.display_name = nasty;
  caller_.policies = {nasty};
  caller_.accessor = nasty;
  request_.fields = fields("{\n\t\"k\"\r\n:\n\"v\"\n}\n");
  Ticket ticket = open();
  ticket.routed(nasty, nasty);
  ticket.identified(caller_);
  ticket.decided({true, nasty, nasty, nasty});
  model::Response response;
  response.data = "{\n\"k\"\n:\n[\n1\n]}";
  response.warnings = {nasty};
  const Entry entry = std::move(ticket).close(response);
  for (const Line& line : {*entry.request, entry.response}) {
    EXPECT_TRUE(std::none_of(line.body.begin(), line.body.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    expect_json(line);
  }
  const Entry failed = decided().close(make_error(ErrorCode::internal, nasty));
  expect_json(failed.response);
}

TEST_F(TicketTest, ManyValuesAreHashedOneByOne) {
  std::string text = "{\"k\":[\"a\"";
  for (int i = 0; i < 10'000; ++i) text += ",\"a\"";
  request_.fields = fields(text + "]}");
  const Entry entry = decided().close(model::Response{});
  expect_lacks(*entry.request, "data_omitted");
  expect_json(*entry.request);
}

TEST_F(TicketTest, DataThatHashingWouldBlowUpIsHashedAsOne) {
  std::string text = "{\"k\":[\"a\"";
  for (int i = 0; i < 20'000; ++i) text += ",\"a\"";
  text += "]}";
  model::Response response;
  response.data = text;
  request_.fields = fields(text);
  const Entry entry = decided().close(response);
  for (const Line& line : {*entry.request, entry.response}) {
    EXPECT_LT(line.body.size(), 4096U);
    expect_has(line, R"("data_omitted":"too large","data_hash":")" + hashed(text) + "\"");
    expect_json(line);
  }
}

// Life of a ticket

TEST_F(TicketTest, DurableRequestLineIsSyncedOnceAndNotGivenAgain) {
  Ticket ticket = decided();
  ASSERT_TRUE(ticket.make_durable().ok());
  ASSERT_TRUE(ticket.make_durable().ok());
  EXPECT_EQ(log_.syncs(), 1);
  const auto lines = log_.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].kind, Kind::request);
  const Entry entry = std::move(ticket).close(model::Response{});
  EXPECT_FALSE(entry.request);
  EXPECT_EQ(entry.response.kind, Kind::response);
  EXPECT_EQ(log_.lines().size(), 1U);
}

TEST_F(TicketTest, RequestLineThatCouldNotBeWrittenIsStillOwed) {
  Ticket ticket = decided();
  log_.fail_from(1, 1);
  EXPECT_EQ(ticket.make_durable().error().code, ErrorCode::unavailable);
  EXPECT_TRUE(std::move(ticket).close(model::Response{}).request);
}

TEST_F(TicketTest, ForgottenTicketWithADurableLineIsClosedAsInterrupted) {
  {
    Ticket ticket = decided();
    ASSERT_TRUE(ticket.make_durable().ok());
  }
  const auto lines = log_.lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].kind, Kind::response);
  EXPECT_EQ(lines[1].request, request_.id);
  EXPECT_EQ(lines[1].body, R"({"time":"2026-01-01T00:00:00Z","type":"interrupted",)"
                           R"("request":{"id":"00000000-0000-0000-0000-000000000007"})");
  EXPECT_EQ(log_.syncs(), 2);
}

TEST_F(TicketTest, ForgottenTicketWithoutADurableLineIsToldOnStandardError) {
  ::testing::internal::CaptureStderr();
  { const Ticket ticket = decided(); }
  EXPECT_TRUE(log_.lines().empty());
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("00000000-0000-0000-0000-000000000007"),
            std::string::npos);
}

TEST_F(TicketTest, ClosedAndMovedTicketsGoQuietly) {
  ::testing::internal::CaptureStderr();
  {
    Ticket first = decided();
    ASSERT_TRUE(first.make_durable().ok());
    Ticket second(std::move(first));
    (void)std::move(second).close(model::Response{});
  }
  EXPECT_EQ(log_.lines().size(), 1U);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(TicketTest, TicketThatIsAssignedOverIsClosedAsInterrupted) {
  Ticket ticket = decided();
  ASSERT_TRUE(ticket.make_durable().ok());
  ticket = decided();
  ASSERT_EQ(log_.lines().size(), 2U);
  EXPECT_EQ(log_.lines()[1].kind, Kind::response);
  EXPECT_TRUE(std::move(ticket).close(model::Response{}).request);
}

TEST_F(TicketTest, ForgottenTicketOnABrokenLogIsTold) {
  ::testing::internal::CaptureStderr();
  {
    Ticket ticket = decided();
    ASSERT_TRUE(ticket.make_durable().ok());
    log_.fail_from(1, 1);
  }
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("ENOSPC"), std::string::npos);
}

TEST_F(TicketTest, ALeaseThatIsHandedOutIsNamedInClear) {
  const Entry entry = decided().close(model::Response{.lease_id = "database/creds/app/xyz"});
  expect_has(entry.response, R"("response":{"secret":{"lease_id":"database/creds/app/xyz"}})");
  expect_json(entry.response);
  const Entry with_data = decided().close(
      model::Response{.data = R"({"password":"p"})", .lease_id = "database/creds/app/xyz"});
  expect_has(with_data.response, R"("secret":{"lease_id":"database/creds/app/xyz"},"data":)");
  expect_json(with_data.response);
}

TEST_F(TicketTest, SystemLineIsOfTheEventsType) {
  const Line line = trail_.system_line("stop", "told to \"stop\"");
  EXPECT_EQ(line.kind, Kind::system);
  EXPECT_EQ(line.body,
            R"({"time":"2026-01-01T00:00:00Z","type":"stop","detail":"told to \"stop\"")");
}

TEST_F(TicketTest, FailureLineClosesItsRequest) {
  const Line line = trail_.failure_line(request_.id, make_error(ErrorCode::unavailable, "no disk"));
  EXPECT_EQ(line.kind, Kind::response);
  EXPECT_EQ(line.request, request_.id);
  expect_has(line, R"("type":"response","request":{"id":"00000000-0000-0000-0000-000000000007"})");
  expect_has(line, R"("error":"no disk")");
  expect_json(line);
}

/// Real lines in a real log: what the ticket renders is what the log takes and the verifier knows.
class TicketInLogTest : public test::LogTest {};

TEST_F(TicketInLogTest, LinesOfAllKindsVerify) {
  const auto log = open();
  Trail trail(*log, make_hasher(), clock_);
  const model::Peer peer{1000, 1000, 1, {}, {}};
  model::Request request;
  request.id = test::id_of(1);
  request.path = "secret/data/a";
  const auto write = [&](const Entry& entry) {
    std::vector<Line> lines;
    if (entry.request) lines.push_back(*entry.request);
    lines.push_back(entry.response);
    append(*log, lines, true);
  };
  write(trail.open(request, peer).close(model::Response{}));
  write(trail.open(request, peer).close(make_error(ErrorCode::not_found, "no such secret")));
  {
    Ticket durable = trail.open(request, peer);
    ASSERT_TRUE(durable.make_durable().ok());
    write(std::move(durable).close(model::Response{}));
  }
  {
    Ticket forgotten = trail.open(request, peer);
    ASSERT_TRUE(forgotten.make_durable().ok());
  }
  Entry lost = trail.open(request, peer).close(model::Response{});
  append(*log,
         {*lost.request, trail.failure_line(request.id, make_error(ErrorCode::internal, "x"))});
  append(*log, {trail.system_line("stop", "told to stop")});
  expect_good(12);
}

}  // namespace
}  // namespace coffer::audit
