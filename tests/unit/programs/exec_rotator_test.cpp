// What the exec rotator takes of a request, and what it refuses by name.
#include <gtest/gtest.h>

#include "coffer/programs/programs.h"

namespace coffer::programs {
namespace {

class OneProgram final : public Runner {
 public:
  [[nodiscard]] bool knows(std::string_view name) const override { return name == "it"; }
  [[nodiscard]] Result<Ran> run(std::string_view, std::string_view,
                                const std::stop_token&) override {
    return make_error(ErrorCode::unavailable, "not in this test");
  }
};

class ExecRotatorTest : public testing::Test {
 protected:
  Result<std::string> take(const std::string& text, std::string_view before = {}) {
    const auto given = model::Fields::parse(text);
    if (!given.ok()) return given.error();
    return rotator_->take_settings("secret/app", *given, before);
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

}  // namespace
}  // namespace coffer::programs
