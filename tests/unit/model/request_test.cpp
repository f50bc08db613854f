#include "coffer/model/request.h"

#include <gtest/gtest.h>

namespace coffer::model {
namespace {

TEST(Operation, HasVaultsWords) {
  EXPECT_EQ(to_string(Operation::read), "read");
  EXPECT_EQ(to_string(Operation::list), "list");
  EXPECT_EQ(to_string(Operation::create), "create");
  EXPECT_EQ(to_string(Operation::update), "update");
  EXPECT_EQ(to_string(Operation::patch), "patch");
  EXPECT_EQ(to_string(Operation::remove), "delete");
  EXPECT_EQ(to_string(Operation::help), "help");
}

TEST(Response, IsAnEmptySuccessUnlessSaidOtherwise) {
  const Response response;
  EXPECT_EQ(response.outcome, Outcome::ok);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.data.empty());
  EXPECT_TRUE(response.warnings.empty());
}

}  // namespace
}  // namespace coffer::model
