// Statement templates as Vault writes them: SQL with {{name}} (or {{username}}), {{password}} and
// {{expiration}}. A value can stand only where a quote of the template's own surrounds it, so that
// the driver's escaping decides what it means; anywhere else the template is refused, not the
// value.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::connectors {

enum class Dialect : std::uint8_t { postgresql, mariadb };

enum class Placeholder : std::uint8_t { name, password, expiration };

inline constexpr std::size_t kMaxTemplate = std::size_t{64} * 1024;  ///< bytes of one template
inline constexpr std::size_t kMaxStatements = 64;                    ///< in one template

/// What the placeholders become. `password` is never the password itself: a verifier or a hash.
struct Values {
  std::string_view name;
  std::string_view password{};
  std::string_view expiration{};
};

/// A connection's own escaping. What it gives goes between quotes that are there already.
class Quoter {
 public:
  virtual ~Quoter() = default;
  [[nodiscard]] virtual Result<std::string> in_string(std::string_view value) const = 0;
  [[nodiscard]] virtual Result<std::string> in_identifier(std::string_view value) const = 0;
};

/// One statement of a template, without its semicolon.
class Statement final {
 public:
  enum class Place : std::uint8_t { text, string, identifier };
  struct Piece {
    Place place = Place::text;
    std::string text{};  ///< of Place::text
    Placeholder placeholder = Placeholder::name;
  };

  explicit Statement(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}
  /// A value with a NUL is invalid_argument: C strings end there.
  [[nodiscard]] Result<std::string> render(const Values& values, const Quoter& quoter) const;
  [[nodiscard]] const std::vector<Piece>& pieces() const noexcept { return pieces_; }

 private:
  std::vector<Piece> pieces_;
};

/// Splits at the semicolons that are outside of quotes and comments. invalid_argument, with the
/// reason and without a word of the text: what isn't closed, a placeholder that is unknown or
/// stands bare, in a comment, in a dollar-quoted or escape string, in another's identifier.
[[nodiscard]] Result<std::vector<Statement>> parse_statements(Dialect dialect,
                                                              std::string_view text);

/// Which placeholders they use.
[[nodiscard]] std::set<Placeholder> placeholders(std::span<const Statement> statements);

}  // namespace coffer::connectors
