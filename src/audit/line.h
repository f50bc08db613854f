// One line of the log, read back: what docs/formats/audit-log.md fixes of it, and nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "coffer/audit/log.h"
#include "coffer/crypto/digest.h"

namespace coffer::audit {

/// A reader needs a bound on its memory; nothing that we render comes near it (kMaxData).
inline constexpr std::size_t kMaxLineBytes = 32U << 20U;

inline constexpr std::string_view kInterrupted = "interrupted";
/// `prev` of the first line of a log.
inline constexpr std::string_view kNoPrevious =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// How each body starts: {"time":"…","type":"…", and of a request ,"request":{"id":"…".
struct Head {
  Line::Kind kind = Line::Kind::system;
  std::string_view time;
  std::string_view type;
  Uuid request;  ///< unless kind is system
};

/// Views point into the line.
struct ParsedLine {
  Head head;
  Uuid node;
  std::uint64_t sequence = 0;
  std::uint64_t open = 0;
  std::string_view previous;  ///< 64 lower-case hexadecimal digits
};

/// What a body must be for the log to take it: a verifier that reads it back sees the same kind and
/// request. internal, since only our own code makes bodies.
[[nodiscard]] Result<void> check_body(const Line& line);

/// `line` without its LF. corrupt, with what is wrong. The middle of the line isn't looked at, but
/// for NUL bytes: a hole that a power cut left.
[[nodiscard]] Result<ParsedLine> parse_line(std::string_view line);

using HashText = std::array<char, 64>;
[[nodiscard]] inline std::string_view view(const HashText& text) noexcept {
  return {text.data(), text.size()};
}

[[nodiscard]] HashText hex_text(const crypto::Sha256& hash) noexcept;

/// Type of the first line of every segment but the first of a log: it tells the tree so far.
inline constexpr std::string_view kSegment = "segment";
[[nodiscard]] Line segment_line(WallTime time, const Frontier& tree);
/// The tree that a line of that type tells, over the lines before it. corrupt if it tells none.
[[nodiscard]] Result<Frontier> told_tree(std::string_view line, const ParsedLine& parsed);

/// Whole seconds since 1970 of what starts as RFC 3339 in UTC does. nullopt if it doesn't.
[[nodiscard]] std::optional<std::int64_t> seconds_of(std::string_view time);

/// {"time":…,"type":"interrupted","request":{"id":…[,"seq":…]}: closes a request that has no answer
/// to record. `request_sequence` 0: not known.
[[nodiscard]] Line interrupted_line(WallTime time, const Uuid& request,
                                    std::uint64_t request_sequence);

void append_number(std::string& out, std::uint64_t value);

}  // namespace coffer::audit
