#include "bundle_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace coffer::cli {
namespace {

struct FreeArchive {
  void operator()(archive* writer) const noexcept { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

Error failed(archive* writer) {
  const char* const why = archive_error_string(writer);
  return make_error(ErrorCode::unavailable, "cannot write the bundle", why == nullptr ? "" : why);
}

Result<void> add(archive* writer, const std::string& name, const std::string& content,
                 std::int64_t seconds) {
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0400);
  archive_entry_set_mtime(entry.get(), seconds, 0);
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK) return failed(writer);
  const la_ssize_t written = archive_write_data(writer, content.data(), content.size());
  if (written < 0 || static_cast<std::size_t>(written) != content.size()) return failed(writer);
  return {};
}

Result<void> write_all(int file, const BundleFiles& files, std::int64_t seconds) {
  const std::unique_ptr<archive, FreeArchive> writer(archive_write_new());
  if (writer == nullptr) return make_error(ErrorCode::resource_exhausted, "out of memory");
  if (archive_write_set_format_ustar(writer.get()) != ARCHIVE_OK ||
      archive_write_open_fd(writer.get(), file) != ARCHIVE_OK) {
    return failed(writer.get());
  }
  for (const auto& [name, content] : files) {
    COFFER_CHECK(add(writer.get(), name, content, seconds));
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return failed(writer.get());
  if (::fsync(file) == 0) return {};
  return make_error(ErrorCode::unavailable,
                    std::string("cannot sync the bundle: ") + strerror(errno));
}

}  // namespace

Result<void> write_bundle(const std::string& path, const BundleFiles& files, std::int64_t seconds) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    const int why = errno;
    return make_error(why == EEXIST ? ErrorCode::conflict : ErrorCode::unavailable,
                      "cannot make " + path + ": " + strerror(why));
  }
  Result<void> written = write_all(file, files, seconds);
  ::close(file);
  if (!written.ok()) ::unlink(path.c_str());
  return written;
}

}  // namespace coffer::cli
