// Lines come out the same however the bytes come in.
#include "src/audit/line_reader.h"

#include <gtest/gtest.h>

#include "src/audit/line.h"

namespace coffer::audit {
namespace {

struct Seen {
  std::string text;
  std::uint64_t offset = 0;
  bool terminated = false;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> lines_of(std::string_view text, std::uint64_t offset, std::size_t chunk) {
  LineReader reader(read_memory(as_bytes(text)), offset, chunk);
  std::vector<Seen> seen;
  RawLine line;
  for (;;) {
    const auto more = reader.next(line);
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return seen;
    seen.push_back({std::string(line.text), line.offset, line.terminated});
  }
}

TEST(LineReaderTest, EveryChunkSizeGivesTheSameLines) {
  const std::string text = "first\n\nthe third is longer than the others\nlast, without an end";
  const std::vector<Seen> expected = {{"first", 0, true},
                                      {"", 6, true},
                                      {"the third is longer than the others", 7, true},
                                      {"last, without an end", 43, false}};
  for (std::size_t chunk = 1; chunk <= text.size() + 1; ++chunk) {
    EXPECT_EQ(lines_of(text, 0, chunk), expected) << chunk;
  }
}

TEST(LineReaderTest, StartsAtAnOffset) {
  EXPECT_EQ(lines_of("ab\ncd\n", 4, 1), (std::vector<Seen>{{"d", 4, true}}));
  EXPECT_TRUE(lines_of("ab\n", 3, 1).empty());
  EXPECT_TRUE(lines_of("ab\n", 99, 1).empty());
}

TEST(LineReaderTest, NoBytesAreNoLines) { EXPECT_TRUE(lines_of("", 0, 8).empty()); }

TEST(LineReaderTest, LineOverTheLimitIsCorrupt) {
  const std::string text = std::string(kMaxLineBytes + 1, 'x') + "\n";
  LineReader reader(read_memory(as_bytes(text)), 0);
  RawLine line;
  EXPECT_EQ(reader.next(line).error().code, ErrorCode::corrupt);
}

TEST(LineReaderTest, FailedReadIsHandedOn) {
  const auto failing = [](std::uint64_t offset, MutableByteView out) -> Result<std::size_t> {
    if (offset != 0) return make_error(ErrorCode::unavailable, "the disk reports an error");
    out[0] = 'x';
    return std::size_t{1};
  };
  LineReader reader(failing, 0, 1);
  RawLine line;
  EXPECT_EQ(reader.next(line).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace coffer::audit
