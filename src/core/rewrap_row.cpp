#include "rewrap_row.h"

#include "coffer/base/codec.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kFormat = 1;

envelope::RowName job_row() { return {kKeyWorkSpace, {}, "rewrap"}; }

std::uint64_t number_of(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Result<WallTime> read_time(Reader& in) {
  COFFER_TRY(const std::uint64_t time, in.u64());
  return WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(time)));
}

void put(Writer& out, const std::vector<envelope::References>& all) {
  out.u32(static_cast<std::uint32_t>(all.size()));
  for (const envelope::References& one : all) {
    out.raw(one.token.view()).u32(one.version).u64(one.records).u64(one.alone);
  }
}

Result<std::vector<envelope::References>> read_references(Reader& in) {
  std::vector<envelope::References> all;
  COFFER_TRY(const std::uint32_t count, in.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    envelope::References one;
    COFFER_TRY(const ByteView token, in.raw(one.token.bytes.size()));
    COFFER_TRY(one.token, uuid_from(token));
    COFFER_TRY(one.version, in.u32());
    COFFER_TRY(one.records, in.u64());
    COFFER_TRY(one.alone, in.u64());
    all.push_back(one);
  }
  return all;
}

Result<RewrapJob> decode(std::string_view value) {
  RewrapJob job;
  Reader in(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, in.u8());
  COFFER_TRY(job.keyring, in.u64());
  COFFER_TRY(const std::uint8_t phase, in.u8());
  if (format != kFormat || phase < 1 || phase > 3) {
    return make_error(ErrorCode::corrupt, "unknown format of the rewrap's row");
  }
  job.phase = static_cast<RewrapPhase>(phase);
  COFFER_TRY(job.cursor, in.text());
  for (std::uint64_t* number :
       {&job.total, &job.done, &job.records, &job.unreadable, &job.elsewhere}) {
    COFFER_TRY(*number, in.u64());
  }
  for (WallTime* time : {&job.started, &job.finished, &job.next}) {
    COFFER_TRY(*time, read_time(in));
  }
  COFFER_TRY(job.references, read_references(in));
  COFFER_TRY(job.seen, read_references(in));
  COFFER_CHECK(in.finish());
  return job;
}

}  // namespace

Result<StoredJob> read_job(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto row, tx.read(job_row()));
  if (!row) return StoredJob{};
  COFFER_TRY(RewrapJob job, decode(row->value));
  return StoredJob{std::move(job), row->version};
}

Result<void> write_job(envelope::SealedTransaction& tx, const StoredJob& stored,
                       const RewrapJob& job) {
  Writer out;
  out.u8(kFormat).u64(job.keyring).u8(static_cast<std::uint8_t>(job.phase)).text(job.cursor);
  for (const std::uint64_t number :
       {job.total, job.done, job.records, job.unreadable, job.elsewhere}) {
    out.u64(number);
  }
  for (const WallTime time : {job.started, job.finished, job.next}) out.u64(number_of(time));
  put(out, job.references);
  put(out, job.seen);
  return tx.write(
      job_row(), as_text(out.view()),
      stored.row == 0 ? envelope::Expect::absent() : envelope::Expect::unchanged(stored.row));
}

}  // namespace coffer::core
