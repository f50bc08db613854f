#include "look_back.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "plain_file.h"
#include "segments.h"
#include "zstd_file.h"

namespace coffer::audit {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{256} << 10U;

Result<std::string> read_at(int file, std::uint64_t offset, std::size_t size) {
  std::string out(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t now =
        ::pread(file, out.data() + got, size - got, static_cast<off_t>(offset + got));
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return system_error("read the audit log", errno);
    if (now == 0) break;
    got += static_cast<std::size_t>(now);
  }
  out.resize(got);
  return out;
}

/// The whole lines of `text`, the last first.
Result<bool> last_in(std::string_view text, std::string_view mark, const TakeLine& take) {
  std::size_t end = text.rfind('\n');
  while (end != std::string_view::npos) {
    const std::size_t found = text.substr(0, end).rfind(mark);
    if (found == std::string_view::npos) break;
    const std::size_t before = text.rfind('\n', found);
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    COFFER_TRY(const bool taken, take(text.substr(start, text.find('\n', found) - start)));
    if (taken) return true;
    end = before;
  }
  return false;
}

/// From the end on, a piece at a time; a piece starts at a line's start, but for the first.
Result<bool> last_of(const std::string& path, std::string_view mark, const TakeLine& take) {
  COFFER_TRY(const UniqueFd file, open_plain(path, O_NOFOLLOW));
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return system_error("stat " + path, errno);
  auto end = static_cast<std::uint64_t>(about.st_size);
  std::string rest;  // the end of a line whose start is in the piece before
  while (end > 0) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(end, kReadAtOnce));
    COFFER_TRY(std::string piece, read_at(file.get(), end - size, size));
    end -= size;
    piece += rest;
    const std::size_t first = end == 0 ? 0 : piece.find('\n') + 1;
    if (end != 0 && first == 0) {
      rest = std::move(piece);
      continue;
    }
    COFFER_TRY(const bool found, last_in(std::string_view(piece).substr(first), mark, take));
    if (found) return true;
    rest = piece.substr(0, first);
  }
  return false;
}

/// What is compressed can only be read forward.
Result<bool> last_of_compressed(const std::string& path, std::string_view mark,
                                const TakeLine& take) {
  COFFER_TRY(ReadAt read, read_file(path));
  LineReader lines(std::move(read), 0);
  bool found = false;
  for (RawLine line;;) {
    COFFER_TRY(const bool more, lines.next(line));
    if (!more) return found;
    if (line.text.find(mark) == std::string_view::npos) continue;
    COFFER_TRY(const bool taken, take(line.text));
    found = found || taken;
  }
}

}  // namespace

Result<bool> look_back(const std::string& directory, std::string_view mark, const TakeLine& take,
                       std::size_t most_segments) {
  COFFER_TRY(const auto segments, list_segments(directory));
  std::size_t looked_at = 0;
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    if (looked_at++ == most_segments) break;
    const bool compressed = segment->path.ends_with(kCompressed);
    COFFER_TRY(const bool found, compressed ? last_of_compressed(segment->path, mark, take)
                                            : last_of(segment->path, mark, take));
    if (found) return true;
  }
  return false;
}

}  // namespace coffer::audit
