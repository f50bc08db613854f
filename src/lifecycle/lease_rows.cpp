#include "lease_rows.h"

#include "coffer/base/codec.h"

namespace coffer::lifecycle {
namespace {

constexpr envelope::Space space(std::uint16_t table) { return {.mount = {}, .table = table}; }
constexpr envelope::Space kLeases = space(20);
constexpr envelope::Space kPrefixes = space(21);
constexpr envelope::Space kOwners = space(22);
constexpr envelope::Space kPending = space(23);
constexpr envelope::Space kTargets = space(24);
constexpr envelope::Space kIssuing = space(25);
constexpr envelope::Space kPrefixEnds = space(26);
constexpr envelope::Space kIdentities = space(27);
constexpr envelope::Space kPrecautions = space(28);

constexpr std::uint8_t kFormat = 1;
/// Of a lease; those of format 1 have no identity.
constexpr std::uint8_t kLeaseFormat = 2;
constexpr std::uint8_t kRenewable = 1;
constexpr std::uint8_t kIssuingFlag = 2;
constexpr std::uint8_t kForced = 1;
constexpr std::uint8_t kPrecaution = 2;
constexpr std::uint8_t kWasAway = 4;

void put(Writer& row, WallTime time) {
  row.u64(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}
void put(Writer& row, std::chrono::seconds duration) {
  row.u64(static_cast<std::uint64_t>(duration.count()));
}

Result<WallTime> take_time(Reader& row) {
  COFFER_TRY(const std::uint64_t nanoseconds, row.u64());
  return WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
}
Result<std::chrono::seconds> take_duration(Reader& row) {
  COFFER_TRY(const std::uint64_t seconds, row.u64());
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

Error unknown_format() { return make_error(ErrorCode::corrupt, "unknown format of a lease's row"); }

Result<void> check_format(Reader& row) {
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format == kFormat) return {};
  return unknown_format();
}

std::string text_of(const Writer& row) { return std::string(as_text(row.view())); }

}  // namespace

envelope::RowName lease_row(std::string_view prefix, std::string_view name) {
  return {kLeases, std::string(prefix), std::string(name)};
}
envelope::RowName prefix_row(std::string_view prefix) {
  return {kPrefixes, {}, std::string(prefix)};
}
envelope::RowName owner_row(std::string_view owner, std::string_view id) {
  return {kOwners, std::string(owner) + "/", std::string(id)};
}
envelope::RowName identity_row(std::string_view identity, std::string_view id) {
  return {kIdentities, std::string(identity) + "/", std::string(id)};
}
envelope::RowName pending_row(std::string_view target, std::string_view id) {
  return {kPending, std::string(target) + "/", std::string(id)};
}
envelope::RowName precaution_row(std::string_view target, std::string_view id) {
  return {kPrecautions, std::string(target) + "/", std::string(id)};
}
envelope::RowName target_row(std::string_view target) {
  return {kTargets, {}, std::string(target)};
}
envelope::RowName issuing_row(std::string_view id) { return {kIssuing, {}, std::string(id)}; }
envelope::RowName prefix_end_row(std::string_view prefix) {
  return {kPrefixEnds, {}, std::string(prefix)};
}

LeasePlace split_id(std::string_view id) {
  const std::size_t slash = id.rfind('/');
  if (slash == std::string_view::npos || slash + 1 == id.size()) return {};
  return {id.substr(0, slash + 1), id.substr(slash + 1)};
}

std::string encode_lease(const Lease& lease) {
  const NewLease& terms = lease.terms;
  Writer row;
  row.u8(kLeaseFormat);
  row.u8(static_cast<std::uint8_t>((terms.renewable ? kRenewable : 0) |
                                   (lease.issuing ? kIssuingFlag : 0)));
  put(row, lease.issued);
  put(row, lease.last_renewal);
  put(row, lease.expires);
  put(row, terms.ttl);
  put(row, terms.max_ttl);
  row.text(terms.owner).text(terms.owner_name).text(terms.kind).text(terms.target);
  row.text(terms.payload).text(terms.identity);
  return text_of(row);
}

Result<Lease> decode_lease(std::string_view value, std::string_view prefix, std::string_view name) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat && format != kLeaseFormat) return unknown_format();
  Lease lease;
  lease.terms.prefix = prefix;
  lease.name = name;
  COFFER_TRY(const std::uint8_t flags, row.u8());
  lease.terms.renewable = (flags & kRenewable) != 0;
  lease.issuing = (flags & kIssuingFlag) != 0;
  COFFER_TRY(lease.issued, take_time(row));
  COFFER_TRY(lease.last_renewal, take_time(row));
  COFFER_TRY(lease.expires, take_time(row));
  COFFER_TRY(lease.terms.ttl, take_duration(row));
  COFFER_TRY(lease.terms.max_ttl, take_duration(row));
  COFFER_TRY(lease.terms.owner, row.text());
  COFFER_TRY(lease.terms.owner_name, row.text());
  COFFER_TRY(lease.terms.kind, row.text());
  COFFER_TRY(lease.terms.target, row.text());
  COFFER_TRY(lease.terms.payload, row.text());
  if (format == kLeaseFormat) {
    COFFER_TRY(lease.terms.identity, row.text());
  }
  COFFER_CHECK(row.finish());
  return lease;
}

Result<std::optional<Lease>> read_lease(envelope::SealedTransaction& tx, std::string_view id) {
  const LeasePlace place = split_id(id);
  if (place.name.empty()) return std::optional<Lease>();
  COFFER_TRY(const auto row, tx.read(lease_row(place.prefix, place.name)));
  if (!row) return std::optional<Lease>();
  COFFER_TRY(Lease lease, decode_lease(row->value, place.prefix, place.name));
  lease.version = row->version;
  return std::optional<Lease>(std::move(lease));
}

std::string encode_pending(const PendingEnd& end) {
  Writer row;
  row.u8(kFormat);
  row.u8(static_cast<std::uint8_t>((end.forced ? kForced : 0) | (end.precaution ? kPrecaution : 0) |
                                   (end.was_away ? kWasAway : 0)));
  row.u8(end.rounds).u32(end.attempts);
  put(row, end.since);
  put(row, end.not_before);
  row.text(end.last_error).text(encode_lease(end.lease));
  return text_of(row);
}

Result<PendingEnd> decode_pending(std::string_view value, std::string_view id) {
  Reader row(as_bytes(value));
  COFFER_CHECK(check_format(row));
  PendingEnd end;
  COFFER_TRY(const std::uint8_t flags, row.u8());
  end.forced = (flags & kForced) != 0;
  end.precaution = (flags & kPrecaution) != 0;
  end.was_away = (flags & kWasAway) != 0;
  COFFER_TRY(end.rounds, row.u8());
  COFFER_TRY(end.attempts, row.u32());
  COFFER_TRY(end.since, take_time(row));
  COFFER_TRY(end.not_before, take_time(row));
  COFFER_TRY(end.last_error, row.text());
  COFFER_TRY(const std::string_view lease, row.text());
  COFFER_CHECK(row.finish());
  const LeasePlace place = split_id(id);
  COFFER_TRY(end.lease, decode_lease(lease, place.prefix, place.name));
  return end;
}

std::string encode_target(const TargetRow& target) {
  Writer row;
  row.u8(kFormat);
  put(row, target.failing_since);
  row.u32(target.attempts).text(target.last_error);
  return text_of(row);
}

Result<TargetRow> decode_target(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_CHECK(check_format(row));
  TargetRow target;
  COFFER_TRY(target.failing_since, take_time(row));
  COFFER_TRY(target.attempts, row.u32());
  COFFER_TRY(target.last_error, row.text());
  COFFER_CHECK(row.finish());
  return target;
}

std::string encode_prefix_end(const PrefixEnd& end) {
  Writer row;
  row.u8(kFormat);
  put(row, end.until);
  row.u8(end.forced ? 1 : 0).text(end.prefix).text(end.after);
  return text_of(row);
}

Result<PrefixEnd> decode_prefix_end(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_CHECK(check_format(row));
  PrefixEnd end;
  COFFER_TRY(end.until, take_time(row));
  COFFER_TRY(const std::uint8_t forced, row.u8());
  end.forced = forced != 0;
  COFFER_TRY(end.prefix, row.text());
  COFFER_TRY(end.after, row.text());
  COFFER_CHECK(row.finish());
  return end;
}

}  // namespace coffer::lifecycle
