#include "coffer/core/rewrap.h"

#include <fmt/core.h>

#include <algorithm>

#include "coffer/core/rotation.h"
#include "rewrap_row.h"

namespace coffer::core {
namespace {

constexpr std::string_view kKind = "rewrap";
constexpr std::string_view kId = "all";
/// Rows looked at in one step: some milliseconds.
constexpr std::size_t kRows = 2048;
/// Steps a second, at a rate: small ones, so that writers needn't wait for long at the Door.
constexpr std::uint32_t kStepsPerSecond = 20;
constexpr std::size_t kLargestStep = 128;
constexpr std::chrono::milliseconds kCountingPause{20};

struct Pace {
  std::size_t records = kLargestStep;
  std::chrono::nanoseconds pause{0};
};

Pace pace_of(std::uint32_t rate) {
  if (rate == 0) return {};
  const std::size_t records = std::clamp<std::size_t>(rate / kStepsPerSecond, 1, kLargestStep);
  return {records, std::chrono::nanoseconds(std::chrono::seconds(records)) / rate};
}

Result<store::RowVersion> keyring_row(envelope::SealedTransaction& tx) {
  return tx.version_at(envelope::keyring_row_key());
}

/// What is gone from there is gone, though the pass isn't over.
void subtract(std::vector<envelope::References>& all, const envelope::References& less) {
  for (envelope::References& known : all) {
    if (known.token != less.token || known.version != less.version) continue;
    known.records -= std::min(known.records, less.records);
    known.alone = std::min(known.alone, known.records);
  }
}

void take_in(RewrapJob& job, const envelope::RewrapStep& step) {
  job.cursor = step.next;
  job.records += step.records;
  job.unreadable += step.unreadable;
  job.elsewhere += step.elsewhere;
  for (const envelope::References& more : step.references) add(job.seen, more);
  if (job.phase == RewrapPhase::counting) {
    job.total += step.stale;
  } else {
    job.done += step.rewrapped;
    for (const envelope::References& less : step.left) subtract(job.references, less);
  }
}

/// The whole store was passed: what was seen is what there is.
void end_phase(RewrapJob& job, WallTime now) {
  job.references = std::exchange(job.seen, {});
  if (job.phase == RewrapPhase::counting && job.total > 0) {
    job.phase = RewrapPhase::rewrapping;
    job.cursor.clear();
    job.records = job.unreadable = job.elsewhere = 0;
    return;
  }
  job.phase = RewrapPhase::done;
  job.finished = now;
}

Result<void> go_on(envelope::SealedTransaction& tx, const StoredJob& stored, RewrapJob job,
                   std::chrono::nanoseconds pause, WallTime now) {
  job.next = now + pause;
  if (job.phase != RewrapPhase::done) {
    COFFER_CHECK(lifecycle::schedule(tx, kKind, kId, job.next, now));
  }
  return write_job(tx, stored, job);
}

Result<void> step(Unsealed& vault, envelope::SealedTransaction& tx, const lifecycle::Due& due,
                  WallTime now) {
  COFFER_TRY(StoredJob stored, read_job(tx));
  COFFER_TRY(const store::RowVersion keyring, keyring_row(tx));
  RewrapJob job = std::move(stored.job);
  if (stored.row == 0 || job.keyring != keyring) {
    job = RewrapJob{.keyring = keyring, .started = now};
  } else if (job.phase == RewrapPhase::done || due.when < job.next) {
    return {};  // nothing is left to do; or another row of this job's came first
  }
  COFFER_TRY(const RotationConfig config, rotation_config(tx));
  Pace pace = pace_of(config.rewrap_rate);
  if (job.phase == RewrapPhase::counting) {
    pace.records = 0;
    if (config.rewrap_rate > 0) pace.pause = kCountingPause;
  }
  COFFER_TRY(const envelope::RewrapStep done,
             vault.sealed_store->rewrap(tx, job.cursor, {.rows = kRows, .rewraps = pace.records}));
  take_in(job, done);
  if (done.done) end_phase(job, now);
  return go_on(tx, stored, std::move(job), pace.pause, now);
}

Result<RewrapJob> finished_job(envelope::SealedTransaction& tx) {
  COFFER_TRY(std::optional<FoundJob> found, rewrap_job(tx));
  if (!found || !found->current || found->job.phase != RewrapPhase::done) {
    return make_error(ErrorCode::precondition,
                      "records are being counted and rewrapped still: see sys/rotate/status");
  }
  if (found->job.unreadable > 0) {
    return make_error(
        ErrorCode::precondition,
        fmt::format("{} records can't be read: what they need isn't known", found->job.unreadable));
  }
  return std::move(found->job);
}

}  // namespace

Result<std::optional<FoundJob>> rewrap_job(envelope::SealedTransaction& tx) {
  COFFER_TRY(StoredJob stored, read_job(tx));
  if (stored.row == 0) return std::optional<FoundJob>();
  COFFER_TRY(const store::RowVersion keyring, keyring_row(tx));
  const bool current = stored.job.keyring == keyring;
  return std::optional<FoundJob>({std::move(stored.job), current});
}

envelope::References references_of(const RewrapJob& job, const Uuid& token, std::uint32_t version) {
  for (const envelope::References& one : job.references) {
    if (one.token == token && one.version == version) return one;
  }
  return {.token = token, .version = version};
}

bool may_be_stale(const envelope::Keyring& keyring, const std::optional<FoundJob>& found) {
  if (found) return !found->current;
  return keyring.tokens().size() > 1 || keyring.token().kek_version > 1;
}

Result<void> resume_rewrap(const Unsealed& vault, envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const std::optional<FoundJob> found, rewrap_job(tx));
  // Of a pass for the keys of now the next step stands, or it is done.
  if (!may_be_stale(*vault.keyring, found)) return {};
  return lifecycle::schedule(tx, kKind, kId, now, now);
}

void register_rewrap(Unsealed& vault) {
  vault.due_handlers.add(std::string(kKind),
                         [&vault](envelope::SealedTransaction& tx, const lifecycle::Due& due,
                                  WallTime now) { return step(vault, tx, due, now); });
}

Result<void> check_unreferenced(envelope::SealedTransaction& tx, const Uuid& token,
                                std::uint32_t version) {
  COFFER_TRY(const RewrapJob job, finished_job(tx));
  const std::uint64_t records = references_of(job, token, version).records;
  if (records == 0) return {};
  return make_error(ErrorCode::precondition,
                    fmt::format("{} records refer to this version still", records));
}

Result<void> check_not_alone(envelope::SealedTransaction& tx, const Uuid& token) {
  COFFER_TRY(const RewrapJob job, finished_job(tx));
  std::uint64_t alone = 0;
  for (const envelope::References& one : job.references) {
    if (one.token == token) alone += one.alone;
  }
  if (alone == 0) return {};
  return make_error(ErrorCode::precondition,
                    fmt::format("{} records can be opened by this token alone", alone));
}

}  // namespace coffer::core
