#include "coffer/audit/witness.h"

#include "coffer/base/log.h"
#include "line_reader.h"
#include "plain_file.h"
#include "segments.h"

namespace coffer::audit {
namespace {

/// How many the log has by now, on disk.
Result<std::uint64_t> lines_of(const std::string& directory) {
  COFFER_TRY(const std::vector<Segment> segments, list_segments(directory));
  if (segments.empty()) return std::uint64_t{0};
  COFFER_TRY(ReadAt read, read_file(segments.back().path));
  LineReader reader(std::move(read), 0);
  std::uint64_t lines = segments.back().first - 1;
  for (RawLine line;; ++lines) {
    COFFER_TRY(const bool more, reader.next(line));
    if (!more || !line.terminated) return lines;
  }
}

}  // namespace

Witnesses::Witnesses(std::string directory, std::vector<std::unique_ptr<Witness>> witnesses,
                     std::chrono::seconds interval, const Clock& clock, OnFork on_fork,
                     Threads threads)
    : directory_(std::move(directory)),
      witnesses_(std::move(witnesses)),
      interval_(interval),
      clock_(clock),
      on_fork_(std::move(on_fork)),
      known_(witnesses_.size()),
      given_(witnesses_.size()) {
  for (const auto& witness : witnesses_) status_.push_back({.name = witness->name()});
  if (threads == Threads::own) thread_ = std::thread([this] { run(); });
}

Witnesses::~Witnesses() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (const auto& witness : witnesses_) witness->hurry();
  if (thread_.joinable()) thread_.join();
}

void Witnesses::offer(std::string note) {
  const MutexLock lock(mutex_);
  newest_ = std::move(note);
}

std::vector<WitnessStatus> Witnesses::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

void Witnesses::run() {
  for (bool last = false; !last;) {
    {
      const MutexLock lock(mutex_);
      if (!stop_) wake_.wait_for(mutex_, interval_);
      last = stop_;
    }
    try {
      round();
    } catch (const std::bad_alloc&) {
      log::error("out of memory while a checkpoint was to be witnessed");
    }
  }
}

void Witnesses::round() {
  for (std::size_t i = 0; i < witnesses_.size(); ++i) {
    std::string note;
    {
      const MutexLock lock(mutex_);
      // Who told of a fork has nothing more to say: it takes a person to look.
      if (newest_.empty() || given_[i] == newest_ || status_[i].fork) continue;
      note = newest_;
    }
    give(i, note);
  }
}

void Witnesses::give(std::size_t index, const std::string& offered) {
  std::string note = offered;
  auto answer = add(index, note);
  if (answer.ok() && answer->kind == WitnessAnswer::Kind::other_size) {
    {
      const MutexLock lock(mutex_);
      note = newest_;
    }
    answer = add(index, note);
  }
  if (answer.ok() && answer->kind == WitnessAnswer::Kind::other_size) {
    // Signed a moment ago, and not offered here yet.
    answer = make_error(ErrorCode::unavailable,
                        "the witness knows a newer checkpoint of this log than was offered");
  }
  told(index, note, answer);
  if (!answer.ok() || answer->kind != WitnessAnswer::Kind::fork) return;
  log::error("witness " + witnesses_[index]->name() +
             ": this audit log is not the one that it knows. Someone has written it anew, or put "
             "an older one in its place");
  on_fork_(witnesses_[index]->name());
}

void Witnesses::told(std::size_t index, const std::string& note,
                     const Result<WitnessAnswer>& answer) {
  const MutexLock lock(mutex_);
  WitnessStatus& status = status_[index];
  if (!answer.ok() && status.trouble.empty()) {
    log::warn("witness " + status.name + ": " + describe(answer.error()));
  }
  status.trouble = answer.ok() ? std::string() : answer.error().text;
  status.fork = answer.ok() && answer->kind == WitnessAnswer::Kind::fork;
  if (!answer.ok() || status.fork) return;
  given_[index] = note;
  status.lines = known_[index];
  status.at = clock_.wall();
  const Cosigner* const key = witnesses_[index]->key();
  status.signed_by = key == nullptr ? std::string() : key->name;
}

/// The newest that a witness signed too. Without its key it is for those to see who know it.
Result<void> Witnesses::keep(const Witness& witness, const std::string& note,
                             const std::string& signatures) const {
  const auto read = parse_checkpoint(note + signatures);
  if (!read.ok()) {
    return make_error(ErrorCode::unavailable, "the witness sent signatures that are none",
                      read.error().text);
  }
  std::string kept = note;
  if (const Cosigner* const key = witness.key(); key == nullptr) {
    kept += signatures;
  } else {
    const auto verified = verify_cosignatures(*read, {key, 1});
    if (!verified.ok()) {
      return make_error(ErrorCode::unavailable, "what the witness signed doesn't verify",
                        verified.error().text);
    }
    // "MUST ignore any cosignatures from unknown keys" (tlog-witness).
    for (const Cosignature& one : *verified) kept += to_line(one.signature);
  }
  auto written = replace_plain(directory_ + "/" + std::string(kCosigned), kept);
  if (written.ok()) written = sync_names(directory_);
  if (written.ok()) return {};
  return make_error(ErrorCode::unavailable, "cannot write the file cosigned beside the audit log",
                    written.error().cause);
}

Result<WitnessAnswer> Witnesses::add(std::size_t index, const std::string& note) {
  COFFER_TRY(const SignedCheckpoint read, parse_checkpoint(note));
  Witness& witness = *witnesses_[index];
  WitnessAnswer answer;
  if (witness.wants_proof()) {
    COFFER_TRY(answer, add_with_proof(index, read.checkpoint, note));
  } else {
    COFFER_TRY(answer, witness.add({.checkpoint = note}));
    known_[index] = read.checkpoint.size;
  }
  const bool taken = answer.kind == WitnessAnswer::Kind::taken;
  const bool must_sign = witness.key() != nullptr;
  if (taken && (must_sign || !answer.signatures.empty())) {
    COFFER_CHECK(keep(witness, note, answer.signatures));
  }
  return answer;
}

/// After a start it isn't known what the witness has: it says so when it is asked with the wrong
/// size. Once more, for another may have told it of this log in between.
Result<WitnessAnswer> Witnesses::add_with_proof(std::size_t index, const Checkpoint& now,
                                                const std::string& note) {
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t old = known_[index];
    if (old > now.size) {
      // Who else gives it this log's checkpoints may have had a newer one than this. Else it has
      // seen more of this log than there is of it now.
      COFFER_TRY(const std::uint64_t lines, lines_of(directory_));
      const bool fork = lines < old;
      return WitnessAnswer{fork ? WitnessAnswer::Kind::fork : WitnessAnswer::Kind::other_size, old};
    }
    GrowthProof proof{.old_size = old, .checkpoint = note};
    if (old != 0 && old != now.size) {
      COFFER_TRY(proof, prove_growth(directory_, old, note));
    }
    COFFER_TRY(WitnessAnswer answer, witnesses_[index]->add(proof));
    if (answer.kind == WitnessAnswer::Kind::taken) known_[index] = now.size;
    if (answer.kind != WitnessAnswer::Kind::other_size) return answer;
    // The size that was asked with, and not the same tree.
    if (answer.size == old && old != 0) {
      return WitnessAnswer{.kind = WitnessAnswer::Kind::fork, .size = old};
    }
    known_[index] = answer.size;
  }
  return make_error(ErrorCode::unavailable, "the witness says another size each time");
}

}  // namespace coffer::audit
