#include "file_rules.h"

#include <dirent.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "coffer/pkcs11/module_file.h"

namespace coffer::daemon {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

Error refuse(const std::string& path, std::string_view why) {
  return make_error(ErrorCode::precondition, path + " " + std::string(why));
}

Error cannot_look(const std::string& path) {
  return refuse(path, std::string("can't be looked at: ") + std::strerror(errno));
}

/// nullopt: nothing is there. A link is looked at itself: where it leads may change.
Result<std::optional<struct stat>> look_at(const std::string& path) {
  struct stat about {};
  if (lstat(path.c_str(), &about) == 0) return std::optional(about);
  if (errno == ENOENT) return std::optional<struct stat>();
  return cannot_look(path);
}

Result<struct stat> look_at_what_must_be(const std::string& path) {
  COFFER_TRY(const auto about, look_at(path));
  if (!about) return refuse(path, "isn't there");
  return *about;
}

Result<void> check_ours(const std::string& path, const struct stat& about, mode_t forbidden) {
  if (about.st_uid != geteuid()) return refuse(path, "must belong to the user of the daemon");
  if ((about.st_mode & forbidden) != 0) {
    return refuse(path, "must not be open to its group or to others");
  }
  return {};
}

Result<void> check_regular(const std::string& path, const struct stat& about) {
  if (!S_ISREG(about.st_mode)) return refuse(path, "must be a regular file, and no link");
  // A second name may be in a directory where others can reach it.
  if (about.st_nlink != 1) return refuse(path, "must have one name only (hard links)");
  return {};
}

Result<void> check_if_there(const std::string& path, mode_t forbidden) {
  COFFER_TRY(const auto about, look_at(path));
  if (!about) return {};
  COFFER_CHECK(check_regular(path, *about));
  return check_ours(path, *about, forbidden);
}

Result<void> check_untouched(const std::string& path, mode_t mode, uid_t owner) {
  const std::string_view why = pkcs11::why_untrusted(mode, owner, geteuid());
  if (why.empty()) return {};
  return refuse(path, why);
}

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { closedir(directory); }
};

struct Free {
  void operator()(char* text) const noexcept { std::free(text); }
};

}  // namespace

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> check_private_directory(const std::string& path) {
  COFFER_TRY(const auto about, look_at_what_must_be(path));
  if (!S_ISDIR(about.st_mode)) return refuse(path, "must be a directory, and no link");
  return check_ours(path, about, kOthers);
}

Result<void> check_private_directory_if_there(const std::string& path) {
  COFFER_TRY(const auto about, look_at(path));
  return about ? check_private_directory(path) : Result<void>();
}

Result<void> check_audit_directory(const std::string& path) {
  COFFER_TRY(const auto about, look_at(path));
  if (!about) return {};
  COFFER_CHECK(check_private_directory(path));
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (!directory) return cannot_look(path);
  while (const dirent* entry = readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (!name.starts_with("audit-") || !name.ends_with(".jsonl")) continue;
    // An auditor's group may read (docs/formats/audit-log.md).
    COFFER_CHECK(check_if_there(path + "/" + name, kOthers & ~mode_t{S_IRGRP}));
  }
  return {};
}

Result<void> check_private_file(const std::string& path) { return check_if_there(path, kOthers); }

Result<void> check_secret_file(const std::string& path) {
  COFFER_TRY([[maybe_unused]] const auto about, look_at_what_must_be(path));
  return check_private_file(path);
}

Result<void> check_trusted_directory(const std::string& path) {
  const std::unique_ptr<char, Free> resolved(realpath(path.c_str(), nullptr));
  if (!resolved) return cannot_look(path);
  std::string directory = resolved.get();
  bool nearest = true;
  for (;;) {
    struct stat about {};
    if (stat(directory.c_str(), &about) != 0) return cannot_look(directory);
    if (!S_ISDIR(about.st_mode)) return refuse(directory, "must be a directory");
    mode_t mode = about.st_mode;
    // Further up, the sticky bit (/tmp) keeps others from replacing what isn't theirs.
    if (!nearest && (mode & S_ISVTX) != 0) mode &= ~mode_t{S_IWGRP | S_IWOTH};
    COFFER_CHECK(check_untouched(directory, mode, about.st_uid));
    if (directory == "/") return {};
    directory = directory_of(directory);
    nearest = false;
  }
}

Result<void> check_trusted_file(const std::string& path) {
  COFFER_TRY(const auto about, look_at_what_must_be(path));
  COFFER_CHECK(check_regular(path, about));
  COFFER_CHECK(check_untouched(path, about.st_mode, about.st_uid));
  return check_trusted_directory(directory_of(path));
}

Result<void> check_trusted_file_if_there(const std::string& path) {
  COFFER_TRY(const auto about, look_at(path));
  if (!about) return {};
  return check_trusted_file(path);
}

Result<void> check_is_directory(const std::string& path) {
  COFFER_TRY(const auto about, look_at_what_must_be(path));
  if (!S_ISDIR(about.st_mode)) return refuse(path, "must be a directory, and no link");
  return {};
}

Result<void> check_module(const std::string& path) {
  COFFER_TRY([[maybe_unused]] const std::string file, pkcs11::check_module_file(path));
  return {};
}

Result<void> check_group_of_ours(const std::string& name) {
  std::vector<char> room(16384);
  group entry{};
  group* found = nullptr;
  if (getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
    return refuse(name, "is no group of this machine");
  }
  if (geteuid() == 0 || entry.gr_gid == getegid()) return {};
  const int count = getgroups(0, nullptr);
  if (count < 0) return cannot_look("the list of groups");
  std::vector<gid_t> ours(static_cast<std::size_t>(count));
  if (getgroups(count, ours.data()) < 0) return cannot_look("the list of groups");
  if (std::find(ours.begin(), ours.end(), entry.gr_gid) != ours.end()) return {};
  return refuse(name, "isn't a group of the daemon's user, so no socket can be given to it");
}

}  // namespace coffer::daemon
