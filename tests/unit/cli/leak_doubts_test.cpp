// leak respond, where "gone" would say too much: who isn't known, and what tokens left that are
// gone.
#include "leak_respond_fixture.h"

namespace coffer::cli {
namespace {

class LeakDoubts : public LeakRespond {};

TEST_F(LeakDoubts, WhatIsNoAccessorIsNotSentAndNotTold) {
  const std::string token = "hvs.AbCdEf0123456789AbCdEf0123456789AbCdEf01234";
  for (const std::string& wrong :
       {token, std::string("typo123"), std::string("AbCdEf0123456789.._AbCdEf"), "x" + token}) {
    const Outcome done =
        run({"leak", "respond", "-revoke", "-response=r", "-token-accessor=" + wrong});
    EXPECT_EQ(done.code, 1) << wrong;
    EXPECT_TRUE(contains(done.err, "-token-accessor is")) << done.err;
    EXPECT_FALSE(contains(done.out + done.err, wrong));
  }
  EXPECT_TRUE(all().empty());
}

TEST_F(LeakDoubts, ASubjectThatNothingKnowsIsNoAllClear) {
  vault_.answer("POST /v1/sys/leaks/accesses", 200, kNothing);
  vault_.answer("POST /v1/auth/token/lookup-accessor", 403, R"({"errors":["permission denied"]})");
  vault_.answer("POST /v1/sys/leases/owned", 200, R"({"data":{"lease_count":0,"lease_ids":[]}})");
  vault_.answer("LIST /v1/auth/unix/role", 200, R"({"data":{"keys":["web"]}})");
  vault_.answer("GET /v1/auth/unix/role/web", 200,
                R"({"data":{"bound_uids":[1001],"bound_units":["web.service"]}})");
  for (const std::string& subject : {std::string("-token-accessor=") + kAccessor,
                                     std::string("-unit=no-such.service"), std::string("-uid=7")}) {
    for (const bool effects : {false, true}) {
      std::vector<std::string> words = {"leak", "respond", "-response=r", subject};
      if (effects) words.emplace_back("-revoke");
      const Outcome done = run(words);
      EXPECT_EQ(done.code, 2) << subject;
      EXPECT_TRUE(contains(done.err, "Nothing knows the -")) << done.err;
      EXPECT_FALSE(contains(done.out, "gone")) << done.out;
    }
  }
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r"));
  for (const char* known : {"-unit=web.service", "-uid=1001"}) {
    const Outcome done = run({"leak", "respond", known});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_TRUE(contains(done.out, "name the subject: web")) << done.out;
  }
  vault_.answer("POST /v1/sys/leases/owned", 200,
                R"({"data":{"lease_count":1,"lease_ids":["database/creds/app/x"]}})");
  EXPECT_EQ(run({"leak", "respond", std::string("-token-accessor=") + kAccessor}).code, 0);
}

/// As after a restore: it is void, and what it was given stands.
TEST_F(LeakDoubts, WhatATokenThatIsGoneLeftIsShownAndEnded) {
  vault_.answer("POST /v1/auth/token/lookup-accessor", 403, R"({"errors":["permission denied"]})");
  vault_.answer("POST /v1/sys/leases/owned", 200,
                R"({"data":{"lease_count":1,"lease_ids":["database/creds/app/x"]}})");
  vault_.answer("POST /v1/sys/leases/revoke-owned", 204, "");
  const Outcome shown = run({"leak", "respond", "secret/app"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_TRUE(contains(shown.out, "acc1        gone     1")) << shown.out;
  EXPECT_TRUE(contains(shown.out, "-revoke ends them")) << shown.out;
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(contains(done.out, "end leases of acc1: done")) << done.out;
  EXPECT_TRUE(contains(all().at(position("POST /v1/sys/leaks/responses/r")),
                       R"("lease_ids":["database/creds/app/x"])"));
  EXPECT_EQ(all().at(position("POST /v1/sys/leases/revoke-owned")),
            R"(POST /v1/sys/leases/revoke-owned {"accessor":"acc1"})");
}

/// The reader and what he made were void before anyone revoked them.
TEST_F(LeakDoubts, WhatAGoneReadersTokensLeftIsEndedToo) {
  std::string accesses = kAccesses;
  accesses.replace(accesses.find(R"("made":[])"), 9,
                   R"("made":[{"accessor":"child","made_by":"acc1"}])");
  vault_.answer("POST /v1/sys/leaks/accesses", 200, accesses);
  vault_.answer("POST /v1/sys/leases/owned", 200,
                R"({"data":{"lease_count":1,"lease_ids":["database/creds/app/x"]}})");
  vault_.answer("POST /v1/sys/leases/revoke-owned", 204, "");
  const Outcome alive = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_FALSE(contains(alive.out, "end leases of")) << alive.out;
  vault_.answer("POST /v1/auth/token/lookup-accessor", 403, R"({"errors":["permission denied"]})");
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(contains(done.out, "end leases of acc1: done")) << done.out;
  EXPECT_TRUE(contains(done.out, "end leases of child: done")) << done.out;
}

TEST_F(LeakDoubts, LeasesThatMayNotBeEndedAreNoSuccess) {
  vault_.answer("POST /v1/auth/token/lookup-accessor", 403, R"({"errors":["permission denied"]})");
  for (const char* path : {"POST /v1/sys/leases/owned", "POST /v1/sys/leases/revoke-owned"}) {
    vault_.answer(path, 403, R"({"errors":["permission denied"]})");
  }
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_TRUE(contains(done.out, "not told")) << done.out;
  EXPECT_TRUE(contains(done.out, "end leases of acc1: refused: 403")) << done.out;
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r/sign"));
}

/// Planned before a restore, gone on with after it.
TEST_F(LeakDoubts, ATokenThatWentMeanwhileLeavesNoLeases) {
  vault_.answer("POST /v1/auth/token/revoke-accessor", 200, R"({"warnings":null})");
  vault_.answer("POST /v1/sys/leases/revoke-owned", 204, "");
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_TRUE(contains(done.out, "revoke acc1: gone already")) << done.out;
  EXPECT_EQ(all().at(position("POST /v1/sys/leases/revoke-owned")),
            R"(POST /v1/sys/leases/revoke-owned {"accessor":"acc1"})");
  EXPECT_FALSE(contains(done.err, "couldn't be seen to")) << done.err;
}

TEST_F(LeakDoubts, WhoMayNotEndThemSignsNothing) {
  vault_.answer("POST /v1/auth/token/revoke-accessor", 200, R"({"warnings":null})");
  vault_.answer("POST /v1/sys/leases/revoke-owned", 403, R"({"errors":["permission denied"]})");
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 2);
  EXPECT_TRUE(contains(done.out, "revoke acc1: refused: 403")) << done.out;
  EXPECT_TRUE(contains(done.err, "couldn't be seen to")) << done.err;
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r/sign"));
}

/// To whom lookups are denied, they are answered as of tokens that are gone.
TEST_F(LeakDoubts, WhetherTokensAreAliveMayNotBeKnown) {
  const char* const denied = R"({"errors":["permission denied"]})";
  vault_.answer("POST /v1/auth/token/lookup-accessor", 403, denied);
  for (const auto& [status, answer] :
       {std::pair{200, R"({"data":{"capabilities":["deny"]}})"}, std::pair{403, denied}}) {
    vault_.answer("POST /v1/sys/capabilities-self", status, answer);
    const Outcome shown = run({"leak", "respond", "secret/app"});
    EXPECT_EQ(shown.code, 2);
    EXPECT_TRUE(contains(shown.out, "acc1        not told")) << shown.out;
    EXPECT_FALSE(contains(shown.out, "gone")) << shown.out;
    EXPECT_TRUE(contains(shown.err, "which tokens are alive isn't told")) << shown.err;
    const Outcome json = run({"leak", "respond", "-format=json", "secret/app"});
    EXPECT_EQ(json.code, 2);
    EXPECT_FALSE(contains(json.out, "\"alive\"")) << json.out;
    const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
    EXPECT_EQ(done.code, 2);
    EXPECT_TRUE(contains(done.err, "nothing was done")) << done.err;
  }
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r"));
  EXPECT_EQ(run({"leak", "respond", "-lock=1", "-response=r", "secret/app"}).code, 0)
      << "what doesn't need it is done, with the warning";
}

}  // namespace
}  // namespace coffer::cli
