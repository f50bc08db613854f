// What the exec rotator takes of a request, and what it refuses by name.
#include <gtest/gtest.h>

#include "coffer/programs/programs.h"
#include "fakes/failing_transaction.h"

namespace coffer::programs {
namespace {

class OneProgram final : public Runner {
 public:
  [[nodiscard]] const Program* find(std::string_view name) const override {
    return name == program_.name ? &program_ : nullptr;
  }
  [[nodiscard]] Result<Ran> run(std::string_view, std::string_view,
                                const std::stop_token&) override {
    ++runs;
    return Ran{.end = Ran::End::exited, .status = 0, .output = {}};
  }
  int runs = 0;

 private:
  const Program program_{
      .name = "it", .path = "/it", .secrets = {"secret/app", "team/+/db"}, .user = ""};
};

class ExecRotatorTest : public testing::Test {
 protected:
  Result<std::string> take(const std::string& text, std::string_view before = {},
                           std::string_view secret = "secret/app") {
    const auto given = model::Fields::parse(text);
    if (!given.ok()) return given.error();
    return rotator_->take_settings(secret, *given, before);
  }
  OneProgram runner_;
  const std::unique_ptr<lifecycle::Rotator> rotator_ = make_exec_rotator(runner_);
};

TEST_F(ExecRotatorTest, KeepsTheNameOfAProgramThatIsConfigured) {
  const auto kept = take(R"({"program":"it"})");
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(*kept, R"({"program":"it"})");
  const auto still = take("{}", *kept);
  ASSERT_TRUE(still.ok());
  EXPECT_EQ(*still, *kept);
}

TEST_F(ExecRotatorTest, RefusesEverythingElseByTheFieldsName) {
  for (const char* const given :
       {"{}", R"({"program":""})", R"({"program":"canary"})", R"({"program":"/bin/canary"})",
        R"({"program":7})", R"({"program":true})", R"({"program":["canary"]})",
        R"({"program":{"a":"canary"}})"}) {
    const auto kept = take(given);
    ASSERT_FALSE(kept.ok()) << given;
    EXPECT_EQ(kept.error().code, ErrorCode::invalid_argument) << given;
    EXPECT_NE(kept.error().text.find("program"), std::string::npos) << given;
    EXPECT_EQ(kept.error().text.find("canary"), std::string::npos) << given;
  }
}

TEST_F(ExecRotatorTest, RefusesSecretsThatAreNotInTheProgramsList) {
  const std::string text = R"({"program":"it"})";
  EXPECT_TRUE(take(text, {}, "team/a/db").ok());
  for (const char* const secret :
       {"secret/canary", "secret/app/canary", "team/a/canary", "team/a"}) {
    const auto kept = take(text, {}, secret);
    ASSERT_FALSE(kept.ok()) << secret;
    EXPECT_EQ(kept.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(kept.error().text.find("field \"program\""), std::string::npos) << kept.error().text;
    EXPECT_EQ(kept.error().text.find("canary"), std::string::npos) << kept.error().text;
  }
}

TEST_F(ExecRotatorTest, ItsStepsWaitForTheProgramThatIsNamed) {
  fakes::FailingTransaction unused(nullptr, 0);
  EXPECT_EQ(*rotator_->waits_for(unused, R"({"program":"it"})"), "program it");
  EXPECT_FALSE(rotator_->waits_for(unused, "{}").ok());
}

/// The configuration was changed since, or the secret moved.
TEST_F(ExecRotatorTest, LooksAtTheListAtEachStepToo) {
  lifecycle::RotationCall call{.step = lifecycle::RotationStep::set,
                               .secret = "mine/app",
                               .run = {},
                               .settings = R"({"program":"it"})",
                               .current = "{}",
                               .pending = "{}",
                               .previous = {}};
  const auto refused = rotator_->step(call, {});
  EXPECT_EQ(refused.end, lifecycle::StepEnd::unknown) << "what was set already may be in force";
  EXPECT_NE(refused.why.find("don't include"), std::string::npos) << refused.why;
  EXPECT_EQ(runner_.runs, 0);
  call.secret = "secret/app";
  EXPECT_EQ(rotator_->step(call, {}).end, lifecycle::StepEnd::done);
  EXPECT_EQ(runner_.runs, 1);
}

}  // namespace
}  // namespace coffer::programs
