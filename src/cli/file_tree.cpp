#include "file_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "coffer/base/secure_bytes.h"
#include "file_descriptor.h"

namespace coffer::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLookedAt = 8192;  ///< bytes, for a NUL among them

/// nullopt: it can't be read.
std::optional<bool> is_binary(int file) {
  std::string start(kLookedAt, '\0');
  const ssize_t got = ::pread(file, start.data(), start.size(), 0);
  if (got < 0) return std::nullopt;
  const bool binary = std::string_view(start).substr(0, static_cast<std::size_t>(got)).find('\0') !=
                      std::string_view::npos;
  wipe(start);
  return binary;
}

void one_file(const std::string& path, int flags, const TakeFile& take, Skipped& skipped) {
  // Without O_NONBLOCK a FIFO would wait for a writer.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  struct stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) {
    ++(errno == ELOOP ? skipped.links : skipped.unreadable);
    return;
  }
  if (!S_ISREG(about.st_mode)) {
    ++skipped.links;
    return;
  }
  const auto binary = is_binary(file.get());
  if (binary == true) {
    ++skipped.binary;
  } else if (!binary || !take(path, [&file] { return read_some(file.get()); })) {
    ++skipped.unreadable;
  }
}

void one_directory(const fs::path& directory, const TakeFile& take, Skipped& skipped) {
  std::error_code problem;
  std::vector<fs::path> entries;
  fs::directory_iterator entry(directory, problem);
  for (; !problem && entry != fs::directory_iterator(); entry.increment(problem)) {
    entries.push_back(entry->path());
  }
  if (problem) ++skipped.unreadable;
  std::sort(entries.begin(), entries.end());
  for (const fs::path& path : entries) {
    const fs::file_status status = fs::symlink_status(path, problem);
    if (fs::is_directory(status)) {
      if (path.filename() == ".git") {
        ++skipped.git;
      } else {
        one_directory(path, take, skipped);
      }
    } else if (fs::is_regular_file(status)) {
      one_file(path.string(), O_NOFOLLOW, take, skipped);
    } else {
      ++skipped.links;
    }
  }
}

}  // namespace

Result<Skipped> each_file(const std::string& path, const TakeFile& take) {
  Skipped skipped;
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (!fs::exists(status)) return make_error(ErrorCode::not_found, "no such file or directory");
  if (fs::is_directory(status)) {
    one_directory(path, take, skipped);
  } else {
    one_file(path, 0, take, skipped);
  }
  return skipped;
}

}  // namespace coffer::cli
