// May this caller do this? Vault's policy language (HCL and JSON), compiled and decided with
// exactly its precedence. Pure functions: no I/O, no clock, no state. docs/policies.md.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/result.h"
#include "coffer/model/caller.h"
#include "coffer/model/request.h"

namespace coffer::policy {

inline constexpr std::string_view kRootPolicy = "root";
inline constexpr std::string_view kDefaultPolicy = "default";

/// The built-in `default`, as text; an operator may write another in its place.
[[nodiscard]] std::string_view default_policy_text() noexcept;

/// One policy, parsed. Immutable, thread-safe, shared by the Acls that are made of it.
class Policy;
using PolicyPtr = std::shared_ptr<const Policy>;

/// HCL, or its JSON form (told by the first character). invalid_argument names line, key and what
/// was wanted; policies aren't secret, so it may quote.
[[nodiscard]] Result<PolicyPtr> parse(std::string_view name, std::string_view text);

/// What is asked. Nothing is copied: all of it outlives the call.
struct Query {
  model::Operation operation = model::Operation::read;
  std::string_view path;                      ///< canonical; a list's and a scan's ends in a slash
  const model::Fields* parameters = nullptr;  ///< nullptr: none
  std::optional<std::chrono::seconds> wrap_ttl{};
  bool sudo = false;  ///< the path is root-protected: `sudo` is needed too
};

/// A rule that was looked at, for people: why it decided, or why another did.
struct Candidate {
  std::string path;
  std::vector<std::string> policies;
  std::vector<std::string> capabilities;
  bool decided = false;
  std::string why;
};

struct Explanation {
  model::Decision decision;
  std::vector<Candidate> candidates;  ///< in order of precedence, the one that decided first
};

/// What a set of policies grants. Immutable and thread-safe.
class Acl final {
 public:
  /// Of all these policies together; expired stanzas are left out. No policy: nothing is allowed.
  [[nodiscard]] static std::shared_ptr<const Acl> build(std::span<const PolicyPtr> policies,
                                                        WallTime now);
  /// Everything is allowed: the policy `root`, which stands alone.
  [[nodiscard]] static std::shared_ptr<const Acl> root();

  /// Deny by default. No allocation. The Decision's texts live as long as this Acl.
  [[nodiscard]] model::Decision decide(const Query& query) const;
  [[nodiscard]] Explanation explain(const Query& query) const;
  /// Vault's words, sorted: {"root"}, {"deny"}, or what may be done at this path.
  [[nodiscard]] std::vector<std::string> capabilities(std::string_view path) const;
  /// Whether anything at or below `prefix` is granted: may the caller see a mount there?
  [[nodiscard]] bool any_access_below(std::string_view prefix) const;
  /// From then on a stanza is expired and the Acl has to be built anew.
  [[nodiscard]] std::optional<WallTime> stale_at() const noexcept;

  struct Rules;
  explicit Acl(std::unique_ptr<const Rules> rules);
  ~Acl();

 private:
  std::unique_ptr<const Rules> rules_;
};

}  // namespace coffer::policy
