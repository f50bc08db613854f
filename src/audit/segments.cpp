#include "segments.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

namespace coffer::audit {
namespace {

constexpr std::string_view kPrefix = "audit-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kCompressedSuffix = ".jsonl.zst";
constexpr std::string_view kCheckpoints = ".checkpoints";
constexpr std::size_t kDigits = 20;
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kOthersMayWrite = 0022;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using DirectoryPtr = std::unique_ptr<DIR, CloseDirectory>;

std::optional<std::uint64_t> sequence_in(std::string_view name, std::string_view suffix) {
  if (name.size() != kPrefix.size() + kDigits + suffix.size()) return std::nullopt;
  if (!name.starts_with(kPrefix) || !name.ends_with(suffix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size(), kDigits);
  std::uint64_t first = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), first);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || first == 0) {
    return std::nullopt;
  }
  return first;
}

Segment file_in(const std::string& directory, std::uint64_t first, std::string_view suffix) {
  std::string digits = std::to_string(first);
  digits.insert(0, kDigits - digits.size(), '0');
  Segment segment{{}, std::string(kPrefix), first};
  segment.name.append(digits).append(suffix);
  segment.path = directory + "/" + segment.name;
  return segment;
}

Result<std::vector<Segment>> list(const std::string& directory, std::string_view suffix) {
  const DirectoryPtr opened(::opendir(directory.c_str()));
  if (opened == nullptr) {
    if (errno == ENOENT) {
      return make_error(ErrorCode::not_found, "there is no such directory", directory);
    }
    return system_error("opendir " + directory, errno);
  }
  std::vector<Segment> files;
  errno = 0;
  while (const dirent* entry = ::readdir(opened.get())) {
    const auto first = sequence_in(&entry->d_name[0], suffix);
    if (first) files.push_back(file_in(directory, *first, suffix));
    errno = 0;
  }
  if (errno != 0) return system_error("readdir " + directory, errno);
  std::sort(files.begin(), files.end(),
            [](const Segment& a, const Segment& b) { return a.first < b.first; });
  return files;
}

}  // namespace

Segment segment_in(const std::string& directory, std::uint64_t first) {
  return file_in(directory, first, kSuffix);
}

Segment checkpoints_in(const std::string& directory, std::uint64_t first) {
  return file_in(directory, first, kCheckpoints);
}

/// A segment that is being compressed, or was when the machine stopped, is there as both: the one
/// that was there first counts.
Result<std::vector<Segment>> list_segments(const std::string& directory) {
  COFFER_TRY(std::vector<Segment> segments, list(directory, kSuffix));
  COFFER_TRY(const std::vector<Segment> compressed, list(directory, kCompressedSuffix));
  const std::size_t plain = segments.size();
  for (const Segment& segment : compressed) {
    const auto end = segments.begin() + static_cast<std::ptrdiff_t>(plain);
    const bool twice = std::any_of(segments.begin(), end,
                                   [&](const Segment& one) { return one.first == segment.first; });
    if (!twice) segments.push_back(segment);
  }
  std::sort(segments.begin(), segments.end(),
            [](const Segment& a, const Segment& b) { return a.first < b.first; });
  return segments;
}

Result<std::vector<Segment>> list_checkpoints(const std::string& directory) {
  return list(directory, kCheckpoints);
}

Result<UniqueFd> own_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return system_error("mkdir " + directory, errno);
  }
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return system_error("open " + directory, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error("fstat " + directory, errno);
  if ((status.st_mode & kOthersMayWrite) != 0) {
    return make_error(ErrorCode::precondition,
                      "only its owner may be able to write in the audit log's directory",
                      directory);
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("flock " + directory, errno);
    return make_error(ErrorCode::precondition, "another process writes this audit log", directory);
  }
  return fd;
}

Result<void> sync_directory(const UniqueFd& directory) {
  if (::fsync(directory.get()) != 0) return system_error("fsync (directory)", errno);
  return {};
}

}  // namespace coffer::audit
