#include <gtest/gtest.h>

#include "coffer/policy/policy.h"

namespace coffer::policy {
namespace {

using model::Operation;

model::Caller caller_with(std::vector<std::string> policies) {
  model::Caller caller;
  caller.policies = std::move(policies);
  return caller;
}

constexpr Operation kAll[] = {Operation::read,   Operation::list,  Operation::create,
                              Operation::update, Operation::patch, Operation::remove,
                              Operation::help};

TEST(Decide, RootMayDoEverything) {
  for (const Operation operation : kAll) {
    const auto decision = decide(caller_with({"root"}), operation, "sys/anything");
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.policy, "root");
    EXPECT_FALSE(decision.why.empty());
  }
}

TEST(Decide, NobodyElseMayDoAnything) {
  for (const auto& policies : std::vector<std::vector<std::string>>{{},
                                                                    {"default"},
                                                                    {"Root"},
                                                                    {"root "},
                                                                    {" root"},
                                                                    {"root", "default"},
                                                                    {"root", "root"}}) {
    for (const Operation operation : kAll) {
      EXPECT_FALSE(decide(caller_with(policies), operation, "secret/data/a").allowed);
    }
  }
}

}  // namespace
}  // namespace coffer::policy
