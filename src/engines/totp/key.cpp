#include "key.h"

#include <algorithm>
#include <array>

#include "coffer/base/codec.h"

namespace coffer::engines::totp {
namespace {

constexpr std::uint8_t kRowFormat = 1;
constexpr std::array<std::string_view, 4> kNames = {"", "SHA1", "SHA256", "SHA512"};

Error corrupt(std::string_view what) {
  return make_error(ErrorCode::corrupt, std::string("a totp key's row: ").append(what));
}

Result<UsedSteps> read_used(Reader& row) {
  UsedSteps used;
  COFFER_TRY(used.all_below, row.u64());
  COFFER_TRY(const std::uint32_t count, row.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::uint64_t step, row.u64());
    const std::uint64_t least = used.single.empty() ? used.all_below : used.single.back() + 1;
    if (step < least) return corrupt("used steps out of order");
    used.single.push_back(step);
  }
  return used;
}

}  // namespace

std::string_view to_string(crypto::OtpHash hash) {
  return kNames.at(static_cast<std::size_t>(hash));
}

std::optional<crypto::OtpHash> hash_of(std::string_view name) {
  const auto* found = std::find(kNames.begin() + 1, kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<crypto::OtpHash>(found - kNames.begin());
}

std::string encode(const Key& key) {
  Writer row;
  row.u8(kRowFormat).u64(key.version);
  row.u8(static_cast<std::uint8_t>(key.hash)).u8(key.digits).u8(key.skew);
  row.u32(static_cast<std::uint32_t>(key.period.count()));
  row.text(key.issuer).text(key.account_name).u64(key.used.all_below);
  row.u32(static_cast<std::uint32_t>(key.used.single.size()));
  for (const std::uint64_t step : key.used.single) row.u64(step);
  return std::string(as_text(row.view()));
}

Result<Key> decode(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kRowFormat) return corrupt("unknown format");
  Key key;
  COFFER_TRY(key.version, row.u64());
  COFFER_TRY(const std::uint8_t hash, row.u8());
  if (hash == 0 || hash >= kNames.size()) return corrupt("unknown algorithm");
  key.hash = static_cast<crypto::OtpHash>(hash);
  COFFER_TRY(key.digits, row.u8());
  COFFER_TRY(key.skew, row.u8());
  COFFER_TRY(const std::uint32_t period, row.u32());
  if ((key.digits != 6 && key.digits != 8) || key.skew > 1 || period == 0) {
    return corrupt("a value that can't be");
  }
  key.period = std::chrono::seconds(period);
  COFFER_TRY(key.issuer, row.text());
  COFFER_TRY(key.account_name, row.text());
  COFFER_TRY(key.used, read_used(row));
  COFFER_CHECK(row.finish());
  return key;
}

}  // namespace coffer::engines::totp
