// Restore drills that were held, as those say who held them: the vault keeps the record, and tells
// when the next one is due. docs/operations.md.
#include "coffer/base/codec.h"
#include "coffer/core/epoch.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kMostKept = 100;
constexpr std::size_t kMostNote = 512;
constexpr std::size_t kDigestDigits = 64;

struct Drill {
  WallTime time{};
  std::string by;      ///< display name of who said so
  std::string backup;  ///< its digest in hex; may be empty
  bool passed = false;
  std::string note;
};

envelope::RowName drills_row() { return {core::kSettingsSpace, {}, "drills"}; }

Result<std::vector<Drill>> read_drills(envelope::SealedTransaction& tx) {
  std::vector<Drill> all;
  COFFER_TRY(const auto row, tx.read(drills_row()));
  if (!row) return all;
  Reader in(as_bytes(row->value));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of the drills");
  COFFER_TRY(const std::uint32_t count, in.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    Drill drill;
    COFFER_TRY(const std::uint64_t time, in.u64());
    drill.time = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(time)));
    COFFER_TRY(drill.by, in.text());
    COFFER_TRY(drill.backup, in.text());
    COFFER_TRY(const std::uint8_t passed, in.u8());
    drill.passed = passed != 0;
    COFFER_TRY(drill.note, in.text());
    all.push_back(std::move(drill));
  }
  COFFER_CHECK(in.finish());
  return all;
}

Result<void> write_drills(envelope::SealedTransaction& tx, const std::vector<Drill>& drills) {
  Writer out;
  out.u8(kFormat).u32(static_cast<std::uint32_t>(drills.size()));
  for (const Drill& drill : drills) {
    out.u64(static_cast<std::uint64_t>(drill.time.time_since_epoch().count()));
    out.text(drill.by).text(drill.backup).u8(drill.passed ? 1 : 0).text(drill.note);
  }
  return tx.write(drills_row(), as_text(out.view()), envelope::Expect::anything());
}

bool is_digest(std::string_view text) {
  return text.empty() ||
         (text.size() == kDigestDigits && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
          }));
}

/// The newest first.
Result<Response> list(Call& call) {
  COFFER_TRY(const std::vector<Drill> drills, read_drills(call.context.tx));
  JsonWriter json;
  json.begin_object().key("drills").begin_array();
  for (auto one = drills.rbegin(); one != drills.rend(); ++one) {
    json.begin_object().key("time").string(to_rfc3339(one->time)).key("by").string(one->by);
    json.key("passed").boolean(one->passed).key("backup").string(one->backup);
    json.key("note").string(one->note).end_object();
  }
  json.end_array().end_object();
  return answer(std::move(json));
}

Result<Response> record(Call& call) {
  const model::Fields& fields = call.request.fields;
  COFFER_TRY(const auto passed, fields.boolean("passed"));
  COFFER_TRY(const auto backup, fields.string("backup"));
  COFFER_TRY(const auto note, fields.string("note"));
  if (!passed) return invalid("missing field \"passed\"");
  if (!is_digest(backup.value_or(""))) {
    return invalid("field \"backup\" must be the digest of a backup: SHA-256 in hex");
  }
  if (note.value_or("").size() > kMostNote) {
    return invalid("field \"note\" must have at most 512 bytes");
  }
  COFFER_TRY(std::vector<Drill> drills, read_drills(call.context.tx));
  drills.push_back({.time = call.context.now,
                    .by = call.context.caller->display_name,
                    .backup = backup.value_or(""),
                    .passed = *passed,
                    .note = note.value_or("")});
  if (drills.size() > kMostKept) drills.erase(drills.begin());
  COFFER_CHECK(write_drills(call.context.tx, drills));
  return no_content();
}

}  // namespace

std::span<const Handler> drill_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "drills",
        .help = "The restore drills that were recorded, the newest first."},
       list},
      {{.operation = Operation::update,
        .pattern = "drills",
        .sudo = true,
        .help = "Record a restore drill: whether it `passed`, of which `backup`, and a `note`."},
       record},
  };
  return kHandlers;
}

}  // namespace coffer::sys
