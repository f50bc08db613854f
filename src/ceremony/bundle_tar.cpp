#include "bundle_tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

namespace coffer::ceremony {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20U;  ///< of all files
constexpr std::size_t kMostEntries = 1024;
constexpr std::size_t kBlock = 65536;

struct FreeArchive {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }
Error too_large(std::string_view what) { return make_error(ErrorCode::too_large, what); }
Error damaged(archive* reader) {
  const char* const why = archive_error_string(reader);
  return make_error(ErrorCode::corrupt, "the bundle isn't a tar file, or is cut short or damaged",
                    why == nullptr ? "" : why);
}

Result<Reader> open_tar(const std::string& path) {
  Reader reader(archive_read_new());
  if (reader == nullptr) return make_error(ErrorCode::resource_exhausted, "out of memory");
  // Of all that libarchive reads only this, and nothing compressed, which could swell.
  if (archive_read_support_format_tar(reader.get()) != ARCHIVE_OK) {
    return make_error(ErrorCode::internal, "this libarchive can't read tar files");
  }
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) == ARCHIVE_OK) return reader;
  if (archive_errno(reader.get()) != ENOENT) return damaged(reader.get());
  return make_error(ErrorCode::not_found, "cannot open " + path);
}

/// Nothing is written anywhere, but a name that leads out is none that `tar` made of a directory.
Result<std::string> name_of(archive_entry* entry) {
  const char* const path = archive_entry_pathname(entry);
  if (path == nullptr) return broken("the bundle has a file without a name");
  std::string_view name(path);
  while (name.starts_with("./")) name.remove_prefix(2);
  while (name.ends_with('/')) name.remove_suffix(1);
  if (name == ".") name = {};
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    if (part.empty() || part == "..") return broken("the bundle has a name that leads out of it");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::string(name);
}

Result<std::string> read_content(archive* reader, std::size_t& total) {
  std::string content;
  std::array<char, 16384> piece{};
  for (;;) {
    const la_ssize_t size = archive_read_data(reader, piece.data(), piece.size());
    if (size < 0) return damaged(reader);
    if (size == 0) return content;
    total += static_cast<std::size_t>(size);
    if (total > kMostBytes) return too_large("the bundle is over 64 MiB");
    content.append(piece.data(), static_cast<std::size_t>(size));
  }
}

Result<void> take(archive* reader, archive_entry* entry, TarFiles& out, std::size_t& total) {
  const auto type = archive_entry_filetype(entry);
  const bool link = archive_entry_hardlink(entry) != nullptr;
  if (link || (type != AE_IFREG && type != AE_IFDIR)) {
    return broken("the bundle holds something else than plain files");
  }
  COFFER_TRY(std::string name, name_of(entry));
  if (type == AE_IFDIR) {
    out.directories.insert(std::move(name));
    return {};
  }
  COFFER_TRY(std::string content, read_content(reader, total));
  const auto [place, fresh] = out.files.try_emplace(std::move(name), std::move(content));
  if (!fresh) return broken("the bundle has " + place->first + " twice");
  return {};
}

}  // namespace

Result<TarFiles> read_tar(const std::string& path) {
  COFFER_TRY(const Reader reader, open_tar(path));
  TarFiles out;
  std::size_t total = 0;
  archive_entry* entry = nullptr;
  for (std::size_t entries = 0;; ++entries) {
    const int next = archive_read_next_header(reader.get(), &entry);
    if (next == ARCHIVE_EOF) return out;
    if (next != ARCHIVE_OK) return damaged(reader.get());
    if (entries == kMostEntries) return too_large("the bundle has more than 1024 files");
    COFFER_CHECK(take(reader.get(), entry, out, total));
  }
}

}  // namespace coffer::ceremony
