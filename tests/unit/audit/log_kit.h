// What the tests of the log share: a directory that goes away, a clock that stands, short bodies.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "coffer/audit/log.h"
#include "coffer/audit/verify.h"
#include "coffer/crypto/digest.h"

namespace coffer::audit::test {

inline constexpr std::string_view kFirstSegment = "audit-00000000000000000001.jsonl";

class StandingClock final : public Clock {
 public:
  WallTime now{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z
  [[nodiscard]] WallTime wall() const override { return now; }
  [[nodiscard]] std::chrono::nanoseconds boottime() const override {
    return now.time_since_epoch();
  }
};

class TemporaryDirectory final {
 public:
  TemporaryDirectory() {
    std::string name = ::testing::TempDir() + "coffer-audit-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Uuid id_of(std::uint64_t number) {
  Uuid id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return id;
}

inline const Uuid kNode = id_of(0xC0FFE);

inline Line line_of(Line::Kind kind, std::string_view type, std::uint64_t number,
                    std::string_view more = {}) {
  Line line{kind, id_of(number), "{\"time\":\"2026-01-01T00:00:00Z\",\"type\":\""};
  line.body.append(type).append("\"");
  if (kind != Line::Kind::system) {
    line.body.append(",\"request\":{\"id\":\"").append(to_string(line.request)).append("\"}");
  }
  line.body.append(more);
  return line;
}
inline Line request(std::uint64_t number, std::string_view more = {}) {
  return line_of(Line::Kind::request, "request", number, more);
}
inline Line response(std::uint64_t number, std::string_view more = {}) {
  return line_of(Line::Kind::response, "response", number, more);
}
inline Line event(std::string_view type) { return line_of(Line::Kind::system, type, 0); }

inline std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  EXPECT_TRUE(in.good()) << path;
  if (!in.good()) return {};
  std::string bytes(static_cast<std::size_t>(in.tellg()), '\0');
  in.seekg(0);
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

inline void write_all(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  EXPECT_TRUE(out.good()) << path;
  EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
}

/// Without their LF. The last may be without one too.
inline std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

inline std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(line).append("\n");
  return text;
}

/// The RFC 6962 leaf hash, put together here once more.
inline std::string hash_of(std::string_view line) {
  const std::string leaf = std::string(1, '\0').append(line);
  return to_hex(*crypto::sha256(as_bytes(leaf)));
}

/// What the log appends to a body, put together here once more.
inline std::string finished(const std::string& body, std::uint64_t sequence, std::uint64_t open,
                            std::string_view previous, const Uuid& node = kNode) {
  return body + ",\"node\":\"" + to_string(node) + "\",\"seq\":" + std::to_string(sequence) +
         ",\"open\":" + std::to_string(open) + ",\"prev\":\"" + std::string(previous) + "\"}";
}

/// A whole segment; `opens[i]` is the open field of line i.
inline std::string chained(const std::vector<Line>& lines, const std::vector<std::uint64_t>& opens,
                           std::uint64_t first = 1, std::string previous = std::string(64, '0')) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line = finished(lines[i].body, first + i, opens[i], previous);
    previous = hash_of(line);
    text.append(line).append("\n");
  }
  return text;
}

class LogTest : public ::testing::Test {
 protected:
  [[nodiscard]] LogConfig config() const { return {directory_.path(), kNode, Durability::crash}; }
  [[nodiscard]] std::string segment(std::string_view name = kFirstSegment) const {
    return directory_.path() + "/" + std::string(name);
  }
  std::unique_ptr<Log> open() const {
    auto log = open_log(config(), clock_);
    EXPECT_TRUE(log.ok()) << (log.ok() ? "" : describe(log.error()));
    return log.ok() ? std::move(*log) : nullptr;
  }
  static void append(Log& log, const std::vector<Line>& lines, bool sync = false) {
    const auto done = log.append(lines, sync);
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : describe(done.error()));
  }
  [[nodiscard]] std::vector<std::string> lines() const { return split(read_all(segment())); }
  void expect_good(std::uint64_t lines, std::uint64_t open_requests = 0) const {
    const auto seen = verify_directory(directory_.path());
    ASSERT_TRUE(seen.ok()) << describe(seen.error());
    EXPECT_EQ(seen->lines, lines);
    EXPECT_EQ(seen->open_requests, open_requests);
  }

  TemporaryDirectory directory_;
  StandingClock clock_;
};

}  // namespace coffer::audit::test
