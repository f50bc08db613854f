// Environment variables, as a seam for tests. Values aren't copied: one of them may be a token.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace coffer::cli {

class Environment final {
 public:
  /// Gives nullptr for a variable that isn't set. What it gives lives as long as the process.
  using Lookup = std::function<const char*(const std::string& name)>;

  explicit Environment(Lookup lookup) : lookup_(std::move(lookup)) {}
  [[nodiscard]] static Environment of_process();

  [[nodiscard]] std::optional<std::string_view> get(const std::string& name) const;

  struct Found {
    std::string name;
    std::string_view value;
  };
  /// COFFER_<suffix>, else BAO_<suffix>, else VAULT_<suffix>. The first that is present wins even
  /// if it is empty: that is how one is taken back.
  [[nodiscard]] std::optional<Found> own(std::string_view suffix) const;
  /// The value of own(); "" when there is none.
  [[nodiscard]] std::string_view own_value(std::string_view suffix) const;
  /// Present and a word that means yes (1, t, true, in any case).
  [[nodiscard]] bool own_is_true(std::string_view suffix) const;

 private:
  Lookup lookup_;
};

/// HOME, or what the user database says; empty: the user has none.
[[nodiscard]] std::string home_directory(const Environment& environment);

}  // namespace coffer::cli
