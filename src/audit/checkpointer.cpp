#include "coffer/audit/checkpointer.h"

#include "checkpoint_files.h"
#include "coffer/base/log.h"
#include "line.h"

namespace coffer::audit {
namespace {

Line heartbeat_line(WallTime now) {
  Line line;
  line.body.append("{\"time\":\"").append(to_rfc3339(now)).append("\",\"type\":\"heartbeat\"");
  return line;
}

Result<void> tell_of_loss(Log& log, WallTime now) {
  Line line;
  line.body.append("{\"time\":\"")
      .append(to_rfc3339(now))
      .append("\",\"type\":\"checkpoints_lost\"");
  line.body.append(",\"detail\":\"").append(kLost).append("\"");
  const Line lines[] = {std::move(line)};
  return log.append(lines, true);
}

/// Between the look at the public key and the signature the vault may have taken another key.
Result<std::string> sign_and_check(const Checkpoint& checkpoint, crypto::Signer& signer,
                                   NoteKey& key) {
  COFFER_TRY(key, note_key(checkpoint.origin, signer.public_key()));
  COFFER_TRY(std::string note, sign_checkpoint(checkpoint, signer));
  COFFER_TRY(const SignedCheckpoint read, parse_checkpoint(note));
  const NoteKey keys[] = {key};
  COFFER_CHECK(verify_checkpoint(read, keys));
  return note;
}

}  // namespace

Checkpointer::Checkpointer(Log& log, const Clock& clock, CheckpointConfig config, Source source,
                           Threads threads, FileOpener opener)
    : log_(log),
      clock_(clock),
      config_(std::move(config)),
      origin_(log_origin(config_.node)),
      source_(std::move(source)),
      files_(std::make_unique<CheckpointFiles>(config_.directory, config_.durability,
                                               std::move(opener))),
      last_(clock.boottime()) {
  if (threads == Threads::own) thread_ = std::thread([this] { run(); });
}

Checkpointer::~Checkpointer() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  log_.refuse_requests(std::nullopt);
}

void Checkpointer::look() {
  {
    const MutexLock lock(mutex_);
    look_ = true;
  }
  wake_.notify_all();
}

/// A round that is under way may have looked at the log before: the next one counts.
bool Checkpointer::sign_now(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const MutexLock lock(mutex_);
  look_ = true;
  const std::uint64_t mine = rounds_begun_ + 1;
  wake_.notify_all();
  while (rounds_done_ < mine) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    parted_.wait_for(mutex_, left);
  }
  return !status_.unsigned_since;
}

bool Checkpointer::part(std::shared_ptr<crypto::Signer> signer,
                        std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const MutexLock lock(mutex_);
  parting_ = std::move(signer);
  const std::uint64_t mine = ++parts_asked_;
  wake_.notify_all();
  while (parts_done_ < mine) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    parted_.wait_for(mutex_, left);
  }
  return true;
}

SigningStatus Checkpointer::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

void Checkpointer::run() {
  for (bool last = false; !last;) {
    last = wait_for_work();
    try {
      round();
    } catch (const std::bad_alloc&) {
      log::error("out of memory while the audit log was to be signed");
    }
  }
}

/// True: this is the last time.
bool Checkpointer::wait_for_work() {
  const MutexLock lock(mutex_);
  if (!stop_ && !look_ && parting_ == nullptr) wake_.wait_for(mutex_, config_.pause);
  look_ = false;
  return stop_;
}

void Checkpointer::round() {
  std::shared_ptr<crypto::Signer> signer;
  std::uint64_t asked = 0;
  {
    const MutexLock lock(mutex_);
    signer = std::exchange(parting_, nullptr);
    asked = parts_asked_;
    ++rounds_begun_;
  }
  const bool parts = signer != nullptr;
  if (!parts) signer = source_();
  if (signer != nullptr) sign_with(*signer);
  const bool sealed = parts || signer == nullptr;
  // It serves nothing; and the request to unseal it must be taken.
  if (sealed) log_.refuse_requests(std::nullopt);
  // Keys are wiped here, if nobody else holds them.
  signer.reset();
  const MutexLock lock(mutex_);
  if (sealed) status_.refusing = false;
  if (parts) parts_done_ = asked;
  rounds_done_ = rounds_begun_;
  parted_.notify_all();
}

void Checkpointer::sign_with(crypto::Signer& signer) {
  const auto done = sign_all(signer);
  if (done.ok()) return succeeded();
  failed(done.error());
}

/// The tree as it was before the ends were taken: one that covers lines of a later segment would
/// hide that the end before them isn't signed yet.
Result<SyncedTree> Checkpointer::sign_ends(crypto::Signer& signer) {
  auto tree = log_.synced_tree();
  for (const SyncedTree& end : log_.take_segment_ends()) ends_.push_back(end);
  if (ends_.size() > kMaxSegmentEnds) ends_.erase(ends_.begin(), ends_.end() - kMaxSegmentEnds);
  while (!ends_.empty()) {
    if (ends_.front().size > signed_) COFFER_CHECK(sign(signer, ends_.front()));
    ends_.erase(ends_.begin());
  }
  return tree;
}

Result<void> Checkpointer::sign_all(crypto::Signer& signer) {
  if (files_->lost()) {
    // The next checkpoint covers all lines, those too that the lost ones covered.
    signed_ = 0;
    key_.clear();
    COFFER_CHECK(tell_of_loss(log_, clock_.wall()));
    // A log that took no line is told again.
    files_->loss_is_told();
  }
  COFFER_TRY(SyncedTree tree, sign_ends(signer));
  COFFER_TRY(const NoteKey now, note_key(origin_, signer.public_key()));
  if (tree.size == signed_ && to_text(now) == key_) {
    const bool silent = clock_.boottime() - last_ < config_.heartbeat;
    if (config_.heartbeat.count() == 0 || silent) return {};
    COFFER_CHECK(beat());
    COFFER_TRY(tree, sign_ends(signer));
  }
  // Less than is signed: a segment has ended meanwhile, and its end is.
  if (tree.size == 0 || tree.size < signed_) return {};
  return sign(signer, tree);
}

Result<void> Checkpointer::beat() {
  const Line lines[] = {heartbeat_line(clock_.wall())};
  return log_.append(lines, true);
}

Result<void> Checkpointer::sign(crypto::Signer& signer, const SyncedTree& tree) {
  const Checkpoint checkpoint{origin_, tree.size, tree.root};
  NoteKey key;
  auto note = sign_and_check(checkpoint, signer, key);
  if (!note.ok() && note.error().code != ErrorCode::unavailable) {
    note = sign_and_check(checkpoint, signer, key);
  }
  if (!note.ok()) return note.error();
  const std::string named = to_text(key);
  if (named != key_) COFFER_CHECK(files_->signs_since(key, tree.size));
  COFFER_CHECK(files_->add(tree.segment, *note));
  key_ = named;
  signed_ = tree.size;
  last_ = clock_.boottime();
  if (config_.on_signed) config_.on_signed(*note);
  const MutexLock lock(mutex_);
  status_.key = key_;
  status_.signed_lines = signed_;
  status_.signed_at = clock_.wall();
  return {};
}

void Checkpointer::succeeded() {
  const bool troubled = std::exchange(failing_since_, std::nullopt).has_value();
  if (!troubled) return;
  log::info("the audit log is signed again");
  log_.refuse_requests(std::nullopt);
  const MutexLock lock(mutex_);
  status_.unsigned_since.reset();
  status_.reason.clear();
  status_.refusing = false;
}

void Checkpointer::failed(const Error& error) {
  const auto now = clock_.boottime();
  if (!failing_since_) {
    log::warn("the audit log can't be signed: " + describe(error));
    failing_since_ = now;
  }
  const bool too_long =
      config_.max_unsigned.count() > 0 && now - *failing_since_ >= config_.max_unsigned;
  if (too_long) {
    log_.refuse_requests(make_error(
        ErrorCode::unavailable, "the audit log could not be signed for too long: the token is away",
        error.text));
  }
  const MutexLock lock(mutex_);
  if (!status_.unsigned_since) status_.unsigned_since = clock_.wall();
  status_.reason = error.text;
  status_.refusing = too_long;
}

}  // namespace coffer::audit
