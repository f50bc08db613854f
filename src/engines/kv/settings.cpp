#include "settings.h"

#include <algorithm>
#include <limits>

namespace coffer::engines::kv {
namespace {

Result<std::optional<std::uint32_t>> max_versions_of(const model::Fields& fields) {
  COFFER_TRY(const std::optional<std::int64_t> given, fields.integer("max_versions"));
  if (!given) return std::optional<std::uint32_t>();
  if (*given < 0 || *given > std::numeric_limits<std::uint32_t>::max()) {
    return make_error(ErrorCode::invalid_argument,
                      "field \"max_versions\" must be a number from 0 to 4294967295");
  }
  return std::optional(static_cast<std::uint32_t>(*given));
}

}  // namespace

Result<Settings> read_settings(const model::Fields& fields, bool null_resets) {
  Settings settings;
  COFFER_TRY(settings.max_versions, max_versions_of(fields));
  COFFER_TRY(settings.cas_required, fields.boolean("cas_required"));
  COFFER_TRY(settings.delete_version_after, fields.duration("delete_version_after"));
  if (!null_resets) return settings;
  if (is_null(fields, "max_versions")) settings.max_versions = 0;
  if (is_null(fields, "cas_required")) settings.cas_required = false;
  if (is_null(fields, "delete_version_after")) settings.delete_version_after.emplace(0);
  return settings;
}

bool is_null(const model::Fields& fields, std::string_view name) {
  if (fields.has(name)) return false;
  const auto names = fields.names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace coffer::engines::kv
