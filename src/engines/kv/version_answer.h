// How versions are asked for, and how they look in answers.
#pragma once

#include "coffer/model/json_writer.h"
#include "stored_key.h"

namespace coffer::engines::kv {

/// The version that a read asks for: `version`, or the latest for 0 and none.
[[nodiscard]] Result<std::uint64_t> wanted_version(const model::Request& request,
                                                   const KeyMetadata& metadata);

/// A version that a read found, with its value if it still has one.
struct FoundVersion {
  StoredKey key;
  std::uint64_t version = 0;
  VersionState state;
  std::optional<std::string> value;  ///< nullopt: deleted or destroyed
};
/// not_found if there is no such key or version.
[[nodiscard]] Result<FoundVersion> find_version(engine::Context& context,
                                                const model::Request& request,
                                                std::string_view path);

void append_custom_metadata(model::JsonWriter& json, const KeyMetadata& metadata);

/// The members of a version's `metadata`, within an object that is open.
void append_version_fields(model::JsonWriter& json, const KeyMetadata& metadata,
                           std::uint64_t version, const VersionState& state);

/// What a write answers: the version that is the latest now.
[[nodiscard]] model::Response written_answer(const KeyMetadata& metadata);

/// "2026-…Z", or "" for none.
[[nodiscard]] std::string deletion_text(const VersionState& state);

}  // namespace coffer::engines::kv
