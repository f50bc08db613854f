// A file that is in memory alone, for libraries that take certificates by a path.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::connectors {

class MemoryFile final {
 public:
  /// resource_exhausted: no more files.
  [[nodiscard]] static Result<std::shared_ptr<const MemoryFile>> make(std::string_view text);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Good in this process while the object lives.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  explicit MemoryFile(int file) : file_(file), path_("/proc/self/fd/" + std::to_string(file)) {}

  const int file_;
  const std::string path_;
};

/// The authorities of TargetConfig::tls_ca as a file; null: none are given. invalid_argument: no
/// certificates.
[[nodiscard]] Result<std::shared_ptr<const MemoryFile>> authorities_file(std::string_view tls_ca);

}  // namespace coffer::connectors
