#include "line_reader.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include "line.h"
#include "plain_file.h"
#include "zstd_file.h"

namespace coffer::audit {

Result<ReadAt> read_file(const std::string& path) {
  if (path.ends_with(kCompressed)) return read_compressed(path);
  // Shared, since a std::function must be copyable.
  auto opening = open_plain(path);
  if (!opening.ok()) {
    // It may have been compressed since it was listed: its lines are there under the other name.
    auto compressed = read_compressed(path + std::string(kCompressed));
    if (compressed.ok()) return compressed;
  }
  COFFER_TRY(UniqueFd opened, std::move(opening));
  auto fd = std::make_shared<UniqueFd>(std::move(opened));
  return ReadAt([fd](std::uint64_t offset, MutableByteView out) -> Result<std::size_t> {
    ssize_t size = -1;
    do {
      size = ::pread(fd->get(), out.data(), out.size(), static_cast<off_t>(offset));
    } while (size < 0 && errno == EINTR);
    if (size < 0) return system_error("pread", errno);
    return static_cast<std::size_t>(size);
  });
}

ReadAt read_memory(ByteView bytes) {
  return [bytes](std::uint64_t offset, MutableByteView out) -> Result<std::size_t> {
    if (offset >= bytes.size()) return std::size_t{0};
    const std::size_t size = std::min(out.size(), bytes.size() - static_cast<std::size_t>(offset));
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
    return size;
  };
}

LineReader::LineReader(ReadAt read, std::uint64_t offset, std::size_t chunk)
    : read_(std::move(read)), offset_(offset), chunk_(chunk) {}

Result<bool> LineReader::next(RawLine& line) {
  std::size_t searched = 0;
  for (;;) {
    std::string_view unread = unread_text();
    const std::size_t found = unread.find('\n', searched);
    const bool terminated = found != std::string_view::npos;
    if ((terminated ? found : unread.size()) > kMaxLineBytes) {
      return make_error(ErrorCode::corrupt, "the line is longer than any line of a log");
    }
    if (!terminated) {
      searched = unread.size();
      COFFER_TRY(const bool more, fill());
      if (more) continue;
      unread = unread_text();  // fill() has moved it
      if (unread.empty()) return false;
    }
    line = {unread.substr(0, found), offset_, terminated};
    const std::size_t used = line.text.size() + (terminated ? 1 : 0);
    begin_ += used;
    offset_ += used;
    return true;
  }
}

std::string_view LineReader::unread_text() const {
  return as_text(ByteView(buffer_).subspan(begin_, end_ - begin_));
}

/// One more chunk behind what is unread. False: the end.
Result<bool> LineReader::fill() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  // Doubling, so that a long line isn't moved once for each chunk of it.
  if (buffer_.size() < end_ + chunk_) buffer_.resize(std::max(2 * buffer_.size(), end_ + chunk_));
  COFFER_TRY(const std::size_t size, read_(offset_ + end_, MutableByteView(buffer_).subspan(end_)));
  end_ += size;
  return size != 0;
}

}  // namespace coffer::audit
