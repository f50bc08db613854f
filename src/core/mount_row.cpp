#include "mount_row.h"

#include "coffer/base/codec.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kFirstFormat = 1;  ///< without the configuration
constexpr std::uint8_t kFormat = 2;

void put(Writer& row, const std::vector<std::string>& texts) {
  row.u32(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) row.text(text);
}

Result<std::vector<std::string>> take_texts(Reader& row) {
  COFFER_TRY(const std::uint32_t count, row.u32());
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::string_view text, row.text());
    texts.emplace_back(text);
  }
  return texts;
}

Result<std::chrono::seconds> take_seconds(Reader& row) {
  COFFER_TRY(const std::uint64_t count, row.u64());
  return std::chrono::seconds(static_cast<std::int64_t>(count));
}

Result<engine::MountConfig> take_config(Reader& row) {
  engine::MountConfig config;
  COFFER_TRY(config.default_lease_ttl, take_seconds(row));
  COFFER_TRY(config.max_lease_ttl, take_seconds(row));
  COFFER_TRY(const std::uint8_t no_cache, row.u8());
  config.force_no_cache = no_cache != 0;
  COFFER_TRY(config.listing_visibility, row.text());
  COFFER_TRY(config.audit_non_hmac_request_keys, take_texts(row));
  COFFER_TRY(config.audit_non_hmac_response_keys, take_texts(row));
  return config;
}

}  // namespace

envelope::RowName mount_row(const Uuid& mount) { return {kMountSpace, {}, to_string(mount)}; }

std::string encode_mount(const engine::Mount& mount) {
  Writer row;
  row.u8(kFormat).text(mount.path).text(mount.type).raw(mount.uuid.view());
  row.text(mount.accessor).text(mount.description);
  row.u32(static_cast<std::uint32_t>(mount.options.size()));
  for (const auto& [name, value] : mount.options) row.text(name).text(value);
  const engine::MountConfig& config = mount.config;
  row.u64(static_cast<std::uint64_t>(config.default_lease_ttl.count()));
  row.u64(static_cast<std::uint64_t>(config.max_lease_ttl.count()));
  row.u8(config.force_no_cache ? 1 : 0).text(config.listing_visibility);
  put(row, config.audit_non_hmac_request_keys);
  put(row, config.audit_non_hmac_response_keys);
  return std::string(as_text(row.view()));
}

Result<engine::Mount> decode_mount(std::string_view text) {
  Reader row(as_bytes(text));
  engine::Mount mount;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat && format != kFirstFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of a mount row");
  }
  COFFER_TRY(mount.path, row.text());
  COFFER_TRY(mount.type, row.text());
  COFFER_TRY(const ByteView uuid, row.raw(sizeof(Uuid::bytes)));
  COFFER_TRY(mount.uuid, uuid_from(uuid));
  COFFER_TRY(mount.accessor, row.text());
  COFFER_TRY(mount.description, row.text());
  COFFER_TRY(const std::uint32_t options, row.u32());
  for (std::uint32_t i = 0; i < options; ++i) {
    COFFER_TRY(const std::string_view name, row.text());
    COFFER_TRY(const std::string_view value, row.text());
    mount.options.emplace_back(name, value);
  }
  if (format == kFormat) {
    COFFER_TRY(mount.config, take_config(row));
  }
  COFFER_CHECK(row.finish());
  return mount;
}

}  // namespace coffer::core
