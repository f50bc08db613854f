// What the log says of one request, for people who look for something: who did what, when, by which
// rule, and how it ended. As true as the files are; whoever doubts them verifies them (verify.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/audit/search.h"

namespace coffer::audit {

enum class Ending : std::uint8_t {
  served,
  denied,       ///< no rule allows it, or nobody was made out
  failed,       ///< any other error
  interrupted,  ///< the daemon ended it, and nobody knows
};
[[nodiscard]] std::string_view to_string(Ending ending) noexcept;
[[nodiscard]] std::optional<Ending> parse_ending(std::string_view text);

/// Fields that the line hasn't are empty.
struct Record {
  std::uint64_t sequence = 0;  ///< of the line that closed the request
  std::string time{};          ///< of that line; of an interrupted one, when it came in
  std::string request{};       ///< its id
  std::string operation{};
  std::string path{};
  std::string accessor{};
  std::string display_name{};
  std::vector<std::string> policies{};
  std::int64_t uid = -1;
  std::string unit{};
  std::string rule{};    ///< that decided
  std::string policy{};  ///< which has it
  std::string error{};
  Ending ending = Ending::served;

  /// Display name, or else systemd unit, or else uid.
  [[nodiscard]] std::string caller() const;
};

/// What isn't set matches all.
struct RecordFilter {
  std::string path{};    ///< "*" stands for any characters; without one, a whole path
  std::string caller{};  ///< a display name, a unit, or a uid
  std::string accessor{};
  std::string operation{};
  std::string policy{};
  std::optional<std::int64_t> since{};  ///< seconds since 1970
  std::optional<std::int64_t> until{};  ///< up to, not including
  std::optional<Ending> ending{};
};
[[nodiscard]] bool matches(const RecordFilter& filter, const Record& record);
/// RFC 3339 in UTC: 2026-01-02T03:04:05Z, or the day alone. invalid_argument for anything else.
[[nodiscard]] Result<std::int64_t> parse_moment(std::string_view text);

class AskedLines;

/// Reads a log's records in order. A line that closes a request and says of it the id alone, as one
/// that a start writes for what the daemon's end interrupted, is told with what the request's first
/// line says; so where those stand that have no outcome yet is remembered: as many as the daemon
/// had connections, at a few dozen bytes.
class RecordReader final {
 public:
  explicit RecordReader(std::string directory);
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  /// Gives the records that match to `found`, from where the last look ended up to the last whole
  /// line there is. corrupt, with file and place, for what is no line.
  [[nodiscard]] Result<void> read(const RecordFilter& filter,
                                  const std::function<void(const Record&)>& found);
  /// Tells nothing of what is there, but for what has no outcome yet in the newest two segments.
  [[nodiscard]] Result<void> skip_to_end();

 private:
  std::string directory_;
  LogPlace place_;
  std::unique_ptr<AskedLines> asked_;
};

/// All of a log, once.
[[nodiscard]] Result<void> find_records(const std::string& directory, const RecordFilter& filter,
                                        const std::function<void(const Record&)>& found);

}  // namespace coffer::audit
