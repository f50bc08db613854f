// leak respond, on a daemon in miniature: what it asks, what it shows, and in which order it acts.
#include <algorithm>

#include "leak_respond_fixture.h"

namespace coffer::cli {
namespace {

TEST_F(LeakRespond, WithoutFlagsItShowsAndChangesNothing) {
  const Outcome done = run({"leak", "respond", "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  for (const char* told : {"Who could read secret/data/app", "unix role    web", "token-ci",
                           "2026-01-02T00:00:00Z", "ci.service", "What else they had", "alive"}) {
    EXPECT_TRUE(contains(done.out, told)) << told << "\n" << done.out;
  }
  for (const std::string& line : lines()) {
    EXPECT_FALSE(contains(line, "responses")) << line;
    EXPECT_FALSE(contains(line, "revoke")) << line;
  }
}

TEST_F(LeakRespond, AnApiPathIsTakenAsWell) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/data/app", 200, kVersionedMount);
  EXPECT_EQ(run({"leak", "respond", "secret/data/app"}).code, 0);
  EXPECT_TRUE(
      contains(all().at(position("POST /v1/sys/leaks/readers")), R"({"path":"secret/data/app"})"));
}

TEST_F(LeakRespond, ACallerIsSearchedForByWhatNamesHim) {
  EXPECT_EQ(run({"leak", "respond", "-uid=1000"}).code, 0);
  EXPECT_EQ(all().at(1), R"(POST /v1/sys/leaks/accesses {"uid":1000})");
  EXPECT_EQ(run({"leak", "respond", "-unit=ci.service"}).code, 0);
  EXPECT_EQ(run({"leak", "respond", std::string("-token-accessor=") + kAccessor}).code, 0);
  EXPECT_TRUE(asked("POST /v1/auth/token/lookup-accessor"));
  EXPECT_FALSE(asked("POST /v1/sys/leaks/readers"));
}

TEST_F(LeakRespond, OneSubjectIsWanted) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"leak", "respond"},
                                                {"leak", "respond", "-uid=1", "secret/app"},
                                                {"leak", "respond", "-uid=-1"},
                                                {"leak", "respond", "-uid=4294967295"},
                                                {"leak", "respond", "-uid=4294967296"},
                                                {"leak", "respond", "-unit="},
                                                {"leak", "respond", "-unit=a", "-token-accessor=b"},
                                                {"leak", "respond", "-uid=1", "-destroy=1"}}) {
    EXPECT_EQ(run(wrong).code, 1);
  }
  EXPECT_TRUE(all().empty());
}

TEST_F(LeakRespond, WhatIsIntendedIsRecordedBeforeAndDoneAfter) {
  const std::string report = vault_.directory() + "/report.txt";
  const Outcome done = run({"leak", "respond", "-revoke", "-destroy=2", "-response=r",
                            "-report=" + report, "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  const std::size_t recorded = position("POST /v1/sys/leaks/responses/r");
  const std::size_t revoked = position("POST /v1/auth/token/revoke-accessor");
  const std::size_t destroyed = position("POST /v1/secret/destroy/app");
  const std::size_t signed_at = position("POST /v1/sys/leaks/responses/r/sign");
  EXPECT_LT(recorded, destroyed);
  EXPECT_LT(destroyed, revoked);
  EXPECT_LT(revoked, signed_at);
  EXPECT_LT(signed_at, lines().size());
  EXPECT_TRUE(contains(all().at(recorded), R"("outcome":"intended")")) << all().at(recorded);
  EXPECT_EQ(all().at(revoked), R"(POST /v1/auth/token/revoke-accessor {"accessor":"acc1"})");
  EXPECT_EQ(all().at(destroyed), R"(POST /v1/secret/destroy/app {"versions":["2"]})");
  EXPECT_TRUE(contains(all().at(signed_at - 1), R"("outcome":"done")"));
  EXPECT_FALSE(contains(all().at(signed_at - 1), R"("outcome":"intended")"));
  EXPECT_EQ(read(report), "coffer leak report v1\n{}\n");
  EXPECT_EQ(read(report + ".sig"), std::string("\x00\x01\x02", 3));
}

TEST_F(LeakRespond, WhatWasDoneIsNotDoneAgain) {
  vault_.answer(
      "GET /v1/sys/leaks/responses/r", 200,
      R"({"data":{"signed":false,"report":{"steps":[{"act":"revoke","what":"acc1","request":"auth/token/revoke-accessor","body":"{}","outcome":"done"},{"act":"lock","what":"secret/data/app","request":"secret/delete/app","body":"{\"versions\":[\"1\"]}","outcome":"intended"}]}}})");
  EXPECT_EQ(run({"leak", "respond", "-revoke", "-lock=1", "-response=r", "secret/app"}).code, 0);
  EXPECT_FALSE(asked("POST /v1/auth/token/revoke-accessor"));
  EXPECT_FALSE(asked("POST /v1/sys/leaks/accesses")) << "what was found is on record";
  EXPECT_TRUE(asked("POST /v1/secret/delete/app"));
  EXPECT_TRUE(asked("POST /v1/sys/leaks/responses/r/sign"));
}

TEST_F(LeakRespond, ASignedResponseIsOnlyShownAgain) {
  vault_.answer("GET /v1/sys/leaks/responses/r", 200, kSigned);
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(contains(done.out, "Response r is signed"));
  EXPECT_FALSE(asked("POST /v1/auth/token/revoke-accessor"));
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r"));
}

TEST_F(LeakRespond, TheCallersOwnTokenStays) {
  vault_.answer("GET /v1/auth/token/lookup-self", 200, R"({"data":{"accessor":"acc1"}})");
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_FALSE(asked("POST /v1/auth/token/revoke-accessor"));
  EXPECT_TRUE(contains(done.err, "isn't revoked")) << done.err;
}

/// So many readers, acc0 and on.
std::string many_accesses(int count) {
  std::string answer = R"({"data":{"accesses":[)";
  for (int i = 0; i < count; ++i) {
    answer +=
        (i == 0 ? "" : ",") +
        std::string(R"({"path":"secret/data/app","operation":"read","accessor":"acc)") +
        std::to_string(i) +
        R"(","display_name":"token-a-reader-of-many-with-a-long-name","token_type":"service",)"
        R"("uid":1000,"unit":"a-service-with-a-name-of-some-length.service","count":1,)"
        R"("first":"2026-01-01T00:00:00Z","last":"2026-01-02T00:00:00Z","last_request":)"
        R"("6f1c4b5e-6d0b-4b53-9d4e-0a2d4f1a9c77"})";
  }
  return answer + R"(],"made":[],"lines":10,"next":"1:100","until":"1:100","done":true}})";
}

/// The whole report is written each time: a thousand revocations aren't a thousand reports.
TEST_F(LeakRespond, RevocationsAreRecordedManyAtATime) {
  vault_.answer("POST /v1/sys/leaks/accesses", 200, many_accesses(150));
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  const auto seen = lines();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "POST /v1/auth/token/revoke-accessor"), 150);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "POST /v1/sys/leaks/responses/r"), 4)
      << "the intent, 64, 128, and the rest";
}

/// A request has a megabyte; who had it comes first.
TEST_F(LeakRespond, AReportThatIsTooLongLeavesOutWhatTheLogHasAndSaysSo) {
  vault_.answer("POST /v1/sys/leaks/accesses", 200, many_accesses(2500));
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(contains(done.err, "the report has no room for")) << done.err;
  const std::string first = all().at(position("POST /v1/sys/leaks/responses/r"));
  EXPECT_LT(first.size(), std::size_t{1} << 20U);
  EXPECT_TRUE(contains(first, R"("accesses_left_out":)"));
  EXPECT_TRUE(contains(first, R"("accessor":"acc2499")")) << "its token is revoked all the same";
  const auto seen = lines();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "POST /v1/auth/token/revoke-accessor"), 2500);
}

/// At a path that another mount had before: what that one had is elsewhere today.
TEST_F(LeakRespond, WhoReadWhatWasMovedAwayHasNothingOfThis) {
  std::string accesses = kAccesses;
  accesses.replace(accesses.find(R"("operation")"), 0, R"("path_today":"other/data/app",)");
  vault_.answer("POST /v1/sys/leaks/accesses", 200, accesses);
  EXPECT_EQ(run({"leak", "respond", "-revoke", "-response=r", "secret/app"}).code, 0);
  EXPECT_FALSE(asked("POST /v1/auth/token/revoke-accessor"));
}

/// It has names and times, and no value.
TEST_F(LeakRespond, MetadataThatWasReadRotatesNothing) {
  std::string accesses = kAccesses;
  accesses.replace(accesses.find("secret/data/app"), 15, "secret/metadata/app");
  vault_.answer("POST /v1/sys/leaks/accesses", 200, accesses);
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/metadata/app", 200,
                R"({"data":{"path":"secret/","type":"kv","options":{"version":"2"}}})");
  EXPECT_EQ(run({"leak", "respond", "-rotate", "-response=r", "-uid=1000"}).code, 0);
  const auto seen = lines();
  EXPECT_TRUE(std::none_of(seen.begin(), seen.end(), [](const std::string& line) {
    return line.starts_with("POST /v1/secret/rotate/");
  }));
}

TEST_F(LeakRespond, WhatTheCallersTokenComesFromStays) {
  vault_.answer("POST /v1/auth/token/lookup-accessor", 200,
                R"({"data":{"accessor":"x","policies":["app"],"parent":"acc1"}})");
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_FALSE(asked("POST /v1/auth/token/revoke-accessor"));
  EXPECT_TRUE(contains(done.err, "acc1 is one that the token in use comes from")) << done.err;
  EXPECT_TRUE(contains(all().at(position("POST /v1/sys/leaks/responses/r")),
                       R"("kept":[{"accessor":"acc1","why":"is one)"));
}

TEST_F(LeakRespond, ARootTokenStaysUnlessItIsSaid) {
  vault_.answer("POST /v1/auth/token/lookup-accessor", 200,
                R"({"data":{"accessor":"acc1","policies":["root"]}})");
  const Outcome kept = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_TRUE(contains(kept.err, "-revoke-root isn't given")) << kept.err;
  EXPECT_FALSE(asked("POST /v1/auth/token/revoke-accessor"));
  EXPECT_EQ(run({"leak", "respond", "-revoke", "-revoke-root", "-response=r", "secret/app"}).code,
            0);
  EXPECT_TRUE(asked("POST /v1/auth/token/revoke-accessor"));
}

TEST_F(LeakRespond, WhoMayNotLookUpTokensMayNotRevokeThem) {
  vault_.answer("POST /v1/sys/capabilities-self", 200, R"({"data":{"capabilities":["deny"]}})");
  EXPECT_EQ(run({"leak", "respond", "-revoke", "-response=r", "secret/app"}).code, 2);
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r"));
}

TEST_F(LeakRespond, ARefusedStepIsAnOutcomeAndNoSuccess) {
  vault_.answer("POST /v1/sys/capabilities-self", 404, R"({"errors":[]})");
  vault_.answer("POST /v1/auth/token/revoke-accessor", 403, R"({"errors":["permission denied"]})");
  const Outcome done = run({"leak", "respond", "-revoke", "-rotate", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 2) << done.err;
  EXPECT_TRUE(contains(done.out, "revoke acc1: refused: 403")) << done.out;
  EXPECT_TRUE(contains(done.out, "rotate secret/data/app: has no rotator")) << done.out;
  EXPECT_TRUE(contains(done.err, "1 step was refused")) << done.err;
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r/sign")) << "one who may can go on";
}

TEST_F(LeakRespond, WhatWasRefusedIsTriedAgain) {
  vault_.answer(
      "GET /v1/sys/leaks/responses/r", 200,
      R"({"data":{"signed":false,"report":{"subject":{"path":"secret/data/app"},"asked":{"revoke":true},"steps":[{"act":"revoke","what":"acc1","request":"auth/token/revoke-accessor","body":"{}","outcome":"refused: 403"}]}}})");
  for (const std::vector<std::string>& other : {std::vector<std::string>{"-revoke", "secret/other"},
                                                {"-revoke", "-rotate", "secret/app"}}) {
    std::vector<std::string> words = {"leak", "respond", "-response=r"};
    words.insert(words.end(), other.begin(), other.end());
    const Outcome done = run(words);
    EXPECT_EQ(done.code, 1) << done.out;
    EXPECT_TRUE(contains(done.err, "about something else")) << done.err;
  }
  EXPECT_FALSE(asked("POST /v1/auth/token/revoke-accessor"));
  EXPECT_EQ(run({"leak", "respond", "-revoke", "-response=r", "secret/app"}).code, 0);
  EXPECT_TRUE(asked("POST /v1/auth/token/revoke-accessor"));
  EXPECT_TRUE(asked("POST /v1/sys/leaks/responses/r/sign"));
}

TEST_F(LeakRespond, WhoGoesOnDoesNotRevokeHimself) {
  vault_.answer(
      "GET /v1/sys/leaks/responses/r", 200,
      R"({"data":{"signed":false,"report":{"steps":[{"act":"revoke","what":"mine","request":"auth/token/revoke-accessor","body":"{}","outcome":"refused: 403"}]}}})");
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_TRUE(contains(done.out, "refused: the token in use comes from it")) << done.out;
  EXPECT_FALSE(asked("POST /v1/auth/token/revoke-accessor"));
}

TEST_F(LeakRespond, VersionsThatAreNotThereStopItBeforeAnything) {
  const Outcome done =
      run({"leak", "respond", "-revoke", "-lock=1,99", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 2);
  EXPECT_TRUE(contains(done.err, "has no version 99: nothing was done")) << done.err;
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r"));
}

TEST_F(LeakRespond, ATokenThatIsGoneIsNoRefusal) {
  vault_.answer("POST /v1/auth/token/revoke-accessor", 403, R"({"errors":["permission denied"]})");
  vault_.answer("POST /v1/sys/capabilities-self", 200, R"({"data":{"capabilities":["update"]}})");
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_TRUE(contains(done.out, "revoke acc1: gone already")) << done.out;
}

TEST_F(LeakRespond, AStepThatGetsNoAnswerEndsItToBeResumed) {
  vault_.hang_up("POST /v1/auth/token/revoke-accessor");
  const Outcome done = run({"leak", "respond", "-revoke", "-response=r", "secret/app"});
  EXPECT_EQ(done.code, 2);
  EXPECT_TRUE(contains(done.out, "-response=r")) << done.out;
  EXPECT_FALSE(asked("POST /v1/sys/leaks/responses/r/sign"));
}

TEST_F(LeakRespond, ALogOfManyStepsIsGoneOverToItsEnd) {
  vault_.answer("POST /v1/sys/leaks/accesses", 503, R"({"errors":["no"]})");
  EXPECT_EQ(run({"leak", "respond", "-uid=1"}).code, 2);
}

TEST_F(LeakRespond, VersionsAreAListOfNumbers) {
  EXPECT_EQ(
      run({"leak", "respond", "-destroy=1,3", "-destroy=2", "-response=r", "secret/app"}).code, 0);
  EXPECT_EQ(all().at(position("POST /v1/secret/destroy/app")),
            R"(POST /v1/secret/destroy/app {"versions":["1","3","2"]})");
  for (const char* wrong : {"-destroy=1,x", "-lock=1;2"}) {
    const Outcome done = run({"leak", "respond", wrong, "-response=r", "secret/app"});
    EXPECT_EQ(done.code, 1) << wrong;
    EXPECT_TRUE(contains(done.err, "must be numbers")) << done.err;
  }
}

/// A static role of two users, as PATH and as what a caller read.
class LeakRespondStatic : public LeakRespond {
 protected:
  LeakRespondStatic() {
    vault_.answer("GET /v1/sys/internal/ui/mounts/database/static-creds/own", 200,
                  R"({"data":{"path":"database/","type":"database","options":null}})");
    vault_.answer(
        "GET /v1/database/static-roles/own", 200,
        R"({"data":{"username":"a","alternate_username":"b","last_vault_rotation":"then"}})");
    vault_.answer("POST /v1/database/rotate-role/own", 204, "");
  }
  std::size_t rotations() const {
    const auto seen = lines();
    return static_cast<std::size_t>(
        std::count(seen.begin(), seen.end(), "POST /v1/database/rotate-role/own"));
  }
};

TEST_F(LeakRespondStatic, OfTwoUsersBothAreRotated) {
  const Outcome done =
      run({"leak", "respond", "-rotate", "-response=r", "database/static-creds/own"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(rotations(), 2U);
  EXPECT_TRUE(contains(done.out, "rotate database/static-creds/own: done")) << done.out;
}

TEST_F(LeakRespondStatic, WhatACallerReadIsRotatedByItsRole) {
  std::string accesses = kAccesses;
  accesses.replace(accesses.find("secret/data/app"), 15, "database/static-creds/own");
  vault_.answer("POST /v1/sys/leaks/accesses", 200, accesses);
  EXPECT_EQ(run({"leak", "respond", "-rotate", "-response=r", "-uid=1000"}).code, 0);
  EXPECT_EQ(rotations(), 2U);
}

TEST_F(LeakRespondStatic, ARoleThatRotatedMeanwhileIsNotAskedAgain) {
  vault_.answer(
      "GET /v1/sys/leaks/responses/r", 200,
      R"({"data":{"signed":false,"report":{"steps":[{"act":"rotate","what":"database/static-creds/own","request":"database/rotate-role/own","body":"{}","watch":"database/static-roles/own","at_once":true,"rotated_before":"before","outcome":"intended"}]}}})");
  EXPECT_EQ(run({"leak", "respond", "-rotate", "-response=r", "database/static-creds/own"}).code,
            0);
  EXPECT_EQ(rotations(), 0U);
}

TEST_F(LeakRespondStatic, VersionsOfWhatHasNoneAreRefused) {
  EXPECT_EQ(run({"leak", "respond", "-destroy=1", "-response=r", "database/static-creds/own"}).code,
            1);
  EXPECT_FALSE(asked("POST /v1/database/static-creds/own"));
}

/// A secret and its static role have one password.
TEST_F(LeakRespondStatic, WhoReadItAtItsOtherPathIsFoundToo) {
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/data/app", 200, kKvMount);
  vault_.answer("GET /v1/sys/internal/ui/mounts/secret/app", 200, kKvMount);
  vault_.answer("GET /v1/secret/rotation/app", 200,
                R"({"data":{"settings":{"static_role":"database/static-roles/own"}}})");
  vault_.answer("GET /v1/database/static-roles/own", 200,
                R"({"data":{"username":"a","rotated_by":"secret/app"}})");
  for (const char* path : {"secret/app", "database/static-creds/own"}) {
    EXPECT_EQ(run({"leak", "respond", path}).code, 0);
    const auto seen = all();
    for (const char* what : {"readers", "accesses"}) {
      for (const char* where : {"secret/data/app", "database/static-creds/own"}) {
        const std::string line =
            std::string("POST /v1/sys/leaks/") + what + R"( {"path":")" + where + "\"}";
        EXPECT_EQ(std::count(seen.begin(), seen.end(), line),
                  path == std::string("secret/app") ? 1 : 2)
            << line;
      }
    }
  }
}

TEST_F(LeakRespondStatic, WhereItMayNotBeToldAWarningSaysSo) {
  vault_.answer("GET /v1/database/static-roles/own", 403, R"({"errors":["no"]})");
  const Outcome done = run({"leak", "respond", "database/static-creds/own"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(contains(done.err, "isn't looked for")) << done.err;
}

TEST_F(LeakRespond, TokensThatWereMadeAreSearchedForToo) {
  std::string accesses = kAccesses;
  accesses.replace(accesses.find(R"("made":[])"), 9,
                   R"("made":[{"accessor":"child","made_by":"acc1"}])");
  vault_.answer("POST /v1/sys/leaks/accesses", 200, accesses);
  const auto searched_for_child = [this] {
    const auto seen = all();
    return std::count(seen.begin(), seen.end(),
                      R"(POST /v1/sys/leaks/accesses {"accessors":["child"]})");
  };
  const Outcome done = run(
      {"leak", "respond", "-revoke", "-response=r", std::string("-token-accessor=") + kAccessor});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(searched_for_child(), 1);
  EXPECT_TRUE(contains(done.out, "revoke child: done")) << done.out;
  vault_.answer("GET /v1/auth/token/lookup-self", 200, R"({"data":{"accessor":"acc1"}})");
  EXPECT_EQ(run({"leak", "respond", "-uid=1000"}).code, 0);
  EXPECT_EQ(searched_for_child(), 1) << "what the one who asks made isn't followed";
}

}  // namespace
}  // namespace coffer::cli
