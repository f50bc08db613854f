#include "completion_install.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "replace_file.h"
#include "terminal.h"

namespace coffer::cli {
namespace {

// By this the lines are known again.
constexpr std::string_view kMark = " # coffer completion\n";

struct StartUpFile {
  std::string_view name;
  bool zsh;
};
constexpr std::array kFiles{StartUpFile{".bashrc", false}, StartUpFile{".zshrc", true}};

struct FreeDeleter {
  void operator()(char* text) const noexcept { ::free(text); }  // NOLINT: realpath's
};

/// Where a link leads: files of settings are often kept elsewhere, and shall stay there.
std::optional<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, FreeDeleter> real(::realpath(path.c_str(), nullptr));
  if (real == nullptr) return std::nullopt;
  return std::string(real.get());
}

std::string without_ours(std::string_view text) {
  std::string rest;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
    if (!line.ends_with(kMark)) rest.append(line);
    text.remove_prefix(line.size());
  }
  return rest;
}

Result<std::string> own_lines(bool zsh) {
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error || program.find_first_of("'\n") != std::string::npos) {
    return make_error(ErrorCode::internal, "cannot find out where this program is");
  }
  std::string lines;
  if (zsh) lines.append("autoload -U +X bashcompinit && bashcompinit").append(kMark);
  return lines.append("complete -o nospace -C '").append(program).append("' coffer").append(kMark);
}

/// Gives false when the file had none and shall have none.
Result<bool> change(const std::string& path, const std::string& lines) {
  COFFER_TRY(const std::string before, read_file(path));
  std::string after = without_ours(before);
  if (lines.empty() && after == before) return false;
  if (!lines.empty() && !after.empty() && !after.ends_with('\n')) after += '\n';
  after += lines;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return make_error(ErrorCode::internal, std::strerror(errno));
  }
  const auto replaced = replace_file(path, after, status.st_mode & 07777U);
  if (replaced.ok()) return true;
  return make_error(ErrorCode::internal, "cannot write " + path + ": " + replaced.error().text);
}

Result<std::vector<std::string>> change_all(const Environment& environment, bool install) {
  std::vector<std::string> changed;
  const std::string home = home_directory(environment);
  for (const StartUpFile& file : kFiles) {
    const auto path = real_path(home + "/" + std::string(file.name));
    if (!path) continue;
    std::string lines;
    if (install) {
      COFFER_TRY(lines, own_lines(file.zsh));
    }
    COFFER_TRY(const bool done, change(*path, lines));
    if (done) changed.push_back(*path);
  }
  return changed;
}

}  // namespace

Result<std::vector<std::string>> install_completion(const Environment& environment) {
  COFFER_TRY(std::vector<std::string> files, change_all(environment, true));
  if (files.empty()) {
    return make_error(ErrorCode::not_found,
                      "there is no ~/.bashrc and no ~/.zshrc\n"
                      "coffer(1) has the line for other places");
  }
  return files;
}

Result<std::vector<std::string>> uninstall_completion(const Environment& environment) {
  return change_all(environment, false);
}

}  // namespace coffer::cli
