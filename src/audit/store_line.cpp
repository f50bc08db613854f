#include "coffer/audit/store_line.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "coffer/model/json_tree.h"
#include "render.h"
#include "segments.h"
#include "zstd_file.h"

namespace coffer::audit {
namespace {

using model::Json;

constexpr std::string_view kType = "\"type\":\"store\"";
constexpr std::size_t kReadAtOnce = std::size_t{256} << 10U;

Error unreadable() {
  return make_error(ErrorCode::corrupt, "a line of the audit log about the store can't be read");
}

/// nullopt: another type, whatever its data say.
Result<std::optional<StoreLine>> parse(std::string_view text) {
  const Result<Json> line = Json::parse(text);
  if (!line.ok()) return unreadable();
  const Json* type = line->find("type");
  if (type == nullptr || type->text() != "store") return std::optional<StoreLine>();
  const Json* sequence = line->find_path({"store", "sequence"});
  const Json* commitment = line->find_path({"store", "commitment"});
  if (sequence == nullptr || commitment == nullptr) return unreadable();
  StoreLine said{.commitment = commitment->text()};
  const std::string& digits = sequence->text();
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), said.sequence);
  if (problem != std::errc() || end != digits.data() + digits.size()) return unreadable();
  return std::optional(std::move(said));
}

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
Result<std::optional<StoreLine>> last_in(std::string_view text) {
  std::size_t end = text.rfind('\n');
  while (end != std::string_view::npos) {
    const std::size_t found = text.substr(0, end).rfind(kType);
    if (found == std::string_view::npos) break;
    const std::size_t before = text.rfind('\n', found);
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    COFFER_TRY(auto line, parse(text.substr(start, text.find('\n', found) - start)));
    if (line) return line;
    end = before;
  }
  return std::optional<StoreLine>();
}

/// From the end on, a piece at a time; a piece starts at a line's start, but for the first.
Result<std::optional<StoreLine>> last_of(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return system_error("open " + path, errno);
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
    COFFER_TRY(auto found, last_in(std::string_view(piece).substr(first)));
    if (found) return found;
    rest = piece.substr(0, first);
  }
  return std::optional<StoreLine>();
}

/// What is compressed can only be read forward.
Result<std::optional<StoreLine>> last_of_compressed(const std::string& path) {
  COFFER_TRY(ReadAt read, read_file(path));
  LineReader lines(std::move(read), 0);
  std::optional<StoreLine> last;
  for (RawLine line;;) {
    COFFER_TRY(const bool more, lines.next(line));
    if (!more) return last;
    if (line.text.find(kType) == std::string_view::npos) continue;
    COFFER_TRY(auto found, parse(line.text));
    if (found) last = std::move(found);
  }
}

}  // namespace

Line store_line(const StoreLine& said, WallTime now) {
  Line line{Line::Kind::system, {}, "{"};
  append_member(line.body, "time", to_rfc3339(now));
  append_member(line.body, "type", "store");
  std::string store = "{\"sequence\":" + std::to_string(said.sequence);
  append_member(store, "commitment", said.commitment);
  append_raw_member(line.body, "store", store + "}");
  return line;
}

Result<std::optional<StoreLine>> last_store_line(const std::string& directory) {
  COFFER_TRY(const auto segments, list_segments(directory));
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const bool compressed = segment->path.ends_with(kCompressed);
    COFFER_TRY(auto found, compressed ? last_of_compressed(segment->path) : last_of(segment->path));
    if (found) return found;
  }
  return std::optional<StoreLine>();
}

}  // namespace coffer::audit
