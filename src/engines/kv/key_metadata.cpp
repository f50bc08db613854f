#include "key_metadata.h"

#include "coffer/base/codec.h"

namespace coffer::engines::kv {
namespace {

constexpr std::uint8_t kFormat = 1;

std::uint64_t to_number(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Result<WallTime> read_time(Reader& row) {
  COFFER_TRY(const std::uint64_t nanoseconds, row.u64());
  return WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
}

Result<void> read_custom(Reader& row, KeyMetadata& metadata) {
  COFFER_TRY(const std::uint32_t count, row.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::string_view name, row.text());
    COFFER_TRY(const std::string_view value, row.text());
    metadata.custom.emplace(name, value);
  }
  return {};
}

Result<void> read_versions(Reader& row, KeyMetadata& metadata) {
  COFFER_TRY(const std::uint32_t count, row.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    VersionState state;
    COFFER_TRY(const std::uint64_t version, row.u64());
    COFFER_TRY(state.created, read_time(row));
    COFFER_TRY(state.deletion, read_time(row));
    COFFER_TRY(const std::uint8_t destroyed, row.u8());
    state.destroyed = destroyed != 0;
    metadata.versions.emplace_hint(metadata.versions.end(), version, state);
  }
  return {};
}

}  // namespace

std::string encode(const KeyMetadata& metadata) {
  Writer row;
  row.u8(kFormat).u64(to_number(metadata.created)).u64(to_number(metadata.updated));
  row.u64(metadata.current_version).u32(metadata.max_versions).u8(metadata.cas_required ? 1 : 0);
  row.u64(static_cast<std::uint64_t>(metadata.delete_version_after.count()));
  row.u32(static_cast<std::uint32_t>(metadata.custom.size()));
  for (const auto& [name, value] : metadata.custom) row.text(name).text(value);
  row.u32(static_cast<std::uint32_t>(metadata.versions.size()));
  for (const auto& [version, state] : metadata.versions) {
    row.u64(version).u64(to_number(state.created)).u64(to_number(state.deletion));
    row.u8(state.destroyed ? 1 : 0);
  }
  return std::string(as_text(row.view()));
}

Result<KeyMetadata> decode(std::string_view text) {
  Reader row(as_bytes(text));
  KeyMetadata metadata;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of a key's row");
  COFFER_TRY(metadata.created, read_time(row));
  COFFER_TRY(metadata.updated, read_time(row));
  COFFER_TRY(metadata.current_version, row.u64());
  COFFER_TRY(metadata.max_versions, row.u32());
  COFFER_TRY(const std::uint8_t cas_required, row.u8());
  metadata.cas_required = cas_required != 0;
  COFFER_TRY(const std::uint64_t delete_after, row.u64());
  metadata.delete_version_after = std::chrono::seconds(static_cast<std::int64_t>(delete_after));
  COFFER_CHECK(read_custom(row, metadata));
  COFFER_CHECK(read_versions(row, metadata));
  COFFER_CHECK(row.finish());
  return metadata;
}

}  // namespace coffer::engines::kv
