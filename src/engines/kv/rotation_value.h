// The values of a rotation: what a version holds, and what becomes current.
#pragma once

#include <optional>

#include "coffer/base/secure_bytes.h"
#include "rotation_merge.h"
#include "stored_key.h"

namespace coffer::engines::kv {

/// A secret of a moment.
struct Wiped {
  explicit Wiped(std::string secret) : text(std::move(secret)) {}
  Wiped(Wiped&&) = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  Wiped& operator=(Wiped&&) = delete;
  ~Wiped() { wipe(text); }
  std::string text;
};

/// Empty where there is none that can be read. It is a secret: wipe it.
[[nodiscard]] Result<std::string> value_of(const View& view, std::string_view path,
                                           const KeyMetadata& metadata, std::uint64_t version);

/// nullopt: the names are more than a row should hold.
[[nodiscard]] Result<std::optional<MemberChanges>> changes_to_keep(std::string_view base,
                                                                   std::string_view made);

/// A new value that works.
struct MadeValue {
  std::string_view text;
  std::uint64_t base = 0;  ///< the version that it came of; 0: none
  std::optional<MemberChanges> changes{};
};

/// What is to become current: what others wrote while the new value was made, set and tried stays.
[[nodiscard]] Result<Wiped> onto_current(const View& view, std::string_view path,
                                         const KeyMetadata& metadata, const MadeValue& made);

}  // namespace coffer::engines::kv
