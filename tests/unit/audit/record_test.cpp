// Looking for who did what in a log.
#include "coffer/audit/record.h"

#include "coffer/audit/archive.h"
#include "coffer/audit/trail.h"
#include "log_kit.h"
#include "src/audit/segments.h"

namespace coffer::audit::test {
namespace {

std::string body(std::string_view operation, std::string_view path, std::string_view who,
                 std::string_view more = {}) {
  std::string text = R"(,"request":{"id":"@","operation":")";
  text.append(operation).append(R"(","path":")").append(path);
  text.append(R"("},"auth":{"accessor":"acc-)").append(who).append(R"(","display_name":")");
  text.append(who).append(R"(","policies":["default",")").append(who).append(R"("])");
  text.append(more.empty() ? "}" : more);
  return text.append(R"(,"peer":{"uid":1000,"unit":"app.service"})");
}

class RecordTest : public LogTest {
 protected:
  void SetUp() override { log_ = open(); }

  /// The first line of a request alone.
  void ask(std::string_view operation, std::string_view path, std::string_view who) {
    ++number_;
    const std::string time = "2026-01-01T00:0" + std::to_string(number_ % 10) + ":00.5Z";
    std::string more = body(operation, path, who);
    more.replace(more.find('@'), 1, to_string(id_of(number_)));
    more.append(R"(,"rule":{"path":"secret/*","policy":")").append(who).append("\"}");
    append(*log_,
           {{Line::Kind::request, id_of(number_),
             R"({"time":")" + time + R"(","type":"request")" + more}},
           true);
  }
  /// Both lines of a request; the time of both is `minute` past midnight.
  void add(std::string_view operation, std::string_view path, std::string_view who,
           std::string_view after = {}, std::string_view auth = {}) {
    ++number_;
    const std::string time = "2026-01-01T00:0" + std::to_string(number_ % 10) + ":00.5Z";
    std::string more = body(operation, path, who, auth);
    const std::size_t at = more.find('@');
    more.replace(at, 1, to_string(id_of(number_)));
    Line ask{Line::Kind::request, id_of(number_), R"({"time":")" + time + R"(","type":"request")"};
    Line end{Line::Kind::response, id_of(number_),
             R"({"time":")" + time + R"(","type":"response")"};
    ask.body.append(more);
    end.body.append(more).append(after);
    append(*log_, {ask, end}, true);
  }
  void add_usual() {
    add("read", "secret/data/app", "app", R"(,"rule":{"path":"secret/data/*","policy":"app"})");
    add("update", "secret/data/app", "ops", R"(,"rule":{"path":"secret/*","policy":"ops"})");
    add("read", "secret/data/other", "app", R"(,"error":"permission denied")",
        R"(,"policy_results":{"allowed":false}})");
    add("read", "secret/data/gone", "ops", R"(,"error":"no such secret")",
        R"(,"policy_results":{"allowed":true}})");
  }
  [[nodiscard]] std::vector<std::string> paths(const RecordFilter& filter) const {
    std::vector<std::string> found;
    const auto done = find_records(directory_.path(), filter,
                                   [&](const Record& record) { found.push_back(record.path); });
    EXPECT_TRUE(done.ok()) << describe(done.error());
    return found;
  }

  std::unique_ptr<Log> log_;
  std::uint64_t number_ = 0;
};

using Paths = std::vector<std::string>;

TEST_F(RecordTest, TellsWhoDidWhatByWhichRuleAndHowItEnded) {
  add_usual();
  std::vector<Record> all;
  ASSERT_TRUE(find_records(directory_.path(), {}, [&](const Record& record) {
                all.push_back(record);
              }).ok());
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].operation, "read");
  EXPECT_EQ(all[0].path, "secret/data/app");
  EXPECT_EQ(all[0].accessor, "acc-app");
  EXPECT_EQ(all[0].caller(), "app");
  EXPECT_EQ(all[0].policies, (Paths{"default", "app"}));
  EXPECT_EQ(all[0].uid, 1000);
  EXPECT_EQ(all[0].unit, "app.service");
  EXPECT_EQ(all[0].rule, "secret/data/*");
  EXPECT_EQ(all[0].policy, "app");
  EXPECT_EQ(all[0].request, to_string(id_of(1)));
  EXPECT_EQ(all[0].sequence, 3U);
  EXPECT_EQ(all[0].time, "2026-01-01T00:01:00.5Z");
  EXPECT_EQ(all[0].ending, Ending::served);
  EXPECT_EQ(all[2].ending, Ending::denied);
  EXPECT_EQ(all[3].ending, Ending::failed);
  EXPECT_EQ(all[3].error, "no such secret");
}

TEST_F(RecordTest, AreFoundByEachThingThatTheyTell) {
  add_usual();
  EXPECT_EQ(paths({.path = "secret/data/app"}), (Paths{"secret/data/app", "secret/data/app"}));
  EXPECT_EQ(paths({.path = "secret/*/o*"}), (Paths{"secret/data/other"}));
  EXPECT_EQ(paths({.path = "*gone"}), (Paths{"secret/data/gone"}));
  EXPECT_EQ(paths({.path = "secret/data/ap"}), Paths());
  EXPECT_EQ(paths({.caller = "ops"}), (Paths{"secret/data/app", "secret/data/gone"}));
  EXPECT_EQ(paths({.caller = "app.service"}).size(), 4U);
  EXPECT_EQ(paths({.caller = "1000"}).size(), 4U);
  EXPECT_EQ(paths({.accessor = "acc-app"}), (Paths{"secret/data/app", "secret/data/other"}));
  EXPECT_EQ(paths({.accessor = "acc-ap"}), Paths());
  EXPECT_EQ(paths({.operation = "update"}), (Paths{"secret/data/app"}));
  EXPECT_EQ(paths({.policy = "ops"}), (Paths{"secret/data/app"}));
  EXPECT_EQ(paths({.ending = Ending::denied}), (Paths{"secret/data/other"}));
  EXPECT_EQ(paths({.ending = Ending::failed}), (Paths{"secret/data/gone"}));
  EXPECT_EQ(paths({.caller = "app", .operation = "read", .ending = Ending::served}),
            (Paths{"secret/data/app"}));
}

TEST_F(RecordTest, AreFoundByTime) {
  add_usual();
  const std::int64_t second = *parse_moment("2026-01-01T00:02:00Z");
  EXPECT_EQ(paths({.since = second}).size(), 3U);
  EXPECT_EQ(paths({.until = second}), (Paths{"secret/data/app"}));
  EXPECT_EQ(paths({.since = second, .until = second + 60}).size(), 1U);
  EXPECT_EQ(paths({.since = *parse_moment("2026-01-02")}), Paths());
  EXPECT_EQ(paths({.until = *parse_moment("2026-01-02")}).size(), 4U);
  for (const char* wrong :
       {"", "yesterday", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-13-01",
        "2026-01-01T00:00:00+01:00", "2026-02-30", "2026-02-29", "2026-04-31T00:00:00Z",
        "2026-01-00", "2026-00-01", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00 or soZ",
        "2026-01-01T00:00:00.Z"}) {
    EXPECT_FALSE(parse_moment(wrong).ok()) << wrong;
  }
  EXPECT_EQ(*parse_moment("2028-02-29"), *parse_moment("2028-03-01") - 86400);
  EXPECT_EQ(*parse_moment("2026-01-01T00:02:00.25Z"), second);
}

TEST_F(RecordTest, OfRequestsThatNobodyAnsweredAreInterruptedAndTellWhatWasAsked) {
  ask("update", "secret/data/app", "ops");
  add("read", "secret/data/app", "app");
  log_.reset();
  log_ = open();
  add("read", "secret/data/app", "late");
  std::vector<Record> all;
  ASSERT_TRUE(
      find_records(directory_.path(), {.ending = Ending::interrupted}, [&](const Record& record) {
        all.push_back(record);
      }).ok());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].request, to_string(id_of(1)));
  EXPECT_EQ(all[0].sequence, 5U) << "of the line that says so";
  EXPECT_EQ(all[0].time, "2026-01-01T00:01:00.5Z") << "when it came in";
  EXPECT_EQ(all[0].operation, "update");
  EXPECT_EQ(all[0].path, "secret/data/app");
  EXPECT_EQ(all[0].caller(), "ops");
  EXPECT_EQ(all[0].accessor, "acc-ops");
  EXPECT_EQ(all[0].uid, 1000);
  EXPECT_EQ(all[0].rule, "secret/*");
  EXPECT_EQ(all[0].policy, "ops");
  for (const RecordFilter& filter :
       {RecordFilter{.path = "secret/data/*", .ending = Ending::interrupted},
        RecordFilter{.caller = "ops"}, RecordFilter{.accessor = "acc-ops"},
        RecordFilter{.operation = "update"}, RecordFilter{.policy = "ops"},
        RecordFilter{.until = *parse_moment("2026-01-01T00:02:00Z")}}) {
    EXPECT_EQ(paths(filter), Paths{"secret/data/app"});
  }
  EXPECT_EQ(paths({.caller = "app", .ending = Ending::interrupted}), Paths());
}

/// As the answer of one whose commit failed.
TEST_F(RecordTest, OfAnAnswerThatHasTheIdAloneTellWhatWasAsked) {
  ask("update", "secret/data/app", "ops");
  const Trail trail(*log_, nullptr, clock_);
  append(*log_, {trail.failure_line(id_of(1), make_error(ErrorCode::unavailable, "full"))}, true);
  EXPECT_EQ(paths({.caller = "ops", .operation = "update", .ending = Ending::failed}),
            Paths{"secret/data/app"});
}

TEST_F(RecordTest, WhatWasAskedIsFoundInASegmentThatWasCompressed) {
  log_.reset();
  LogConfig small = config();
  small.segment_bytes = 1500;
  log_ = *open_log(small, clock_);
  ask("update", "one", "ops");
  ask("update", "two", "ops");
  for (int i = 0; i < 12; ++i) add("read", "a", "app");
  log_.reset();
  log_ = *open_log(small, clock_);
  for (int i = 0; i < 12; ++i) add("read", "a", "app");
  ASSERT_GT(compress_segments(directory_.path())->segments, 2U);
  EXPECT_EQ(paths({.ending = Ending::interrupted}), (Paths{"one", "two"}));
}

/// Who follows a log since before the daemon's end.
TEST_F(RecordTest, WhatWasAskedBeforeAReaderCameIsToldToo) {
  ask("update", "secret/data/app", "ops");
  std::vector<std::string> found;
  const auto take = [&](const Record& record) { found.push_back(record.path); };
  RecordReader reader(directory_.path());
  ASSERT_TRUE(reader.skip_to_end().ok());
  log_.reset();
  log_ = open();
  ASSERT_TRUE(reader.read({}, take).ok());
  EXPECT_EQ(found, Paths{"secret/data/app"});
}

TEST_F(RecordTest, AreFoundFromWhereTheLastLookEnded) {
  add_usual();
  std::size_t found = 0;
  const auto count = [&](const Record&) { ++found; };
  RecordReader reader(directory_.path());
  ASSERT_TRUE(reader.skip_to_end().ok());
  ASSERT_TRUE(reader.read({}, count).ok());
  EXPECT_EQ(found, 0U);
  add("read", "later", "app");
  ASSERT_TRUE(reader.read({}, count).ok());
  ASSERT_TRUE(reader.read({}, count).ok());
  EXPECT_EQ(found, 1U);
}

/// The daemon may be writing it right now.
TEST_F(RecordTest, ALastLineWithoutItsEndWaitsForTheNextLook) {
  add_usual();
  const std::string whole = read_all(segment());
  write_all(segment(), whole.substr(0, whole.size() - 5));
  std::size_t found = 0;
  const auto count = [&](const Record&) { ++found; };
  RecordReader reader(directory_.path());
  ASSERT_TRUE(reader.read({}, count).ok());
  EXPECT_EQ(found, 3U);
  write_all(segment(), whole);
  ASSERT_TRUE(reader.read({}, count).ok());
  EXPECT_EQ(found, 4U);
}

TEST_F(RecordTest, GoOverAllSegments) {
  log_.reset();
  LogConfig small = config();
  small.segment_bytes = 1500;
  log_ = *open_log(small, clock_);
  for (int i = 0; i < 12; ++i) add("read", "a", "app");
  ASSERT_GT(list_segments(directory_.path())->size(), 2U);
  EXPECT_EQ(paths({}).size(), 12U);
}

TEST_F(RecordTest, WhatIsNoLineIsNamed) {
  add_usual();
  auto all = lines();
  all[2] = "garbage";
  write_all(segment(), join(all));
  const auto done = find_records(directory_.path(), {}, [](const Record&) {});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::corrupt);
  EXPECT_NE(done.error().text.find(std::string(kFirstSegment) + " at byte "), std::string::npos);
}

TEST_F(RecordTest, NoLogIsNotFound) {
  const TemporaryDirectory empty;
  const auto nothing = [](const Record&) {};
  EXPECT_EQ(find_records(empty.path(), {}, nothing).error().code, ErrorCode::not_found);
  EXPECT_EQ(find_records("/nowhere", {}, nothing).error().code, ErrorCode::not_found);
}

TEST(Endings, HaveNamesThatAreReadBack) {
  for (const Ending ending :
       {Ending::served, Ending::denied, Ending::failed, Ending::interrupted}) {
    EXPECT_EQ(parse_ending(to_string(ending)), ending);
  }
  EXPECT_FALSE(parse_ending("").has_value());
}

}  // namespace
}  // namespace coffer::audit::test
