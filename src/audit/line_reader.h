// Lines of a file, in memory that is bounded by the longest.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/bytes.h"

namespace coffer::audit {

/// Fills from an offset; 0: the end.
using ReadAt = std::function<Result<std::size_t>(std::uint64_t offset, MutableByteView out)>;

/// What is compressed is read as if it weren't.
[[nodiscard]] Result<ReadAt> read_file(const std::string& path);
/// The bytes outlive what is made.
[[nodiscard]] ReadAt read_memory(ByteView bytes);

struct RawLine {
  std::string_view text;  ///< without its LF; valid until the next call
  std::uint64_t offset = 0;
  bool terminated = false;  ///< has an LF; only the last line may have none
};

class LineReader final {
 public:
  /// `chunk`: bytes asked for at a time, at least 1.
  LineReader(ReadAt read, std::uint64_t offset, std::size_t chunk = kChunk);

  /// False at the end. corrupt: a line of more than kMaxLineBytes.
  [[nodiscard]] Result<bool> next(RawLine& line);
  /// Where the next line starts.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

  static constexpr std::size_t kChunk = 256U << 10U;

 private:
  /// Valid until the next fill().
  [[nodiscard]] std::string_view unread_text() const;
  [[nodiscard]] Result<bool> fill();

  ReadAt read_;
  std::uint64_t offset_;
  std::size_t chunk_;
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0;  ///< unread bytes are [begin_, end_)
  std::size_t end_ = 0;
};

}  // namespace coffer::audit
