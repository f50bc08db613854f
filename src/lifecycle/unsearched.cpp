#include "coffer/lifecycle/unsearched.h"

#include <algorithm>

#include "coffer/base/codec.h"

namespace coffer::lifecycle {
namespace {

using envelope::Expect;

constexpr std::uint8_t kFormat = 1;

/// Among the vault's settings.
envelope::RowName unsearched_row() { return {{.mount = {}, .table = 4}, {}, "unsearched"}; }

std::string encode(const std::vector<Unsearched>& all) {
  Writer row;
  row.u8(kFormat).u32(static_cast<std::uint32_t>(all.size()));
  for (const Unsearched& one : all) row.raw(one.mount.view()).text(one.connection);
  return std::string(as_text(row.view()));
}

Result<std::vector<Unsearched>> decode(std::string_view text) {
  Reader row(as_bytes(text));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of the connections to be searched");
  }
  COFFER_TRY(const std::uint32_t count, row.u32());
  std::vector<Unsearched> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    Unsearched one;
    COFFER_TRY(const ByteView mount, row.raw(one.mount.bytes.size()));
    COFFER_TRY(one.mount, uuid_from(mount));
    COFFER_TRY(one.connection, row.text());
    all.push_back(std::move(one));
  }
  COFFER_CHECK(row.finish());
  return all;
}

}  // namespace

Result<std::vector<Unsearched>> unsearched(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto row, tx.read(unsearched_row()));
  if (!row) return std::vector<Unsearched>();
  return decode(row->value);
}

Result<void> set_unsearched(envelope::SealedTransaction& tx, const std::vector<Unsearched>& all) {
  if (!all.empty()) return tx.write(unsearched_row(), encode(all), Expect::anything());
  tx.erase(unsearched_row(), Expect::anything());
  return {};
}

/// Of two who search at the same time one runs again, and sees what the other did.
Result<void> note_searched(envelope::SealedTransaction& tx, const Uuid& mount,
                           std::string_view connection) {
  COFFER_TRY(const auto row, tx.read(unsearched_row()));
  if (!row) return {};
  COFFER_TRY(std::vector<Unsearched> all, decode(row->value));
  const auto gone = std::erase_if(all, [&](const Unsearched& one) {
    return one.mount == mount && one.connection == connection;
  });
  if (gone == 0) return {};
  const Expect as_read = Expect::unchanged(row->version);
  if (!all.empty()) return tx.write(unsearched_row(), encode(all), as_read);
  tx.erase(unsearched_row(), as_read);
  return {};
}

}  // namespace coffer::lifecycle
