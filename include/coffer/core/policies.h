// The policies that are stored, and what sets of them grant. Texts come back byte for byte; what is
// parsed and compiled is kept as long as no policy changes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/core/epoch.h"
#include "coffer/policy/policy.h"

namespace coffer::core {

/// Only for the wrapping tokens that the vault makes itself; nobody can assign or change it.
inline constexpr std::string_view kWrappingPolicy = "response-wrapping";

/// Lower case, no blanks at the edges, 1 to 128 bytes of printable ASCII without `*`, `+`, `,`:
/// names that look alike are one name, or none. invalid_argument.
[[nodiscard]] Result<std::string> policy_name(std::string_view name);

/// Thread-safe: state lives in the store.
class Policies final {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Policies>> make(
      const envelope::SealedTransaction& tx);

  /// What these policies grant together in this snapshot. A name without a policy grants nothing.
  /// Cached; nothing is allocated when it is.
  [[nodiscard]] Result<std::shared_ptr<const policy::Acl>> acl(
      envelope::SealedTransaction& tx, const std::vector<std::string>& names, WallTime now);

  // Names are in the form of policy_name().
  /// nullopt: none of that name. `default` is there always, `root` has an empty text.
  [[nodiscard]] Result<std::optional<std::string>> read(envelope::SealedTransaction& tx,
                                                        std::string_view name) const;
  /// Parses first: a text that doesn't is refused. `root` and `response-wrapping` can't be changed.
  [[nodiscard]] Result<void> write(envelope::SealedTransaction& tx, std::string_view name,
                                   std::string_view text) const;
  /// No such policy is no error. `root`, `default` and `response-wrapping` can't be deleted.
  [[nodiscard]] Result<void> remove(envelope::SealedTransaction& tx, std::string_view name) const;
  /// Sorted, the built-in ones among them.
  [[nodiscard]] Result<std::vector<std::string>> list(envelope::SealedTransaction& tx) const;

 private:
  using Names = std::vector<std::string>;
  explicit Policies(Epoch epoch) : epoch_(std::move(epoch)) {}
  [[nodiscard]] std::shared_ptr<const policy::Acl> cached(store::RowVersion version,
                                                          const Names& names, WallTime now);
  void keep(store::RowVersion version, const Names& names,
            const std::shared_ptr<const policy::Acl>& acl);
  [[nodiscard]] Result<policy::PolicyPtr> parsed(envelope::SealedTransaction& tx,
                                                 store::RowVersion version,
                                                 const std::string& name);

  const Epoch epoch_;
  Mutex mutex_;
  store::RowVersion loaded_at_ COFFER_GUARDED_BY(mutex_) = 0;
  std::map<Names, std::shared_ptr<const policy::Acl>> acls_ COFFER_GUARDED_BY(mutex_);
  std::map<std::string, policy::PolicyPtr> parsed_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
