// F3: whatever path is accepted is canonical, and is its own canonical form.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "coffer/model/paths.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_segment(std::string_view segment) {
  require(!segment.empty() && segment.size() <= coffer::model::kMaxSegment);
  require(segment.front() != ' ' && segment.back() != ' ' && segment.back() != '.');
  for (const char c : segment) require(c >= 0x20 && c <= 0x7E && c != '%' && c != '\\');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto path = coffer::model::canonical_path(text);
  if (!path.ok()) {
    // No part of the path in the error, which may go to logs.
    require(path.error().text.starts_with("path refused: "));
    return 0;
  }
  const auto segments = coffer::model::split_path(*path);
  require(!segments.empty() && segments.size() <= coffer::model::kMaxSegments);
  std::string joined;
  for (const std::string_view segment : segments) {
    check_segment(segment);
    joined.append(joined.empty() ? "" : "/").append(segment);
  }
  require(*path == joined || *path == joined + "/");
  const auto again = coffer::model::canonical_path(*path);
  require(again.ok() && *again == *path);
  return 0;
}
