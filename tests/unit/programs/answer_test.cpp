// What a program is asked, and what its answers mean.
#include "src/programs/answer.h"

#include <gtest/gtest.h>

#include "coffer/model/json_tree.h"

namespace coffer::programs {
namespace {

using lifecycle::RotationStep;
using lifecycle::StepEnd;
using lifecycle::StepResult;

StepResult after(RotationStep step, const std::string& output, int status = 0,
                 Ran::End end = Ran::End::exited) {
  return judge(step, {.end = end, .status = status, .output = output});
}

TEST(ProgramRequest, HasTheWordsOfAwsAndTheValues) {
  const std::string text = request_text({.step = RotationStep::set,
                                         .secret = "secret/app/db",
                                         .run = Uuid{{1}},
                                         .settings = "{}",
                                         .current = R"({"password":"a"})",
                                         .pending = R"({"password":"b"})",
                                         .previous = ""});
  EXPECT_EQ(text, R"({"SecretId":"secret/app/db","ClientRequestToken":)"
                  R"("01000000-0000-0000-0000-000000000000","Step":"setSecret",)"
                  R"("Current":{"password":"a"},"Pending":{"password":"b"},"Previous":null})"
                  "\n");
}

TEST(ProgramRequest, NamesEachStep) {
  const std::pair<RotationStep, const char*> all[] = {{RotationStep::create, "createSecret"},
                                                      {RotationStep::set, "setSecret"},
                                                      {RotationStep::test, "testSecret"},
                                                      {RotationStep::finish, "finishSecret"}};
  for (const auto& [step, name] : all) {
    lifecycle::RotationCall call;
    call.step = step;
    const auto tree = *model::Json::parse(request_text(call));
    EXPECT_EQ(tree.find("Step")->text(), name);
  }
}

TEST(ProgramAnswer, NothingAndAnEmptyObjectMeanDone) {
  for (const char* output : {"", "\n", "{}", " {}\n", R"({"Refused":false})", R"({"more":1})"}) {
    EXPECT_EQ(after(RotationStep::set, output).end, StepEnd::done) << output;
  }
}

TEST(ProgramAnswer, OnlyARefusalIsDefinite) {
  EXPECT_EQ(after(RotationStep::set, R"({"Refused":true})").end, StepEnd::refused);
  EXPECT_EQ(after(RotationStep::set, R"({"Refused":true})", 3).end, StepEnd::refused);
  for (const char* output : {"oops", "[]", "{", R"({"Refused":1})", "\xff", R"({"a":1,"a":2})"}) {
    EXPECT_EQ(after(RotationStep::set, output).end, StepEnd::unknown) << output;
  }
  EXPECT_EQ(after(RotationStep::set, "", 1).end, StepEnd::unknown);
  EXPECT_EQ(after(RotationStep::set, "{}", 1).end, StepEnd::unknown);
  for (const auto end : {Ran::End::signalled, Ran::End::deadline, Ran::End::not_begun,
                         Ran::End::too_much, Ran::End::cut}) {
    EXPECT_EQ(after(RotationStep::set, R"({"Refused":true})", 0, end).end, StepEnd::unknown);
  }
}

TEST(ProgramAnswer, CreateGivesAnObjectOrOneAsText) {
  EXPECT_EQ(after(RotationStep::create, R"({"SecretValue":{"a":"b"}})").value, R"({"a":"b"})");
  EXPECT_EQ(after(RotationStep::create, R"({"SecretString":"{\"a\":\"b\"}"})").value,
            R"({"a":"b"})");
  EXPECT_EQ(after(RotationStep::create, "{}").value, "") << "what was proposed";
  for (const char* output :
       {R"({"SecretString":"text"})", R"({"SecretString":"[1]"})", R"({"SecretString":""})",
        R"({"SecretString":5})", R"({"SecretValue":"text"})", R"({"SecretValue":[1]})",
        R"({"SecretString":"{}"})", R"({"SecretValue":{}})", R"({"SecretValue":{ }})"}) {
    const StepResult result = after(RotationStep::create, output);
    EXPECT_EQ(result.end, StepEnd::refused) << output;
    EXPECT_TRUE(result.value.empty()) << output;
  }
}

TEST(ProgramAnswer, AStatusThatMayMeanThatItNeverRanIsToldAsBoth) {
  const auto why = after(RotationStep::set, "", 126, Ran::End::not_begun).why;
  EXPECT_NE(why.find("could not be started, or ended with status 126"), std::string::npos) << why;
}

TEST(ProgramAnswer, OnlyCreateGivesAValue) {
  EXPECT_TRUE(after(RotationStep::set, R"({"SecretValue":{"a":"b"}})").value.empty());
}

TEST(ProgramAnswer, NothingThatAProgramWroteIsInTheReason) {
  for (const std::string output :
       {"canary", R"({"canary":"canary","Refused":true})", R"({"SecretString":"canary"})"}) {
    for (const int status : {0, 1}) {
      const auto why = after(RotationStep::create, output, status).why;
      EXPECT_EQ(why.find("canary"), std::string::npos) << why;
    }
  }
}

}  // namespace
}  // namespace coffer::programs
