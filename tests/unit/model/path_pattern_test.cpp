#include "coffer/model/path_pattern.h"

#include <gtest/gtest.h>

namespace coffer::model {
namespace {

TEST(PathPattern, IsOnePathUnlessItSaysMore) {
  EXPECT_TRUE(path_fits("secret/app", "secret/app"));
  for (const char* const other :
       {"secret/ap", "secret/appx", "secret/app/x", "secret", "", "app"}) {
    EXPECT_FALSE(path_fits("secret/app", other)) << other;
  }
}

TEST(PathPattern, StarIsWhateverFollows) {
  EXPECT_TRUE(path_fits("secret/app/*", "secret/app/db"));
  EXPECT_TRUE(path_fits("secret/app/*", "secret/app/a/b"));
  EXPECT_TRUE(path_fits("secret/ap*", "secret/app/db"));
  EXPECT_TRUE(path_fits("*", "secret/app"));
  EXPECT_FALSE(path_fits("secret/app/*", "secret/app"));
  EXPECT_FALSE(path_fits("secret/app/*", "secret/application"));
  EXPECT_FALSE(path_fits("secret/app/*", "other/app/db"));
}

TEST(PathPattern, PlusIsAnyOneSegment) {
  EXPECT_TRUE(path_fits("secret/+/db", "secret/app/db"));
  EXPECT_TRUE(path_fits("+/app", "secret/app"));
  EXPECT_TRUE(path_fits("secret/+", "secret/app"));
  EXPECT_TRUE(path_fits("secret/+/db*", "secret/app/db2/x"));
  EXPECT_TRUE(path_fits("secret/+/*", "secret/app/db"));
  EXPECT_FALSE(path_fits("secret/+/db", "secret/a/b/db"));
  EXPECT_FALSE(path_fits("secret/+/db", "secret/db"));
  EXPECT_FALSE(path_fits("secret/+", "secret/app/db"));
  EXPECT_FALSE(path_fits("secret/+", "secret"));
  EXPECT_FALSE(path_fits("secret/+/*", "secret/app"));
  EXPECT_FALSE(path_fits("secret/a+", "secret/ab")) << "within a segment it is itself";
}

TEST(PathPattern, RefusesWhatNoPathCouldFit) {
  for (const char* const good : {"*", "secret/*", "secret/app", "secret/+/db", "secret/a.*"}) {
    EXPECT_TRUE(check_path_pattern(good).ok()) << good;
  }
  for (const char* const bad : {"", "/secret/x", "secret/", "a/*/b", "a/**", "a//b", "a/../b",
                                "a/%41", "a\\b", "a/ b", "\x01"}) {
    const auto checked = check_path_pattern(bad);
    ASSERT_FALSE(checked.ok()) << bad;
    EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace coffer::model
