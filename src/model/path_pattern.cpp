#include "coffer/model/path_pattern.h"

#include <string>

#include "coffer/model/paths.h"

namespace coffer::model {
namespace {

Error refused(std::string_view rule) {
  return make_error(ErrorCode::invalid_argument, std::string("path refused: ").append(rule));
}

/// Up to the next slash, which goes along; `text` keeps what follows.
std::string_view take_segment(std::string_view& text) {
  const std::size_t slash = text.find('/');
  const std::size_t size = slash == std::string_view::npos ? text.size() : slash + 1;
  const std::string_view segment = text.substr(0, size);
  text.remove_prefix(size);
  return segment;
}

bool is_any(std::string_view segment) { return segment == "+" || segment == "+/"; }

}  // namespace

Result<void> check_path_pattern(std::string_view pattern) {
  std::string example(pattern);
  if (example.ends_with('*')) example.back() = 'x';
  if (example.find('*') != std::string::npos) return refused("a * that isn't at the end");
  if (example.find('%') != std::string::npos) return refused("a percent sign");
  if (example.ends_with('/')) return refused("a slash at the end, without a *");
  COFFER_CHECK(canonical_path(example));
  return {};
}

bool path_fits(std::string_view pattern, std::string_view path) {
  const bool open = pattern.ends_with('*');
  if (open) pattern.remove_suffix(1);
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    if (open && pattern.empty() && !is_any(wanted)) return path.starts_with(wanted);
    const std::string_view given = take_segment(path);
    const bool both_end = wanted.ends_with('/') == given.ends_with('/');
    if (is_any(wanted) ? !both_end : wanted != given) return false;
  }
  return pattern.empty() && (open || path.empty());
}

}  // namespace coffer::model
