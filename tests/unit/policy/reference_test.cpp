// The compiled decision against the naive one. COFFER_POLICY_CASES: how many cases (scripts/nightly
// asks for millions); 2000 otherwise. RC_PARAMS reproduces a failure, as rapidcheck says.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <charconv>
#include <cstdlib>
#include <set>
#include <sstream>

#include "fakes/policy_cases.h"

namespace coffer::policy {
namespace {

constexpr int kBytes = 300;

int wanted_cases() {
  const char* asked = std::getenv("COFFER_POLICY_CASES");
  const std::string_view text(asked == nullptr ? "" : asked);
  int cases = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), cases);
  return problem == std::errc{} && end == text.data() + text.size() && cases > 0 ? cases : 2'000;
}

rc::Gen<std::vector<std::uint8_t>> bytes() {
  return rc::gen::container<std::vector<std::uint8_t>>(
      kBytes, rc::gen::map(rc::gen::inRange(0, 256),
                           [](int value) { return static_cast<std::uint8_t>(value); }));
}

TEST(Reference, AgreesOnRandomPoliciesAndPaths) {
  // RC_PARAMS still sets seed and sizes.
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = wanted_cases();
  const auto result = rc::detail::checkTestable(
      [] {
        const std::string found = fakes::disagreement(fakes::case_of(*bytes()));
        if (!found.empty()) RC_FAIL(found);
      },
      rc::detail::TestMetadata{}, params);
  std::ostringstream said;
  rc::detail::printResultMessage(result, said);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << said.str();
}

// A comparison that never gets to the interesting places proves nothing.
TEST(Reference, TheCasesReachEverything) {
  std::set<std::string> shapes;
  int allowed = 0;
  int refused_by_rule = 0;
  int unmatched = 0;
  std::uint64_t state = 1;
  for (int i = 0; i < 2'000; ++i) {
    std::vector<std::uint8_t> random(kBytes);
    for (auto& byte : random) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      byte = static_cast<std::uint8_t>(state >> 56U);
    }
    const auto made = fakes::case_of(random);
    const auto rules = fakes::reference::table(made.policies);
    for (const auto& question : made.questions) {
      const auto answer = fakes::reference::decide(rules, question);
      if (question.operation == "help") continue;
      allowed += answer.allowed ? 1 : 0;
      refused_by_rule += !answer.allowed && !answer.rule.empty() ? 1 : 0;
      unmatched += answer.rule.empty() ? 1 : 0;
      if (answer.rule.empty()) continue;
      shapes.insert(fakes::reference::is_exact(answer.rule)    ? "exact"
                    : fakes::reference::is_prefix(answer.rule) ? "prefix"
                    : fakes::reference::has_star(answer.rule)  ? "plus and star"
                                                               : "plus");
    }
  }
  EXPECT_EQ(shapes.size(), 4U);
  EXPECT_GT(allowed, 500);
  EXPECT_GT(refused_by_rule, 2'000);
  EXPECT_GT(unmatched, 1'000);
}

}  // namespace
}  // namespace coffer::policy
