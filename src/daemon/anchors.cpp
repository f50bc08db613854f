#include "anchors.h"

#include <algorithm>
#include <utility>

#include "coffer/audit/anchor_line.h"
#include "coffer/base/log.h"
#include "coffer/core/restored.h"

namespace coffer::daemon {
namespace {

constexpr std::chrono::seconds kLook{1};

/// As Token::read_data() says that its make holds no data objects. Whatever else a token says may
/// be over in a moment.
bool is_unsupported(const Error& error) { return error.code == ErrorCode::unsupported; }

/// `precondition` would say that something is wrong with the store, which is to be accepted then.
Error unreadable(const Error& error) {
  if (error.code != ErrorCode::precondition) return error;
  return make_error(ErrorCode::unavailable, "the anchor on the token can't be read: " + error.text,
                    error.cause);
}

}  // namespace

Anchors::Anchors(const Parts& parts, const Uuid& incarnation)
    : parts_(parts), incarnation_(incarnation) {}

Anchors::~Anchors() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<envelope::AnchorsFound> Anchors::look(pkcs11::Token& token,
                                             const envelope::Keyring& keyring) {
  const MutexLock writing(writing_);
  auto found = envelope::read_anchors(token, keyring);
  const bool unsupported = !found.ok() && is_unsupported(found.error());
  if (!found.ok() && !unsupported) return unreadable(found.error());
  const MutexLock lock(mutex_);
  known_ = found.ok() ? found->newest : std::nullopt;
  written_.reset();
  lost_ = false;
  status_ = core::AnchorStatus{.supported = !unsupported};
  if (unsupported) return envelope::AnchorsFound();
  return found;
}

Result<void> Anchors::replace(core::Unsealed& vault) {
  {
    const MutexLock lock(mutex_);
    if (!status_.supported) return {};
  }
  return write(vault, true);
}

void Anchors::start(Source source, OnSecondCopy on_second_copy, Threads threads) {
  source_ = std::move(source);
  on_second_copy_ = std::move(on_second_copy);
  if (threads == Threads::own) thread_ = std::thread([this] { run(); });
}

bool Anchors::part(std::shared_ptr<core::Unsealed> sealed, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const MutexLock lock(mutex_);
  // Also: the thread itself, which found the second copy, is what sealed.
  if (lost_ || !thread_.joinable()) return true;
  parting_ = std::move(sealed);
  const std::uint64_t mine = ++parts_asked_;
  wake_.notify_all();
  while (parts_done_ < mine) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    parted_.wait_for(mutex_, left);
  }
  return true;
}

std::optional<envelope::Anchor> Anchors::known() const {
  const MutexLock written(writing_);
  const MutexLock lock(mutex_);
  return known_;
}

std::uint64_t Anchors::epoch() const {
  const MutexLock lock(mutex_);
  return known_ ? known_->epoch : 0;
}

core::AnchorStatus Anchors::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

void Anchors::run() {
  for (bool last = false; !last;) {
    last = wait();
    try {
      round();
    } catch (const std::bad_alloc&) {
      log::error("out of memory while the token's anchor was to be written");
    }
  }
}

/// True: this is the last time.
bool Anchors::wait() {
  const MutexLock lock(mutex_);
  if (!stop_ && parting_ == nullptr) wake_.wait_for(mutex_, kLook);
  return stop_;
}

void Anchors::round() {
  std::shared_ptr<core::Unsealed> vault;
  std::uint64_t asked = 0;
  bool last = false;
  {
    const MutexLock lock(mutex_);
    vault = std::exchange(parting_, nullptr);
    asked = parts_asked_;
    last = vault != nullptr || stop_;
  }
  const bool parts = vault != nullptr;
  if (!parts) vault = source_();
  if (vault != nullptr) attend(*vault, last);
  // Keys are wiped here, if nobody else holds them.
  vault.reset();
  if (!parts) return;
  const MutexLock lock(mutex_);
  parts_done_ = asked;
  parted_.notify_all();
}

void Anchors::attend(core::Unsealed& vault, bool last) {
  const auto due = is_due(vault, last);
  if (due.ok() && !*due) return;
  const auto written = due.ok() ? write(vault, false) : Result<void>(due.error());
  if (!written.ok()) found(written.error());
}

Result<bool> Anchors::is_due(const core::Unsealed& vault, bool last) {
  COFFER_TRY(const Mark now, mark_of(vault));
  const MutexLock lock(mutex_);
  if (!status_.supported || lost_) return false;
  const auto since = parts_.clock.boottime() - tried_;
  if (!written_) return last || status_.trouble.empty() || since >= kRetryPause;
  if (now == *written_) return false;
  if (last) return true;
  if (!status_.trouble.empty()) return since >= kRetryPause;
  return since >= kPause || (now.authority != written_->authority && since >= kAuthorityPause);
}

void Anchors::found(const Error& error) {
  bool second = false;
  bool first = false;
  {
    const MutexLock lock(mutex_);
    second = lost_;
    tried_ = parts_.clock.boottime();
    if (is_unsupported(error)) {
      status_.supported = false;
      return;
    }
    first = status_.trouble.empty();
    status_.trouble = error.text;
  }
  if (second) return on_second_copy_(error);
  if (first) log::warn("the anchor on the token can't be written: " + describe(error));
}

Result<void> Anchors::write(core::Unsealed& vault, bool whatever_is_there) {
  const MutexLock writing(writing_);
  COFFER_TRY(const auto there, envelope::read_anchors(*vault.token, *vault.keyring));
  std::uint64_t counter = there.newest ? there.newest->counter : 0;
  {
    const MutexLock lock(mutex_);
    if (!whatever_is_there) COFFER_CHECK(expect_ours(there));
    if (known_) counter = std::max(counter, known_->counter);
  }
  return put(vault, counter + 1);
}

/// Two copies of a vault serve different answers, and what one revokes the other lets in.
Result<void> Anchors::expect_ours(const envelope::AnchorsFound& found) {
  if (!found.newest || found.newest == known_) return {};
  if (found.newest->incarnation == incarnation_) return {};
  lost_ = true;
  return make_error(ErrorCode::conflict,
                    "a second copy of this vault is at work with its token: its anchor was written "
                    "by another cofferd");
}

Result<void> Anchors::put(core::Unsealed& vault, std::uint64_t counter) {
  // Before the rest: what changes in between is due again.
  const std::uint64_t authority = vault.row_sums->authority_changes();
  envelope::Anchor anchor{.node = parts_.store.node(),
                          .incarnation = incarnation_,
                          .counter = counter,
                          .written = parts_.clock.wall()};
  COFFER_TRY(anchor.store, vault.row_sums->state());
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(const std::uint64_t released, core::restores_released(*tx));
  anchor.epoch = std::max(released, epoch());
  if (parts_.log_survives) {
    COFFER_TRY(const audit::SyncedTree tree, parts_.log.synced_tree());
    anchor.log_lines = tree.size;
    anchor.log_root = tree.root;
  }
  COFFER_TRY(const Bytes stored, envelope::write_anchor(*vault.token, *vault.keyring, anchor));
  const bool told = tell(anchor, stored);
  const MutexLock lock(mutex_);
  known_ = anchor;
  written_ = Mark{anchor.store.sequence, anchor.log_lines - own_lines_, authority};
  if (told && parts_.log_survives) ++own_lines_;
  tried_ = parts_.clock.boottime();
  status_.sequence = anchor.store.sequence;
  status_.written = anchor.written;
  status_.trouble.clear();
  return {};
}

/// So that the next checkpoint commits to it, and with that whoever witnesses the log. A log that
/// can't be written says so itself, and the token has its anchor all the same.
bool Anchors::tell(const envelope::Anchor& anchor, ByteView stored) {
  const audit::Line lines[] = {audit::anchor_line({.number = anchor.counter,
                                                   .sequence = anchor.store.sequence,
                                                   .lines = anchor.log_lines,
                                                   .object = to_base64(stored)},
                                                  parts_.clock.wall())};
  const auto logged = parts_.log.append(lines, true);
  if (!logged.ok())
    log::warn("the audit log doesn't tell of the anchor: " + describe(logged.error()));
  return logged.ok();
}

Result<Anchors::Mark> Anchors::mark_of(const core::Unsealed& vault) const {
  Mark mark{.authority = vault.row_sums->authority_changes()};
  COFFER_TRY(const envelope::StoreState state, vault.row_sums->state());
  mark.sequence = state.sequence;
  if (parts_.log_survives) {
    COFFER_TRY(const audit::SyncedTree tree, parts_.log.synced_tree());
    const MutexLock lock(mutex_);
    mark.lines = tree.size - own_lines_;
  }
  return mark;
}

}  // namespace coffer::daemon
