// Names of users by template: the part of Go's templates that Vault's username_template needs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "coffer/base/clock.h"
#include "coffer/base/result.h"

namespace coffer::engines::database {

struct NameFacts {
  std::string_view display_name;
  std::string_view role_name;
  WallTime now;
};

/// Text with `{{ … }}` in it. Inside: .DisplayName, .RoleName, "text", numbers, parentheses, pipes,
/// and the functions random N, unix_time, unix_time_millis, uuid, truncate N, uppercase, lowercase,
/// replace A B, sha256, printf "%s…". invalid_argument for anything else. What comes out is random
/// only by `random` and `uuid`. Thread-safe.
///
/// An end goes by the name alone, so a name must be nobody else's, now or later: not by the second,
/// and not by who asks. Each character is counted with what it has of chance at least, through all
/// functions.
class NameTemplate final {
 public:
  [[nodiscard]] static Result<NameTemplate> parse(std::string_view text);
  [[nodiscard]] Result<std::string> render(const NameFacts& facts) const;
  /// Refuses a name with less of chance in it than eight characters of `random` have.
  [[nodiscard]] Result<std::string> render_unique(const NameFacts& facts) const;

  NameTemplate(NameTemplate&&) noexcept;
  NameTemplate& operator=(NameTemplate&&) noexcept;
  ~NameTemplate();

 private:
  struct Parsed;
  struct Made;
  [[nodiscard]] Result<Made> make(const NameFacts& facts) const;
  explicit NameTemplate(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

/// Without a template: v-<display 8>-<role 8>-e<epoch>-<lease>-<unix time>. After a restore, users
/// of a later time are those of a higher epoch or of an unknown lease.
[[nodiscard]] std::string default_username(const NameFacts& facts, std::uint64_t epoch,
                                           std::string_view lease);

}  // namespace coffer::engines::database
