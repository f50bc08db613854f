// Who did what, out of the log's files: in steps, over segments, up to where it ended.
#include "coffer/audit/search.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fakes/child_process.h"

namespace coffer::audit {
namespace {

class SearchTest : public testing::Test {
 protected:
  SearchTest() : directory_(*fakes::make_temporary_directory("audit-search-")) {}
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static std::string line(const std::string& type, const std::string& path,
                          const std::string& accessor, const std::string& more = "") {
    return R"({"time":"2026-01-01T00:00:00Z","type":")" + type +
           R"(","request":{"id":"7d0f5a52-9a8f-4a2e-8a39-0c7f8f0f6c01","operation":"read","path":")" +
           path + R"("},"auth":{"accessor":")" + accessor +
           R"(","display_name":"app","token_type":"service"},"peer":{"uid":1000,"gid":1000,"pid":4,"unit":"app.service"})" +
           more + "}\n";
  }
  void segment(std::uint64_t first, const std::string& text) {
    std::string digits = std::to_string(first);
    digits.insert(0, 20 - digits.size(), '0');
    std::ofstream(directory_ + "/audit-" + digits + ".jsonl") << text;
  }
  /// All paths that were found, each with what step found it.
  std::vector<std::string> search(std::uint64_t most, const std::vector<std::string>& needles) {
    std::vector<std::string> paths;
    const LogPlace until = *log_end(directory_);
    steps_ = 0;
    for (LogPlace from;;) {
      const auto step =
          search_log(directory_, from, until, most, needles, [&](const Access& access) {
            paths.push_back(access.path);
            return true;
          });
      EXPECT_TRUE(step.ok()) << describe(step.error());
      ++steps_;
      if (!step.ok() || step->done) return paths;
      from = step->next;
    }
  }

  const std::string directory_;
  std::size_t steps_ = 0;
};

using Paths = std::vector<std::string>;

TEST_F(SearchTest, FindsAnswersAndNotRequestsOrErrors) {
  segment(1, line("request", "a", "x") + line("response", "a", "x") +
                 line("response", "b", "x", R"(,"error":"permission denied")") +
                 line("response", "c", "y") + line("response", "d", "x"));
  EXPECT_EQ(search(1 << 20U, {R"("accessor":"x")"}), (Paths{"a", "d"}));
  EXPECT_EQ(search(1 << 20U, {R"("accessor":"x")", R"("accessor":"y")"}), (Paths{"a", "c", "d"}));
  EXPECT_EQ(search(1 << 20U, {R"("accessor":"z")"}), Paths());
}

TEST_F(SearchTest, TellsWhoAndWhen) {
  segment(1, line("response", "secret/data/app", "x"));
  Access seen;
  const auto step = search_log(directory_, {}, *log_end(directory_), 1000, {"secret/data/app"},
                               [&](const Access& access) {
                                 seen = access;
                                 return true;
                               });
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->lines, 1U);
  EXPECT_EQ(seen.time, "2026-01-01T00:00:00Z");
  EXPECT_EQ(seen.request, "7d0f5a52-9a8f-4a2e-8a39-0c7f8f0f6c01");
  EXPECT_EQ(seen.operation, "read");
  EXPECT_EQ(seen.display_name, "app");
  EXPECT_EQ(seen.uid, 1000);
  EXPECT_EQ(seen.unit, "app.service");
  EXPECT_EQ(seen.token_type, "service");
}

TEST_F(SearchTest, SmallStepsFindTheSameOverAllSegments) {
  std::string first;
  std::string second;
  Paths all;
  for (int i = 0; i < 20; ++i) {
    (i < 12 ? first : second) += line("response", std::to_string(i), "x");
    all.push_back(std::to_string(i));
  }
  segment(1, first);
  segment(13, second);
  const std::vector<std::string> needles{R"("accessor":"x")"};
  EXPECT_EQ(search(1 << 20U, needles), all);
  EXPECT_EQ(steps_, 1U);
  EXPECT_EQ(search(1, needles), all);
  EXPECT_GE(steps_, 20U) << "one line a step";
  EXPECT_EQ(search(700, needles), all);
}

TEST_F(SearchTest, GoesNoFurtherThanTheEndThatItWasGiven) {
  segment(1, line("response", "a", "x"));
  const LogPlace until = *log_end(directory_);
  segment(1, line("response", "a", "x") + line("response", "later", "x"));
  segment(3, line("response", "much later", "x"));
  Paths paths;
  const auto step =
      search_log(directory_, {}, until, 1 << 20U, {R"("accessor":"x")"}, [&](const Access& access) {
        paths.push_back(access.path);
        return true;
      });
  EXPECT_EQ(paths, Paths{"a"});
  EXPECT_TRUE(step->done);
}

TEST_F(SearchTest, ALineThatIsBeingWrittenAndOneThatIsNoJsonArePassedBy) {
  const std::string whole = line("response", "a", "x");
  segment(1, "{\"accessor\":\"x\" broken\n" + whole + whole.substr(0, whole.size() - 20));
  EXPECT_EQ(search(1 << 20U, {R"("accessor":"x")"}), Paths{"a"});
}

TEST_F(SearchTest, ASegmentThatWasArchivedIsPassedBy) {
  segment(13, line("response", "kept", "x"));
  Paths paths;
  const auto step = search_log(directory_, {.segment = 1, .offset = 5000}, *log_end(directory_),
                               1 << 20U, {R"("accessor":"x")"}, [&](const Access& access) {
                                 paths.push_back(access.path);
                                 return true;
                               });
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(paths, Paths{"kept"});
}

TEST_F(SearchTest, WithoutALogThereIsNothingToSearch) {
  EXPECT_EQ(log_end(directory_).error().code, ErrorCode::not_found);
  EXPECT_EQ(search_log(directory_, {}, {}, 1, {}, {}).error().code, ErrorCode::not_found);
  EXPECT_EQ(log_end(directory_ + "/none").error().code, ErrorCode::not_found);
}

TEST_F(SearchTest, TellsOfTokensThatWereMade) {
  const std::string child = R"(,"response":{"auth":{"client_token":"h","accessor":"child"}})";
  segment(1, line("response", "auth/token/create", "x", child) +
                 line("response", "auth/token/create/role", "x", child) +
                 line("response", "auth/token/renew-accessor", "x", child) +
                 line("response", "secret/data/app", "x"));
  std::vector<std::string> made;
  const auto step = search_log(directory_, {}, *log_end(directory_), 1 << 20U,
                               {R"("accessor":"x")"}, [&](const Access& access) {
                                 made.push_back(access.made);
                                 return true;
                               });
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(made, (Paths{"child", "child", "", ""}));
}

/// Nothing is passed by for want of room: the step ends there, and the next one begins with it.
TEST_F(SearchTest, AStepEndsBeforeWhatIsNotTaken) {
  segment(1, line("response", "a", "x") + line("response", "b", "x") + line("response", "c", "x"));
  segment(4, line("response", "d", "x"));
  std::vector<std::string> all;
  std::size_t steps = 0;
  for (LogPlace from;; ++steps) {
    std::vector<std::string> paths;
    const auto step = search_log(directory_, from, *log_end(directory_), 1 << 20U,
                                 {R"("accessor":"x")"}, [&](const Access& access) {
                                   if (paths.size() == 2) return false;
                                   paths.push_back(access.path);
                                   return true;
                                 });
    ASSERT_TRUE(step.ok());
    EXPECT_EQ(step->lines, paths.size());
    all.insert(all.end(), paths.begin(), paths.end());
    if (step->done) break;
    from = step->next;
  }
  EXPECT_EQ(all, (Paths{"a", "b", "c", "d"}));
  EXPECT_EQ(steps, 1U);
}

}  // namespace
}  // namespace coffer::audit
