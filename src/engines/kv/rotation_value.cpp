#include "rotation_value.h"

namespace coffer::engines::kv {
namespace {

/// Rows are read whole, and often. Beyond it the version that a value came of is asked, if it is
/// still there.
constexpr std::size_t kMostNames = std::size_t{16} << 10U;

std::size_t size_of(const MemberChanges& changes) {
  std::size_t bytes = 0;
  for (const auto* names : {&changes.made, &changes.taken}) {
    for (const std::string& name : *names) bytes += name.size() + sizeof(std::uint32_t);
  }
  return bytes;
}

}  // namespace

Result<std::string> value_of(const View& view, std::string_view path, const KeyMetadata& metadata,
                             std::uint64_t version) {
  const auto found = metadata.versions.find(version);
  if (found == metadata.versions.end() || found->second.destroyed ||
      found->second.deleted(view.now)) {
    return std::string();
  }
  return open_version(view, path, version);
}

Result<std::optional<MemberChanges>> changes_to_keep(std::string_view base, std::string_view made) {
  COFFER_TRY(MemberChanges changes, changes_of(base, made));
  if (size_of(changes) > kMostNames) return std::optional<MemberChanges>();
  return std::optional(std::move(changes));
}

Result<Wiped> onto_current(const View& view, std::string_view path, const KeyMetadata& metadata,
                           const MadeValue& made) {
  if (metadata.current_version == made.base) return Wiped(std::string(made.text));
  COFFER_TRY(std::string there, value_of(view, path, metadata, metadata.current_version));
  const Wiped current(std::move(there));
  if (current.text.empty()) return Wiped(std::string(made.text));
  std::optional<MemberChanges> changes = made.changes;
  if (!changes) {
    COFFER_TRY(std::string before, value_of(view, path, metadata, made.base));
    const Wiped from(std::move(before));
    COFFER_TRY(changes, changes_of(from.text, made.text));
  }
  COFFER_TRY(std::string merged, put_onto(current.text, made.text, *changes));
  return Wiped(std::move(merged));
}

}  // namespace coffer::engines::kv
