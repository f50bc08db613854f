#include "coffer/core/leak_reports.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/crypto/der_signature.h"
#include "coffer/model/json_writer.h"

namespace coffer::core {
namespace {

constexpr envelope::Space kReportSpace{.mount = {}, .table = 43};
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kMostName = 64;
constexpr std::size_t kP256Signature = 64;

envelope::RowName row_of(std::string_view name) { return {kReportSpace, {}, std::string(name)}; }

struct Stored {
  LeakReport report;
  store::RowVersion row = 0;
};

Result<WallTime> read_time(Reader& in) {
  COFFER_TRY(const std::uint64_t time, in.u64());
  return WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(time)));
}

Result<LeakReport> decode(std::string_view row) {
  Reader in(as_bytes(row));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of a report");
  LeakReport report;
  COFFER_TRY(report.created, read_time(in));
  COFFER_TRY(report.updated, read_time(in));
  for (std::string* text :
       {&report.accessor, &report.display_name, &report.report, &report.document}) {
    COFFER_TRY(*text, in.text());
  }
  COFFER_TRY(const ByteView signature, in.blob());
  COFFER_TRY(const ByteView key, in.blob());
  COFFER_CHECK(in.finish());
  report.signature = to_bytes(signature);
  report.public_key = to_bytes(key);
  return report;
}

std::string encode(const LeakReport& report) {
  Writer out;
  out.u8(kFormat);
  for (const WallTime time : {report.created, report.updated}) {
    out.u64(static_cast<std::uint64_t>(time.time_since_epoch().count()));
  }
  for (const std::string* text :
       {&report.accessor, &report.display_name, &report.report, &report.document}) {
    out.text(*text);
  }
  out.blob(report.signature).blob(report.public_key);
  return std::string(as_text(out.view()));
}

Result<Stored> read_stored(envelope::SealedTransaction& tx, std::string_view name) {
  COFFER_TRY(const auto row, tx.read(row_of(name)));
  if (!row) return Stored{};
  COFFER_TRY(LeakReport report, decode(row->value));
  return Stored{std::move(report), row->version};
}

Result<void> write_stored(envelope::SealedTransaction& tx, std::string_view name,
                          const Stored& stored) {
  return tx.write(
      row_of(name), encode(stored.report),
      stored.row == 0 ? envelope::Expect::absent() : envelope::Expect::unchanged(stored.row));
}

std::string document_of(std::string_view name, const LeakReport& report, const Uuid& vault,
                        WallTime now) {
  model::JsonWriter json;
  json.begin_object().key("vault").string(to_string(vault)).key("name").string(name);
  json.key("created").string(to_rfc3339(report.created)).key("signed").string(to_rfc3339(now));
  json.key("accessor").string(report.accessor).key("display_name").string(report.display_name);
  json.key("report").raw(report.report).end_object();
  return std::string(kLeakReportLabel).append(json.view()).append("\n");
}

}  // namespace

Result<void> check_leak_report_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool fits = !name.empty() && name.size() <= kMostName && plain(name.front()) &&
                    std::all_of(name.begin(), name.end(),
                                [&](char c) { return plain(c) || c == '-' || c == '_'; });
  if (fits) return {};
  return make_error(ErrorCode::invalid_argument,
                    "the name of a report must be 1 to 64 of a-z, 0-9, - and _");
}

Result<std::optional<LeakReport>> read_leak_report(envelope::SealedTransaction& tx,
                                                   std::string_view name) {
  COFFER_TRY(Stored stored, read_stored(tx, name));
  if (stored.row == 0) return std::optional<LeakReport>();
  return std::optional(std::move(stored.report));
}

Result<std::vector<std::string>> list_leak_reports(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, tx.list(kReportSpace, {}));
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const envelope::ListedRow& row : rows) names.push_back(row.name);
  return names;
}

Result<void> write_leak_report(envelope::SealedTransaction& tx, std::string_view name,
                               std::string report, const model::Caller& caller, WallTime now) {
  COFFER_TRY(Stored stored, read_stored(tx, name));
  if (stored.report.is_signed()) {
    return make_error(ErrorCode::precondition, "this report is signed: it can't be changed");
  }
  if (stored.row == 0) stored.report.created = now;
  stored.report.updated = now;
  stored.report.accessor = caller.accessor;
  stored.report.display_name = caller.display_name;
  stored.report.report = std::move(report);
  return write_stored(tx, name, stored);
}

Result<LeakReport> sign_leak_report(envelope::SealedTransaction& tx, std::string_view name,
                                    envelope::Keyring& keyring, const model::Caller& caller,
                                    WallTime now) {
  COFFER_TRY(Stored stored, read_stored(tx, name));
  if (stored.row == 0) return make_error(ErrorCode::not_found, "");
  LeakReport& report = stored.report;
  if (report.is_signed()) return std::move(report);
  report.updated = now;
  report.accessor = caller.accessor;
  report.display_name = caller.display_name;
  report.document = document_of(name, report, keyring.vault(), now);
  report.public_key = to_bytes(keyring.public_key());
  COFFER_TRY(report.signature, keyring.sign(as_bytes(report.document)));
  if (report.signature.size() == kP256Signature) {
    COFFER_TRY(report.signature, crypto::der_signature(report.signature));
  }
  COFFER_CHECK(write_stored(tx, name, stored));
  return std::move(report);
}

}  // namespace coffer::core
