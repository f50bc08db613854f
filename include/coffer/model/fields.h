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

class Fields final {
 public:
  Fields();  ///< the empty object
  ~Fields();
  Fields(Fields&&) noexcept;
  Fields& operator=(Fields&&) noexcept;

  /// `text` empty or `null` gives the empty object. Anything but an object, deeper than
  /// kMaxJsonDepth, a duplicate key at any level, invalid UTF-8, trailing data: invalid_argument.
  [[nodiscard]] static Result<Fields> parse(std::string text);
  /// For tests and the command line; query parameters become string members by set().
  void set(std::string name, std::string value);

  [[nodiscard]] bool has(std::string_view name) const;  ///< present and not null
  [[nodiscard]] std::vector<std::string_view> names() const;
  [[nodiscard]] bool empty() const;

  // Absent (or null): not an error, nullopt. Of another type: invalid_argument.
  [[nodiscard]] Result<std::optional<std::string>> string(std::string_view name) const;
  /// Numbers without a fraction, and strings of decimal digits (as Vault takes them).
  [[nodiscard]] Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  /// true, false, and the strings "true" and "false".
  [[nodiscard]] Result<std::optional<bool>> boolean(std::string_view name) const;
  [[nodiscard]] Result<std::optional<Fields>> object(std::string_view name) const;
  /// An array of strings, or one string with commas.
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
/// unescaped content; keys, numbers, booleans, null and RFC 3339 timestamps stay (vault-api 10).
void append_hashed(std::string& out, std::string_view json,
                   const std::function<void(std::string& out, std::string_view value)>& hash);

}  // namespace coffer::model
