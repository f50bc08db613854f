#include "file_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "coffer/base/secure_bytes.h"
#include "file_descriptor.h"

namespace coffer::cli {
namespace {

namespace fs = std::filesystem;
using Take = std::function<void(const std::string& path, std::string& text)>;

constexpr std::size_t kLookedAt = 8192;  ///< bytes, for a NUL among them

/// False: it can't be read.
bool read_whole(int file, std::size_t size, std::string& text) {
  text.resize(size);
  std::size_t got = 0;
  while (got < size) {
    const ssize_t count = ::read(file, text.data() + got, size - got);
    if (count < 0) return false;
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  text.resize(got);
  return true;
}

void one_file(const std::string& path, int flags, const Take& take, Skipped& skipped) {
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
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size > kLargestScanned) {
    ++skipped.large;
    return;
  }
  std::string text;
  if (!read_whole(file.get(), size, text)) {
    ++skipped.unreadable;
  } else if (std::string_view(text).substr(0, kLookedAt).find('\0') != std::string_view::npos) {
    ++skipped.binary;
  } else {
    take(path, text);
  }
  wipe(text);
}

void one_directory(const fs::path& directory, const Take& take, Skipped& skipped) {
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

Result<Skipped> each_file(const std::string& path, const Take& take) {
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
