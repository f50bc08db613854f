// Where a call stands. std::source_location in the part that we need: clang 14, which builds the
// thread sanitizer, the fuzz targets and clang-tidy's view, doesn't have the builtin under it.
#pragma once

#include <cstdint>

namespace coffer {

/// Names the line of the outermost call when current() is a default argument.
class SourceLocation final {
 public:
  [[nodiscard]] static constexpr SourceLocation current(
      const char* file = __builtin_FILE(), std::uint32_t line = __builtin_LINE()) noexcept {
    return {file, line};
  }

  [[nodiscard]] constexpr const char* file_name() const noexcept { return file_; }
  [[nodiscard]] constexpr std::uint32_t line() const noexcept { return line_; }

 private:
  constexpr SourceLocation(const char* file, std::uint32_t line) noexcept
      : file_(file), line_(line) {}
  const char* file_;
  std::uint32_t line_;
};

}  // namespace coffer
