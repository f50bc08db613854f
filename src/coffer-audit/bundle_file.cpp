#include "bundle_file.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>

#include "coffer/model/evidence_limits.h"
#include "given_file.h"

namespace coffer::auditor {
namespace {

constexpr std::size_t kMostEntries = 4096;
constexpr std::size_t kBlock = 65536;

struct FreeArchive {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

Error broken(archive* reader, std::string_view what) {
  const char* const why = archive_error_string(reader);
  return make_error(ErrorCode::corrupt, what, why == nullptr ? "" : why);
}

Result<std::string> read_content(archive* reader, std::size_t& total) {
  std::string content;
  std::array<char, 16384> piece{};
  for (;;) {
    const la_ssize_t size = archive_read_data(reader, piece.data(), piece.size());
    if (size < 0) return broken(reader, "the bundle is cut short or damaged");
    if (size == 0) return content;
    total += static_cast<std::size_t>(size);
    if (total > model::kMaxEvidenceBytes) {
      return make_error(ErrorCode::too_large, "the bundle is over 256 MiB");
    }
    content.append(piece.data(), static_cast<std::size_t>(size));
  }
}

/// `file` must live as long as the reader.
Result<Reader> open_tar(const GivenFile& file, const std::string& path) {
  Reader reader(archive_read_new());
  if (reader == nullptr) return make_error(ErrorCode::resource_exhausted, "out of memory");
  // Of all that libarchive reads only this: a bundle isn't compressed.
  if (archive_read_support_format_tar(reader.get()) != ARCHIVE_OK) {
    return make_error(ErrorCode::internal, "this libarchive can't read tar files");
  }
  if (archive_read_open_fd(reader.get(), file.fd(), kBlock) != ARCHIVE_OK) {
    return broken(reader.get(), path + " can't be read as a tar file");
  }
  return reader;
}

}  // namespace

Result<audit::Bundle> read_bundle(const std::string& path) {
  COFFER_TRY(const GivenFile file, GivenFile::open(path));
  COFFER_TRY(const Reader reader, open_tar(file, path));
  audit::Bundle bundle;
  std::size_t total = 0;
  archive_entry* entry = nullptr;
  for (;;) {
    const int next = archive_read_next_header(reader.get(), &entry);
    if (next == ARCHIVE_EOF) return bundle;
    if (next != ARCHIVE_OK)
      return broken(reader.get(), "the bundle isn't a tar file, or is damaged");
    if (bundle.files.size() >= kMostEntries) {
      return make_error(ErrorCode::too_large, "the bundle has more than 4096 files");
    }
    const char* const name = archive_entry_pathname(entry);
    if (name == nullptr || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) != nullptr) {
      return make_error(ErrorCode::corrupt, "the bundle holds something else than plain files");
    }
    std::string kept(name);
    COFFER_TRY(std::string content, read_content(reader.get(), total));
    bundle.files.emplace_back(std::move(kept), std::move(content));
  }
}

}  // namespace coffer::auditor
