// Looking into the log's files for who did what, some mebibytes at a time. What is found is as true
// as the files are: whoever doubts them verifies them (verify.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::audit {

/// A point between two lines. 0, 0: before the first.
struct LogPlace {
  std::uint64_t segment = 0;  ///< by the number of its first line
  std::uint64_t offset = 0;   ///< bytes
};

/// One request that was answered, and not with an error.
struct Access {
  std::string time;
  std::string request;  ///< its id
  std::string operation;
  std::string path;
  std::string accessor;
  std::string display_name;
  std::string unit;
  std::string token_type;
  std::int64_t uid = -1;
  std::string made{};  ///< the accessor of a token that was made by it
};

struct SearchStep {
  LogPlace next;
  bool done = false;
  std::uint64_t lines = 0;  ///< looked at
};

/// The log as it ends now.
[[nodiscard]] Result<LogPlace> log_end(const std::string& directory);

/// Goes over lines from `from` on, at most `most` bytes of them (and one line), not beyond `until`.
/// Lines without any of `needles` in them are passed by unparsed; so are lines that can't be
/// parsed. `found` gives whether it took what it was given: a step ends before the first line that
/// it didn't take. not_found: no log is there; a segment of `from` that was archived meanwhile is
/// passed by.
[[nodiscard]] Result<SearchStep> search_log(const std::string& directory, const LogPlace& from,
                                            const LogPlace& until, std::uint64_t most,
                                            const std::vector<std::string>& needles,
                                            const std::function<bool(const Access&)>& found);

}  // namespace coffer::audit
