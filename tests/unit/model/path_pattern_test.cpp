#include "coffer/model/path_pattern.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace coffer::model {
namespace {

using Paths = std::vector<std::string_view>;

void expect_fits(std::string_view pattern, const Paths& fitting, const Paths& others) {
  for (const std::string_view path : fitting) EXPECT_TRUE(path_fits(pattern, path)) << path;
  for (const std::string_view path : others) {
    EXPECT_FALSE(path_fits(pattern, path)) << pattern << " and " << path;
  }
}

TEST(PathPattern, IsOnePathUnlessItSaysMore) {
  expect_fits("secret/app", {"secret/app"},
              {"secret/ap", "secret/appx", "secret/app/x", "secret", "", "app"});
}

TEST(PathPattern, StarIsWhateverFollows) {
  expect_fits("secret/app/*", {"secret/app/db", "secret/app/a/b"},
              {"secret/app", "secret/application", "other/app/db"});
  expect_fits("secret/ap*", {"secret/app/db"}, {});
  expect_fits("*", {"secret/app"}, {});
}

TEST(PathPattern, PlusIsAnyOneSegment) {
  expect_fits("secret/+/db", {"secret/app/db"}, {"secret/a/b/db", "secret/db"});
  expect_fits("+/app", {"secret/app"}, {});
  expect_fits("secret/+", {"secret/app"}, {"secret/app/db", "secret"});
  expect_fits("secret/+/db*", {"secret/app/db2/x"}, {});
  expect_fits("secret/+/*", {"secret/app/db"}, {"secret/app"});
  // Within a segment it is itself.
  expect_fits("secret/a+", {"secret/a+"}, {"secret/ab"});
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
