// One `path "…" { }` of a policy, read and checked.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "capability.h"
#include "coffer/policy/policy.h"
#include "parameters.h"

namespace coffer::policy {

enum class Shape : std::uint8_t {
  exact,
  prefix,    ///< ends in `*`, and has no segment `+`
  segments,  ///< has segments `+`; may end in `*`
};
/// Of a path as it is written.
[[nodiscard]] Shape shape_of(std::string_view path) noexcept;

/// 0: no bound. Either bound asks that the answer is wrapped.
struct WrappingBounds {
  std::chrono::nanoseconds min{0};
  std::chrono::nanoseconds max{0};
};

struct Stanza {
  std::string path;  ///< as written, without one leading slash
  Capabilities capabilities = 0;
  WrappingBounds wrapping{};
  ParameterRules parameters{};
  std::optional<WallTime> expiration{};
};

/// Expired from its expiration on.
[[nodiscard]] inline bool expired(const Stanza& stanza, WallTime now) noexcept {
  return stanza.expiration && now >= *stanza.expiration;
}

class Policy final {
 public:
  Policy(std::string name, std::vector<Stanza> stanzas)
      : name_(std::move(name)), stanzas_(std::move(stanzas)) {}
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::vector<Stanza>& stanzas() const noexcept { return stanzas_; }

 private:
  std::string name_;
  std::vector<Stanza> stanzas_;
};

}  // namespace coffer::policy
