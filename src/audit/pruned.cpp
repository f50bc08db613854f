#include "pruned.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>

#include "coffer/base/bytes.h"
#include "plain_file.h"
#include "segments.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kHeading = "coffer-pruned/1\n";
constexpr std::string_view kAt = " at=";

std::string path_of(const std::string& directory) { return directory + "/" + std::string(kPruned); }

Result<std::string> read_small(const UniqueFd& fd) {
  std::string text(256, '\0');
  const ssize_t size = ::read(fd.get(), text.data(), text.size());
  if (size < 0) return system_error("read the record of what was pruned", errno);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::uint64_t> parse(std::string_view text) {
  const auto wrong = [] {
    return make_error(ErrorCode::corrupt, "the record of what was pruned can't be read");
  };
  if (!text.starts_with(kHeading)) return wrong();
  text.remove_prefix(kHeading.size());
  std::uint64_t last = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), last);
  if (problem != std::errc() || last == 0) return wrong();
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(kAt) || text.find('\n') != text.size() - 1) return wrong();
  return last;
}

}  // namespace

Result<std::uint64_t> read_pruned(const std::string& directory) {
  const std::string path = path_of(directory);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::uint64_t{0};
  COFFER_TRY(const UniqueFd fd, open_plain(path, O_NOFOLLOW));
  COFFER_TRY(const std::string text, read_small(fd));
  return parse(text);
}

Result<void> write_pruned(const std::string& directory, std::uint64_t last_line, WallTime now) {
  const std::string text =
      std::string(kHeading) + std::to_string(last_line) + std::string(kAt) + to_rfc3339(now) + "\n";
  COFFER_CHECK(replace_plain(path_of(directory), text));
  return sync_names(directory);
}

}  // namespace coffer::audit
