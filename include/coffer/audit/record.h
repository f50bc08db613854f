// What the log says of one request, for people who look for something: who did what, when, by which
// rule, and how it ended. As true as the files are; whoever doubts them verifies them (verify.h).
#pragma once

#include <cstdint>
#include <functional>
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
  std::string time{};
  std::string request{};  ///< its id
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

/// nullopt: a line that closes no request. corrupt: no line of a log.
[[nodiscard]] Result<std::optional<Record>> read_record(std::string_view line);

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

/// Gives the records that match to `found`, from `from` on, up to the last whole line there is;
/// tells where that ends. corrupt, with file and sequence of the line before, for what is no line.
[[nodiscard]] Result<LogPlace> find_records(const std::string& directory, const LogPlace& from,
                                            const RecordFilter& filter,
                                            const std::function<void(const Record&)>& found);

}  // namespace coffer::audit
