// Files of a ceremony's directory. Private to the room.
#pragma once

#include <sys/types.h>

#include <string>

#include "coffer/base/secure_bytes.h"

namespace coffer::ceremony {

/// Closes itself.
class File final {
 public:
  File() noexcept = default;
  explicit File(int number) noexcept : number_(number) {}
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// not_found or unavailable, with the path; too_large over `most` bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t most);
/// Of a ceremony's directory, whoever filled that: a regular file, and no symbolic link; anything
/// else is unavailable, and isn't waited for.
[[nodiscard]] Result<std::string> read_own_file(const std::string& path, std::size_t most);
/// Replaces it at once: whole and synced, or not at all.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text,
                                      mode_t mode = 0644);
/// All bytes, then fsync. unavailable.
[[nodiscard]] Result<void> write_synced(int file, ByteView bytes);
/// So that a file's name in it stays.
[[nodiscard]] Result<void> sync_directory(const std::string& directory);
/// That of a file or directory that is new, in the directory that it is in.
[[nodiscard]] Result<void> sync_name(const std::string& path);
/// Of a private file: 0400, replaced if there is one.
[[nodiscard]] Result<void> write_secret(const std::string& path, const SecureBytes& secret);
inline constexpr std::size_t kLargestHashed = std::size_t{256} << 20U;
/// The hash of a file's bytes, in hexadecimal.
[[nodiscard]] Result<std::string> hash_file(const std::string& path);

}  // namespace coffer::ceremony
