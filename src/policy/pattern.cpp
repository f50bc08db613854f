#include "pattern.h"

namespace coffer::policy {
namespace {

struct Segments {
  std::string_view rest;
  bool done = false;

  std::string_view take() {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    done = slash == std::string_view::npos;
    rest = done ? std::string_view{} : rest.substr(slash + 1);
    return segment;
  }
};

bool segments_match(const Rule& rule, std::string_view path) {
  const bool glob = rule.path.ends_with('*');
  Segments wanted{rule.bare_path()};
  Segments given{path};
  while (!wanted.done) {
    if (given.done) return false;
    const std::string_view segment = given.take();
    const std::string_view pattern = wanted.take();
    if (pattern == "+") continue;
    if (glob && wanted.done) return segment.starts_with(pattern);
    if (segment != pattern) return false;
  }
  return given.done;
}

/// The prefix ends somewhere in the pattern: what stands before must fit, and its last, unfinished
/// segment must be the start of the pattern's.
bool segments_reach(const Rule& rule, std::string_view prefix) {
  const bool glob = rule.path.ends_with('*');
  Segments wanted{rule.bare_path()};
  Segments given{prefix};
  while (!wanted.done) {
    const std::string_view segment = given.take();
    const std::string_view pattern = wanted.take();
    const bool last = glob && wanted.done;
    if (given.done) {
      return pattern == "+" || pattern.starts_with(segment) ||
             (last && segment.starts_with(pattern));
    }
    if (pattern == "+") continue;
    if (last) return segment.starts_with(pattern);
    if (segment != pattern) return false;
  }
  return false;  // the prefix is deeper than what the rule matches
}

}  // namespace

bool matches(const Rule& rule, std::string_view path) {
  switch (rule.shape) {
    case Shape::exact: return path == rule.path;
    case Shape::prefix: return path.starts_with(rule.bare_path());
    case Shape::segments: return segments_match(rule, path);
  }
  return false;
}

bool reaches_below(const Rule& rule, std::string_view prefix) {
  const std::string_view bare = rule.bare_path();
  switch (rule.shape) {
    case Shape::exact: return bare.starts_with(prefix);
    case Shape::prefix: return bare.starts_with(prefix) || prefix.starts_with(bare);
    case Shape::segments: return segments_reach(rule, prefix);
  }
  return false;
}

}  // namespace coffer::policy
