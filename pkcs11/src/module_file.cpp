#include "coffer/pkcs11/module_file.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace coffer::pkcs11 {
namespace {

struct Free {
  void operator()(char* text) const noexcept { std::free(text); }
};

Error refuse(ErrorCode code, const std::string& path, std::string_view why) {
  return make_error(code, fmt::format("refused to load the module {}: {}", path, why));
}

/// A directory of ours in which others can't put things; further up the sticky bit does (/tmp),
/// which keeps others from replacing what isn't theirs.
Result<void> check_directory(const std::string& module, const std::string& directory,
                             bool holds_the_module) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    return refuse(ErrorCode::not_found, module, std::strerror(errno));
  }
  mode_t mode = status.st_mode;
  const bool sticky = (mode & S_ISVTX) != 0;
  if (sticky && !holds_the_module) mode &= ~mode_t{S_IWGRP | S_IWOTH};
  const std::string_view why = why_untrusted(mode, status.st_uid, ::geteuid());
  if (!why.empty()) {
    return refuse(ErrorCode::permission_denied, module, fmt::format("{} {}", directory, why));
  }
  return {};
}

Result<void> check_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return refuse(ErrorCode::not_found, path, std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return refuse(ErrorCode::invalid_argument, path, "it isn't a regular file");
  }
  const std::string_view why = why_untrusted(status.st_mode, status.st_uid, ::geteuid());
  if (!why.empty()) return refuse(ErrorCode::permission_denied, path, fmt::format("it {}", why));
  return {};
}

}  // namespace

std::string_view why_untrusted(mode_t mode, uid_t owner, uid_t us) noexcept {
  if (owner != 0 && owner != us) return "belongs to neither root nor this user";
  if ((mode & (S_IWGRP | S_IWOTH)) != 0) return "can be written by its group or by anyone";
  return {};
}

Result<std::string> check_module_file(const std::string& path) {
  // A relative path, and dlopen's search, would let the working directory or LD_LIBRARY_PATH
  // choose.
  if (path.empty() || path.front() != '/') {
    return refuse(ErrorCode::invalid_argument, path, "the path isn't absolute");
  }
  if (path.find('\0') != std::string::npos) {
    return make_error(ErrorCode::invalid_argument, "the module's path has a NUL in it");
  }
  const std::unique_ptr<char, Free> resolved(::realpath(path.c_str(), nullptr));
  if (!resolved) return refuse(ErrorCode::not_found, path, std::strerror(errno));
  const std::string file = resolved.get();
  COFFER_CHECK(check_file(file));
  bool holds_the_module = true;
  for (std::size_t slash = file.rfind('/'); slash != 0; slash = file.rfind('/', slash - 1)) {
    COFFER_CHECK(check_directory(file, file.substr(0, slash), holds_the_module));
    holds_the_module = false;
  }
  COFFER_CHECK(check_directory(file, "/", holds_the_module));
  return file;
}

}  // namespace coffer::pkcs11
