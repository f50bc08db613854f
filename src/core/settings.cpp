#include "coffer/core/settings.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/base/version.h"
#include "coffer/core/epoch.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kRowFormat = 1;
constexpr envelope::Space kVersionSpace{.mount = {}, .table = 11};

envelope::RowName initialised_row() { return {kSettingsSpace, {}, "initialised"}; }

Result<InstalledVersion> decode(const envelope::ListedRow& stored) {
  Reader row(as_bytes(stored.value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kRowFormat)
    return make_error(ErrorCode::corrupt, "unknown format of a version row");
  COFFER_TRY(const std::uint64_t installed, row.u64());
  COFFER_CHECK(row.finish());
  return InstalledVersion{stored.name,
                          WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(installed)))};
}

}  // namespace

Result<bool> is_initialised(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto row, tx.read(initialised_row()));
  return row.has_value();
}

Result<void> mark_initialised(envelope::SealedTransaction& tx) {
  Writer row;
  row.u8(kRowFormat);
  return tx.write(initialised_row(), as_text(row.view()), envelope::Expect::absent());
}

Result<std::vector<InstalledVersion>> version_history(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, tx.list(kVersionSpace, {}));
  std::vector<InstalledVersion> versions;
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(InstalledVersion version, decode(row));
    versions.push_back(std::move(version));
  }
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return a.installed < b.installed; });
  return versions;
}

Result<void> note_version(envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const auto versions, version_history(tx));
  if (!versions.empty() && versions.back().version == kVersion) return {};
  Writer row;
  row.u8(kRowFormat).u64(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  return tx.write({kVersionSpace, {}, std::string(kVersion)}, as_text(row.view()),
                  envelope::Expect::anything());
}

}  // namespace coffer::core
