#include "made_name.h"

#include <algorithm>
#include <charconv>

#include "coffer/base/codec.h"
#include "coffer/crypto/digest.h"
#include "coffer/lifecycle/leases.h"

namespace coffer::engines::database {
namespace {

constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kLeaseSize = 24;
constexpr std::size_t kMarkSize = 4;
constexpr std::string_view kMarkLabel = "coffer database user";
/// What nanoseconds in 64 bits can hold, the year 2255.
constexpr std::uint64_t kLatest = 9'000'000'000;

/// All of `text`, and digits alone.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// What stands behind the last dash; `text` keeps what stands before it.
std::optional<std::string_view> cut_last(std::string_view& text) {
  const auto dash = text.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view last = text.substr(dash + 1);
  text = text.substr(0, dash);
  return last;
}

bool is_lease_name(std::string_view text) {
  return text.size() == kLeaseSize && text.find_first_not_of(kBase62) == std::string_view::npos;
}

Result<std::string> mark_of(const Uuid& vault, std::string_view random) {
  Writer marked;
  marked.raw(as_bytes(kMarkLabel)).raw(vault.view()).raw(as_bytes(random));
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(marked.view()));
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | hash[i];
  std::string mark(kMarkSize, ' ');
  for (std::size_t i = kMarkSize; i-- > 0; value /= kBase62.size()) {
    mark[i] = kBase62[value % kBase62.size()];
  }
  return mark;
}

}  // namespace

std::optional<MadeName> parse_made_name(std::string_view username) {
  if (!username.starts_with(kMadeNamesBegin)) return std::nullopt;
  std::string_view rest = username.substr(kMadeNamesBegin.size());
  const auto time = cut_last(rest);
  const auto lease = cut_last(rest);
  const auto epoch = cut_last(rest);
  if (!time || !lease || !epoch || !epoch->starts_with('e') || !is_lease_name(*lease)) {
    return std::nullopt;
  }
  // Between the display name and the role's.
  if (rest.find('-') == std::string_view::npos) return std::nullopt;
  const auto seconds = number(*time);
  const auto count = number(epoch->substr(1));
  if (!seconds || !count || *seconds > kLatest) return std::nullopt;
  return MadeName{.epoch = *count,
                  .lease = std::string(*lease),
                  .created = WallTime(std::chrono::seconds(*seconds))};
}

Result<std::string> new_lease_name(const Uuid& vault) {
  COFFER_TRY(std::string name, lifecycle::Leases::new_name());
  name.resize(kLeaseSize - kMarkSize);
  COFFER_TRY(const std::string mark, mark_of(vault, name));
  return name + mark;
}

Result<bool> is_name_of(const Uuid& vault, std::string_view lease) {
  if (!is_lease_name(lease)) return false;
  const std::string_view random = lease.substr(0, kLeaseSize - kMarkSize);
  COFFER_TRY(const std::string mark, mark_of(vault, random));
  return lease.substr(random.size()) == mark;
}

}  // namespace coffer::engines::database
