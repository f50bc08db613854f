#include "coffer/core/backups.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

#include "coffer/backup/file.h"
#include "coffer/backup/writer.h"
#include "coffer/base/log.h"
#include "coffer/base/thread.h"
#include "coffer/base/version.h"
#include "coffer/core/unsealed.h"
#include "coffer/crypto/random.h"

namespace coffer::core {
namespace {

constexpr std::string_view kSuffix = ".cfbk";
constexpr std::string_view kHalfMade = ".part";
/// While it reads, the store's log grows with all that is written, for a snapshot keeps it from
/// being folded in (docs/formats/store.md). A million rows take seconds; one that takes so long
/// would fill the disk rather than end.
constexpr std::chrono::minutes kLongest{10};

Error failed(std::string_view what) {
  return make_error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
                    std::string(what) + ": " + std::strerror(errno));
}

Error no_such_backup() { return make_error(ErrorCode::not_found, ""); }

/// Of the daemon's own making, and so without a slash or a dot in front.
bool is_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  return plain && name.size() > kSuffix.size() && name.size() < 64 && name.front() != '.' &&
         name.ends_with(kSuffix);
}

/// "20261127t030405z-1f2e.cfbk": sorted by name they are sorted by time.
Result<std::string> new_name(WallTime now) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(now));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dt%H%M%Sz-", &parts);
  COFFER_TRY(const Bytes random, crypto::random_bytes(2));
  return std::string(text.data(), size) + to_hex(random) + std::string(kSuffix);
}

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// Empty if there is no such directory yet.
Result<std::vector<std::string>> names_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (directory == nullptr) {
    if (errno == ENOENT) return names;
    return failed("cannot look into the directory of backups");
  }
  while (const dirent* entry = ::readdir(directory.get())) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

/// What others could write into is no place for what a restore will be made of.
Result<void> prepare(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return failed("cannot make the directory of backups");
  }
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return failed("cannot look at the directory of backups");
  if (!S_ISDIR(about.st_mode) || about.st_uid != ::geteuid() ||
      (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return make_error(ErrorCode::precondition,
                      "the directory of backups must be the daemon's own, with mode 0700");
  }
  return {};
}

}  // namespace

Backups::Backups(Parts parts, std::string directory)
    : parts_(parts), directory_(std::move(directory)) {}

Backups::~Backups() { stop(); }

std::string Backups::path_of(std::string_view name) const {
  return directory_ + "/" + std::string(name);
}

void Backups::serve(Record record) {
  const auto names = names_in(directory_);
  if (!names.ok()) log::warn(coffer::describe(names.error()));
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    if (name.ends_with(kHalfMade)) ::unlink(path_of(name).c_str());
  }
  const MutexLock lock(mutex_);
  record_ = std::move(record);
  stopping_ = false;
}

void Backups::stop() {
  std::thread last;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    last.swap(thread_);
  }
  if (last.joinable()) last.join();
  const MutexLock lock(mutex_);
  record_ = nullptr;
}

Result<std::string> Backups::start() {
  if (parts_.state.unsealed() == nullptr) {
    return make_error(ErrorCode::sealed, "Vault is sealed");
  }
  COFFER_TRY(const std::string name, new_name(parts_.clock.wall()));
  std::thread before;
  Result<void> refused;
  {
    const MutexLock lock(mutex_);
    if (stopping_) return make_error(ErrorCode::unavailable, "the daemon is stopping");
    if (status_.running) {
      return make_error(ErrorCode::precondition, "a backup is being made already");
    }
    before.swap(thread_);
    rows_ = bytes_ = 0;
    const Status last = status_;
    status_ = {.running = true, .name = name, .started = parts_.clock.wall()};
    auto started = start_thread([this, name] { run(name); });
    if (started.ok()) {
      thread_ = *std::move(started);
    } else {
      status_ = last;
      refused = started.error();
    }
  }
  if (before.joinable()) before.join();  // it has ended
  if (!refused.ok()) return refused.error();
  return name;
}

Backups::Status Backups::status() const {
  const MutexLock lock(mutex_);
  Status status = status_;
  if (status.running) {
    status.rows = rows_;
    status.bytes = bytes_;
  }
  return status;
}

void Backups::run(const std::string& name) {
  Result<void> made;
  try {
    made = make(name);
  } catch (const std::bad_alloc&) {
    made = make_error(ErrorCode::resource_exhausted, "out of memory while making a backup");
  }
  std::string detail = name + ": ";
  Record record;
  {
    const MutexLock lock(mutex_);
    status_.running = false;
    status_.rows = rows_;
    status_.bytes = bytes_;
    if (made.ok()) {
      detail += "sequence " + std::to_string(status_.header.sequence) + ", " +
                std::to_string(status_.rows) + " rows, digest " + to_hex(status_.summary->digest);
    } else {
      status_.failure = made.error();
      detail += made.error().text;
    }
    record = record_;
  }
  if (!made.ok()) log::error(made.error());
  if (record) record(made.ok() ? "backup_done" : "backup_failed", detail);
}

Result<void> Backups::make(const std::string& name) {
  COFFER_CHECK(prepare(directory_));
  const std::string half = path_of(name + std::string(kHalfMade));
  backup::Header header;
  auto written = write(half, header);
  if (written.ok() && ::rename(half.c_str(), path_of(name).c_str()) != 0) {
    written = failed("cannot rename the backup");
  }
  if (!written.ok()) {
    ::unlink(half.c_str());
    return std::move(written).error();
  }
  COFFER_CHECK(backup::sync_directory(directory_));
  const MutexLock lock(mutex_);
  status_.header = std::move(header);
  status_.summary = *std::move(written);
  return {};
}

/// The snapshot has a sequence that holds once something was read.
Result<backup::Header> Backups::describe(store::Snapshot& snapshot) const {
  COFFER_CHECK(snapshot.scan({}, [](const store::Key&, const store::Row&) { return false; }));
  const auto vault = parts_.state.vault();
  if (!vault) return make_error(ErrorCode::sealed, "Vault is not initialized");
  // After the snapshot: the request line of each commit is in the log before the commit.
  const audit::LogHead head = parts_.log.head();
  return backup::Header{.vault = *vault,
                        .node = parts_.store.node(),
                        .created = parts_.clock.wall(),
                        .sequence = snapshot.sequence(),
                        .audit_sequence = head.sequence,
                        .audit_hash = head.hash,
                        .program = std::string(kVersion)};
}

Result<void> Backups::go_on(std::chrono::nanoseconds since) const {
  if (stopping_) return make_error(ErrorCode::unavailable, "the daemon stopped");
  if (parts_.clock.boottime() - since > kLongest) {
    return make_error(ErrorCode::unavailable, "the backup took longer than ten minutes");
  }
  return {};
}

Result<backup::Summary> Backups::write(const std::string& path, backup::Header& header) {
  const auto since = parts_.clock.boottime();
  COFFER_TRY(auto file, backup::File::create(path));
  backup::BackupWriter writer(file.sink());
  {
    COFFER_TRY(const auto snapshot, parts_.store.snapshot());
    COFFER_TRY(header, describe(*snapshot));
    COFFER_CHECK(writer.begin(header));
    Result<void> added;
    COFFER_CHECK(snapshot->scan({}, [&](const store::Key& key, const store::Row& row) {
      added = writer.add({key, row.version, row.value});
      if (added.ok()) added = go_on(since);
      rows_ = writer.rows();
      bytes_ = writer.bytes();
      return added.ok();
    }));
    COFFER_CHECK(added);
  }
  // Only now: a seal takes the keys away at once, and a backup that nobody signed is none.
  const std::shared_ptr<Unsealed> vault = parts_.state.unsealed();
  if (vault == nullptr) return make_error(ErrorCode::sealed, "the vault was sealed meanwhile");
  COFFER_TRY(backup::Summary summary, writer.finish(*vault->keyring));
  bytes_ = writer.bytes();
  COFFER_CHECK(file.sync());
  return summary;
}

Result<std::vector<std::string>> Backups::list() const {
  COFFER_TRY(std::vector<std::string> names, names_in(directory_));
  std::erase_if(names, [](const std::string& name) { return !is_name(name); });
  return names;
}

Result<backup::File> Backups::open(std::string_view name) const {
  if (!is_name(name)) return no_such_backup();
  auto file = backup::File::open(path_of(name));
  if (!file.ok() && file.error().code == ErrorCode::not_found) return no_such_backup();
  return file;
}

Result<backup::Glance> Backups::look(std::string_view name) const {
  COFFER_TRY(backup::File file, open(name));
  COFFER_TRY(backup::Glance seen, backup::glance(file));
  if (seen.header.vault == parts_.state.vault()) return seen;
  return make_error(ErrorCode::corrupt, "the backup is another vault's");
}

Result<Backups::Chunk> Backups::read(std::string_view name, std::uint64_t offset) const {
  COFFER_TRY(backup::File file, open(name));
  Chunk chunk;
  COFFER_TRY(chunk.size, file.size());
  if (offset > chunk.size) {
    return make_error(ErrorCode::invalid_argument, "field \"offset\" is beyond the backup's end");
  }
  chunk.bytes.resize(std::min<std::uint64_t>(kChunk, chunk.size - offset));
  COFFER_TRY(const std::size_t got, file.read_at(offset, chunk.bytes));
  chunk.bytes.resize(got);
  return chunk;
}

Result<void> Backups::remove(std::string_view name) const {
  if (!is_name(name)) return no_such_backup();
  if (::unlink(path_of(name).c_str()) == 0) return {};
  return errno == ENOENT ? no_such_backup() : failed("cannot remove the backup");
}

}  // namespace coffer::core
