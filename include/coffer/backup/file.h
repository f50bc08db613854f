// The files that backups are written to and read from.
#pragma once

#include <memory>
#include <string>

#include "coffer/backup/format.h"

namespace coffer::backup {

/// A new file, mode 0600, or one that is read. Move-only, closes itself. One thread.
class File final {
 public:
  /// conflict: something is there already. Links aren't followed.
  [[nodiscard]] static Result<File> create(const std::string& path);
  /// not_found; precondition: no regular file.
  [[nodiscard]] static Result<File> open(const std::string& path);
  /// A descriptor of the caller's, which stays open.
  [[nodiscard]] static File borrow(int descriptor);

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] Result<void> write(ByteView bytes);
  [[nodiscard]] Result<std::size_t> read(MutableByteView out);
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out);
  [[nodiscard]] Result<void> rewind();
  [[nodiscard]] Result<std::uint64_t> size() const;
  /// unavailable if the disk can't say that it has it.
  [[nodiscard]] Result<void> sync();

  /// This outlives them. The source reads ahead in its own buffer.
  [[nodiscard]] Sink sink();
  [[nodiscard]] Source source();

 private:
  File(int descriptor, bool owned) : descriptor_(descriptor), owned_(owned) {}
  int descriptor_ = -1;
  bool owned_ = false;
};

/// Makes renames and new names in it last.
[[nodiscard]] Result<void> sync_directory(const std::string& path);

}  // namespace coffer::backup
