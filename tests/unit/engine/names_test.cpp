#include "coffer/engine/names.h"

#include <gtest/gtest.h>

namespace coffer::engine {
namespace {

TEST(Names, AreThoseOfVault) {
  for (const std::string& good : {std::string("a"), std::string("A_9"), std::string("_"),
                                  std::string("bob@home.net"), std::string(128, 'a')}) {
    EXPECT_TRUE(check_name("key", good).ok()) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("-a"), std::string("a."), std::string("@a"), std::string("a b"),
        std::string("a/b"), std::string("a%"), std::string("a\n"), std::string("\xC3\xA4"),
        std::string(129, 'a')}) {
    const auto refused = check_name("key", bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().text.find("name of a key"), std::string::npos);
  }
}

}  // namespace
}  // namespace coffer::engine
