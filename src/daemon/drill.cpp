#include "drill.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "coffer/base/log.h"
#include "files.h"

namespace coffer::daemon {
namespace {

constexpr const char* kMemory = "/dev/shm";
/// A store is larger than its backup by its index and its half-full pages.
constexpr std::uint64_t kRoomFactor = 3;

/// Gone with all that is in it, whatever happened.
class ScratchDirectory final {
 public:
  [[nodiscard]] static Result<ScratchDirectory> make(const std::string& under) {
    std::string path = under + "/coffer-drill-XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) return ScratchDirectory(std::move(path));
    return make_error(ErrorCode::unavailable,
                      "cannot make a scratch directory in " + under + ": " + std::strerror(errno));
  }
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory() {
    if (path_.empty()) return;
    std::error_code failed;
    std::filesystem::remove_all(path_, failed);
    if (failed) log::warn("a scratch directory stays: " + path_);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

bool has_room(const char* directory, std::uint64_t bytes) {
  struct statvfs about {};
  if (::statvfs(directory, &about) != 0 || ::access(directory, W_OK) != 0) return false;
  return about.f_bavail * about.f_frsize > bytes * kRoomFactor;
}

core::DrillWatch watch() {
  core::DrillWatch watch;
  watch.failed = [](const std::string& what, const Error& error) {
    log::error(what + " doesn't open: " + describe(error));
  };
  if (::isatty(STDERR_FILENO) == 1) {
    watch.progress = [](const core::DrillReport& sofar) {
      std::fprintf(stderr, "\r%llu rows, %llu secrets ",
                   static_cast<unsigned long long>(sofar.rows),
                   static_cast<unsigned long long>(sofar.secrets));
    };
  }
  return watch;
}

}  // namespace

Result<DrillOutcome> drill(VaultConfig vault, RestoreSource& source, const std::string& scratch) {
  COFFER_TRY(const std::uint64_t size, source.file.size());
  const std::string usual = has_room(kMemory, size) ? kMemory : "/tmp";
  COFFER_TRY(const ScratchDirectory place,
             ScratchDirectory::make(scratch.empty() ? usual : scratch));
  vault.store_path = place.path() + "/store.db";
  vault.audit_directory = place.path() + "/audit";
  vault.backup_directory = place.path() + "/backups";
  vault.anchored = false;
  vault.signer_path = place.path() + "/signer.pem";
  const std::string pem = crypto::pem_from_spki(source.pinned);
  COFFER_CHECK(write_file(vault.signer_path, as_bytes(pem), 0600));
  COFFER_TRY(backup::Verified verified, restore_scratch(vault.store_path, source));
  COFFER_TRY(const auto opened, Vault::make(std::move(vault), system_clock()));
  COFFER_CHECK(opened->unseal(nullptr));
  const auto unsealed = opened->state().unsealed();
  COFFER_TRY(const core::DrillReport report,
             core::open_everything(*unsealed, opened->store(), watch()));
  if (::isatty(STDERR_FILENO) == 1) std::fputc('\n', stderr);
  return DrillOutcome{std::move(verified), report};
}

}  // namespace coffer::daemon
