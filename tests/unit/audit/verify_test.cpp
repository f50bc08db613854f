// Tampering: every kind of it, at every place, is seen where the chain can show it.
#include "coffer/audit/verify.h"

#include <unistd.h>

#include "log_kit.h"

namespace coffer::audit {
namespace {

using test::chained;
using test::event;
using test::request;
using test::response;

class VerifyTest : public test::LogTest {
 protected:
  VerifyTest() {
    const auto log = open();
    append(*log, {request(1, ",\"peer\":{\"uid\":0}"), request(2)});
    append(*log, {response(1), event("note"), response(2)});
    append(*log, {request(3), response(3)});
    good_ = read();
  }

  [[nodiscard]] std::vector<std::string> read() const { return lines(); }
  void put(const std::vector<std::string>& lines) const {
    test::write_all(segment(), test::join(lines));
  }

  [[nodiscard]] Flaw flaw() const {
    const auto seen = inspect_directory(directory_.path());
    EXPECT_TRUE(seen.ok());
    if (!seen.ok() || !seen->flaw) {
      ADD_FAILURE() << "the log passes for good";
      return {};
    }
    return *seen->flaw;
  }
  void expect_flaw(std::uint64_t line, std::string_view what) const {
    const Flaw found = flaw();
    EXPECT_EQ(found.file, test::kFirstSegment);
    EXPECT_EQ(found.line, line);
    EXPECT_NE(found.what.find(what), std::string::npos) << found.what;
  }

  std::vector<std::string> good_;
};

TEST_F(VerifyTest, GoodLogTellsItsLinesAndHead) {
  const auto seen = verify_directory(directory_.path());
  ASSERT_TRUE(seen.ok()) << describe(seen.error());
  EXPECT_EQ(seen->lines, 8U);
  EXPECT_EQ(seen->first_sequence, 1U);
  EXPECT_EQ(seen->last_sequence, 8U);
  EXPECT_EQ(seen->open_requests, 0U);
  EXPECT_EQ(seen->head, test::hash_of(good_.back()));
}

TEST_F(VerifyTest, RequestsOpenAtTheEndAreCountedNotBad) {
  auto lines = good_;
  lines.pop_back();
  put(lines);
  expect_good(7, 1);
}

TEST_F(VerifyTest, NoDirectoryAndNoSegmentAreNotFound) {
  EXPECT_EQ(verify_directory(directory_.path() + "/no").error().code, ErrorCode::not_found);
  ASSERT_EQ(::unlink(segment().c_str()), 0);
  EXPECT_EQ(verify_directory(directory_.path()).error().code, ErrorCode::not_found);
}

TEST_F(VerifyTest, EveryFlippedBitOfEveryByteIsSeen) {
  const std::string text = test::join(good_);
  const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
  for (std::size_t at = 0; at < last; ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto seen = inspect_segment(as_bytes(changed), 1, 1U << 16U);
      ASSERT_TRUE(seen.flaw) << "byte " << at << " bit " << bit;
      // The line itself is no line any more, or the next one no longer chains.
      const auto line = static_cast<std::uint64_t>(
          std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1);
      EXPECT_GE(seen.flaw->line, line);
      EXPECT_LE(seen.flaw->line, line + 1);
    }
  }
}

TEST_F(VerifyTest, EditOfTheLastLineIsSeenByItsHeadAlone) {
  const std::string head = verify_directory(directory_.path())->head;
  auto lines = good_;
  lines.back().replace(lines.back().find("00:00:00Z"), 9, "00:00:01Z");
  put(lines);
  const auto seen = verify_directory(directory_.path());
  ASSERT_TRUE(seen.ok());
  EXPECT_NE(seen->head, head);
}

TEST_F(VerifyTest, LinesCutOffAtTheEndAreSeenByTheHeadAlone) {
  const std::string head = verify_directory(directory_.path())->head;
  auto lines = good_;
  lines.resize(5);
  put(lines);
  const auto seen = verify_directory(directory_.path());
  ASSERT_TRUE(seen.ok());
  EXPECT_NE(seen->head, head);
}

TEST_F(VerifyTest, EachDeletedLineIsSeen) {
  for (std::size_t at = 0; at + 1 < good_.size(); ++at) {
    auto lines = good_;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
    put(lines);
    expect_flaw(at + 1, at == 0 ? "the file's name says 1" : "lines are missing");
  }
}

TEST_F(VerifyTest, EachDuplicatedLineIsSeen) {
  for (std::size_t at = 0; at < good_.size(); ++at) {
    auto lines = good_;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), lines[at]);
    put(lines);
    expect_flaw(at + 2, "is due");
  }
}

TEST_F(VerifyTest, EveryTwoSwappedLinesAreSeen) {
  for (std::size_t a = 0; a < good_.size(); ++a) {
    for (std::size_t b = a + 1; b < good_.size(); ++b) {
      auto lines = good_;
      std::swap(lines[a], lines[b]);
      put(lines);
      EXPECT_EQ(flaw().line, a + 1);
    }
  }
}

TEST_F(VerifyTest, InsertedLineIsSeenEvenIfItChainsToTheOneBefore) {
  auto lines = good_;
  const auto forged = test::finished(event("forged").body, 5, 3, test::hash_of(lines[3]));
  lines.insert(lines.begin() + 4, forged);
  put(lines);
  expect_flaw(6, "seq is 5 where 6 is due");
}

TEST_F(VerifyTest, ForgedLineInPlaceOfOneIsSeenAtTheNext) {
  auto lines = good_;
  lines[4] = test::finished(event("forged").body, 5, 3, test::hash_of(lines[3]));
  put(lines);
  expect_flaw(6, "prev is not the hash");
}

TEST_F(VerifyTest, EmptyLineIsSeen) {
  auto lines = good_;
  lines.insert(lines.begin() + 2, "");
  put(lines);
  expect_flaw(3, "does not end in node, seq, open and prev");
}

TEST_F(VerifyTest, TornLastLineIsSeen) {
  const std::string text = test::join(good_);
  const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
  for (std::size_t size = last + 1; size < text.size(); ++size) {
    const auto seen = inspect_segment(as_bytes(std::string_view(text).substr(0, size)), 1, 100);
    ASSERT_TRUE(seen.flaw) << size;
    EXPECT_EQ(seen.flaw->line, 8U);
    EXPECT_NE(seen.flaw->what.find("has no end"), std::string::npos);
    EXPECT_EQ(seen.good.lines, 7U);
  }
}

TEST_F(VerifyTest, ErrorNamesFileLineAndFlaw) {
  auto lines = good_;
  lines[2][20] = '7';
  put(lines);
  const auto seen = verify_directory(directory_.path());
  ASSERT_FALSE(seen.ok());
  EXPECT_EQ(seen.error().code, ErrorCode::corrupt);
  EXPECT_EQ(seen.error().text,
            "audit-00000000000000000001.jsonl line 4: prev is not the hash of the line before: one "
            "of the two was changed");
}

TEST_F(VerifyTest, LineLongerThanAnyOfALogIsSeenWithoutReadingItWhole) {
  const std::string endless = "{\"time\":\"" + std::string(40U << 20U, 'x');
  const auto seen = inspect_segment(as_bytes(endless), 1, 1U << 16U);
  ASSERT_TRUE(seen.flaw);
  EXPECT_NE(seen.flaw->what.find("longer"), std::string::npos);
}

TEST_F(VerifyTest, ResultDoesNotDependOnTheSizeOfReads) {
  const std::string text = test::join(good_);
  for (std::size_t chunk = 1; chunk < 600; chunk += 7) {
    const auto seen = inspect_segment(as_bytes(text), 1, chunk);
    EXPECT_FALSE(seen.flaw);
    EXPECT_EQ(seen.good.head, test::hash_of(good_.back()));
  }
}

/// Chains that hold, around lines that no daemon writes.
class ForgedTest : public VerifyTest {
 protected:
  [[nodiscard]] static std::optional<Flaw> flaw_of(const std::string& text) {
    return inspect_segment(as_bytes(text), 1, 1U << 16U).flaw;
  }
  static void expect_bad(const std::string& text, std::uint64_t line, std::string_view what) {
    const auto found = flaw_of(text);
    ASSERT_TRUE(found) << what;
    EXPECT_EQ(found->line, line);
    EXPECT_NE(found->what.find(what), std::string::npos) << found->what;
  }
};

TEST_F(ForgedTest, HonestChainPasses) {
  EXPECT_FALSE(flaw_of(chained({event("start"), request(1), response(1)}, {0, 2, 0})));
}

TEST_F(ForgedTest, ResponseWithoutARequestIsSeen) {
  expect_bad(chained({event("start"), response(1)}, {0, 0}), 2, "a request that is not open");
}

TEST_F(ForgedTest, RequestClosedTwiceIsSeen) {
  expect_bad(chained({request(1), response(1), response(1)}, {1, 0, 0}), 3, "closed already");
  expect_bad(
      chained({request(1), response(1), test::line_of(Line::Kind::response, "interrupted", 1)},
              {1, 0, 0}),
      3, "closed already");
}

TEST_F(ForgedTest, WrongOpenIsSeen) {
  expect_bad(chained({request(1), request(2)}, {1, 2}), 2, "open is 2, but");
  expect_bad(chained({request(1), request(2)}, {1, 0}), 2, "open is 0, but");
  expect_bad(chained({event("start")}, {1}), 1, "open is 1, but");
}

TEST_F(ForgedTest, OtherNodeIsSeen) {
  const std::string first = test::finished(event("start").body, 1, 0, std::string(64, '0'));
  const std::string second =
      test::finished(event("note").body, 2, 0, test::hash_of(first), test::id_of(5));
  expect_bad(test::join({first, second}), 2, "node");
}

TEST_F(ForgedTest, FirstLineWithAPreviousOneIsSeen) {
  expect_bad(chained({event("start")}, {0}, 1, std::string(64, 'a')), 1, "zeros");
}

TEST_F(ForgedTest, EachFieldHasOneSpelling) {
  const std::string zeros(64, '0');
  const std::string node = to_string(test::kNode);
  const std::string head = R"({"time":"2026-01-01T00:00:00Z","type":"start")";
  const std::string tail =
      R"(,"node":")" + node + R"(","seq":1,"open":0,"prev":")" + zeros + R"("})";
  ASSERT_FALSE(flaw_of(head + tail + "\n"));
  const std::vector<std::string> bad = {
      R"({ "time":"2026-01-01T00:00:00Z","type":"start")" + tail,
      R"({"type":"start","time":"2026-01-01T00:00:00Z")" + tail,
      R"({"time":"","type":"start")" + tail,
      R"({"time":"2026-01-01T00:00:00Z\"","type":"start")" + tail,
      R"({"time":"2026-01-01T00:00:00Z","type":"START")" + tail,
      R"({"time":"2026-01-01T00:00:00Z","type":"request")" + tail,
      R"({"time":"2026-01-01T00:00:00Z","type":"request","request":{"id":"1"})" + tail,
      head + R"(,"node":")" + node + R"(","seq":01,"open":0,"prev":")" + zeros + R"("})",
      head + R"(,"node":")" + node + R"(","seq":0,"open":0,"prev":")" + zeros + R"("})",
      head + R"(,"node":")" + node + R"(","seq":-1,"open":0,"prev":")" + zeros + R"("})",
      head + R"(,"node":")" + node + R"(","seq":,"open":0,"prev":")" + zeros + R"("})",
      head + R"(,"node":")" + node + R"(","seq":99999999999999999999,"open":0,"prev":")" + zeros +
          R"("})",
      head + R"(,"node":")" + node + R"(","seq":1,"open":00,"prev":")" + zeros + R"("})",
      head + R"(,"node":")" + node + R"(","seq":1,"prev":")" + zeros + R"("})",
      head + R"(,"node":")" + node + R"(","open":0,"seq":1,"prev":")" + zeros + R"("})",
      head + R"(,"node":")" + node + R"(","seq":1,"open":0,"prev":"00"})",
      head + R"(,"node":")" + node + R"(","seq":1,"open":0,"prev":")" + std::string(64, 'A') +
          R"("})",
      head + R"(,"node":"","seq":1,"open":0,"prev":")" + zeros + R"("})",
      head + R"(,"node":"00000000-0000-0000-0000-0000000C0FFE","seq":1,"open":0,"prev":")" + zeros +
          R"("})",
      head + tail + " ",
      head + tail + "\r",
      tail.substr(1),
      "{}",
      "x",
  };
  for (const std::string& line : bad) EXPECT_TRUE(flaw_of(line + "\n")) << line;
}

class VerifySegmentsTest : public VerifyTest {
 protected:
  VerifySegmentsTest() {
    put({good_.begin(), good_.begin() + 3});
    test::write_all(segment("audit-00000000000000000004.jsonl"),
                    test::join({good_.begin() + 3, good_.begin() + 6}));
    test::write_all(segment("audit-00000000000000000007.jsonl"),
                    test::join({good_.begin() + 6, good_.end()}));
  }
};

TEST_F(VerifySegmentsTest, AreOneChain) { expect_good(8); }

TEST_F(VerifySegmentsTest, MissingOneIsSeen) {
  ASSERT_EQ(::unlink(segment("audit-00000000000000000004.jsonl").c_str()), 0);
  const Flaw found = flaw();
  EXPECT_EQ(found.file, "audit-00000000000000000007.jsonl");
  EXPECT_EQ(found.line, 0U);
  EXPECT_EQ(found.what, "lines 4 to 6 are in no file before this one");
}

TEST_F(VerifySegmentsTest, MissingFirstShowsInTheFirstSequence) {
  ASSERT_EQ(::unlink(segment().c_str()), 0);
  const auto seen = verify_directory(directory_.path());
  ASSERT_TRUE(seen.ok()) << describe(seen.error());
  EXPECT_EQ(seen->first_sequence, 4U);
}

TEST_F(VerifySegmentsTest, ExchangedContentsAreSeen) {
  test::write_all(segment("audit-00000000000000000004.jsonl"),
                  test::read_all(segment("audit-00000000000000000007.jsonl")));
  EXPECT_EQ(flaw().what, "seq is 7, but the file's name says 4");
}

TEST_F(VerifySegmentsTest, TornLineInTheMiddleIsSeen) {
  test::write_all(segment("audit-00000000000000000004.jsonl"),
                  test::join({good_.begin() + 3, good_.begin() + 6}) + "{");
  EXPECT_EQ(flaw().line, 4U);
}

TEST_F(VerifySegmentsTest, UnreadableOneIsAnErrorNotAFlaw) {
  ASSERT_EQ(::unlink(segment().c_str()), 0);
  ASSERT_EQ(::mkdir(segment().c_str(), 0700), 0);
  EXPECT_EQ(inspect_directory(directory_.path()).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace coffer::audit
