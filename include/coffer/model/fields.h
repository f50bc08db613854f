// The only JSON codec. A Fields is one JSON object as the client sent it, checked in one pass for
// depth, duplicate keys and UTF-8; members are read by name and type, and an error names the field
// and the type wanted, never the value.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::model {

inline constexpr std::size_t kMaxJsonDepth = 32;
/// Scalars, arrays and objects together; keeps a tree, where one is made, within some 8 MiB.
inline constexpr std::size_t kMaxJsonValues = 100'000;

class Fields final {
 public:
  Fields() noexcept;  ///< the empty object
  ~Fields();
  Fields(Fields&&) noexcept;
  Fields& operator=(Fields&&) noexcept;

  /// `text` empty, blank or `null` gives the empty object. Anything but an object, deeper than
  /// kMaxJsonDepth, a duplicate key at any level, a NUL in a key, invalid UTF-8, a byte order mark,
  /// a number that no double holds, trailing data: invalid_argument; the error tells the byte, and
  /// nothing of the text. More than kMaxJsonValues values: too_large.
  [[nodiscard]] static Result<Fields> parse(std::string text);
  /// For tests and the command line; query parameters become string members by set(). Replaces a
  /// member of that name. Ends the validity of what raw_object() gave.
  void set(std::string_view name, std::string_view value);
  /// Takes a member out; no such member: nothing happens. Ends that validity too.
  void remove(std::string_view name);

  [[nodiscard]] bool has(std::string_view name) const;  ///< present and not null
  [[nodiscard]] std::vector<std::string_view> names() const;
  [[nodiscard]] bool empty() const;
  /// A member as it stands in the text: its value is JSON, `null` among what it may be. Valid as
  /// long as this Fields lives and isn't changed.
  struct MemberView {
    std::string_view name;
    std::string_view json;
  };
  /// In the client's order, without allocation: for who looks at each member of each request.
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] MemberView member(std::size_t index) const noexcept;  ///< index < size()

  // Absent (or null): not an error, nullopt. Of another type: invalid_argument.
  [[nodiscard]] Result<std::optional<std::string>> string(std::string_view name) const;
  /// Numbers without fraction and exponent, and strings of decimal digits (as Vault takes them).
  [[nodiscard]] Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  /// true, false, and the strings "true" and "false".
  [[nodiscard]] Result<std::optional<bool>> boolean(std::string_view name) const;
  /// A number of seconds, or a string as parse_duration() takes it (duration.h).
  [[nodiscard]] Result<std::optional<std::chrono::seconds>> duration(std::string_view name) const;
  [[nodiscard]] Result<std::optional<Fields>> object(std::string_view name) const;
  /// An array of strings (integers stand for their digits, as `versions` needs it), or one string
  /// with commas, the parts of which lose spaces around them and are left out when empty.
  [[nodiscard]] Result<std::optional<std::vector<std::string>>> strings(
      std::string_view name) const;
  /// The member's own bytes when it is an object, exactly as the client sent them. Valid as long as
  /// this Fields lives (moves keep it valid).
  [[nodiscard]] Result<std::optional<std::string_view>> raw_object(std::string_view name) const;
  /// The whole object as JSON text; "{}" when empty.
  [[nodiscard]] std::string text() const;

 private:
  struct Parsed;
  explicit Fields(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

/// Appends `json` (valid) to `out` with every string value replaced by what `hash` gives for its
/// unescaped content; keys, numbers, booleans, null and RFC 3339 timestamps stay, as in Vault's
/// audit lines. White space between tokens goes, so that the result has one line. What `hash`
/// appends must need no escapes in JSON.
void append_hashed(std::string& out, std::string_view json,
                   const std::function<void(std::string& out, std::string_view value)>& hash);

}  // namespace coffer::model
