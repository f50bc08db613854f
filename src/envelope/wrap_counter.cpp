#include "wrap_counter.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "packer.h"
#include "row.h"

namespace coffer::envelope {
namespace {

/// Where counting starts: room for the wraps of the keyring itself, which happen where there is no
/// store yet and are few.
constexpr std::uint64_t kKeyringWraps = 1024;
constexpr int kAttempts = 16;
constexpr std::size_t kRowKeySize = 2 * kRowKeyHalf;

/// Table 0 without a mount is the envelope's own (docs/formats/sealed-row.md).
RowName counter_name(const store::Key& key) { return {Space{}, {}, key}; }

Error used_up() {
  return make_error(ErrorCode::resource_exhausted,
                    "the key-encryption key was used too often; rotate it");
}

Result<bool> holds_rows(store::Snapshot& snapshot) {
  bool found = false;
  COFFER_CHECK(snapshot.scan({}, [&](const store::Key& key, const store::Row&) {
    found = key.size() == kRowKeySize;  // rows with a key in clear have shorter ones
    return !found;
  }));
  return found;
}

}  // namespace

store::Key wrap_counter_row_key(std::uint32_t kek_version) {
  return "coffer/wraps/" + to_hex(Packer(4).u32(kek_version).view());
}

store::Key wrap_counter_row_key(const EnrolledToken& token) {
  store::Key key = wrap_counter_row_key(token.kek_version);
  if (token.algorithm != pkcs11::kWrapAesGcm) {
    key += "/" + to_hex(token.id.view().first(4));
  }
  return key;
}

// RSA isn't used up, so that a count of it is missing takes nobody's safety.
WrapCounter::WrapCounter(const Keyring& keyring, store::Store& store, const WrapLimits& limits,
                         const EnrolledToken& token)
    : keyring_(keyring),
      store_(store),
      limits_(limits),
      key_(wrap_counter_row_key(token)),
      must_be_there_(token.algorithm == pkcs11::kWrapAesGcm),
      block_(limits.first_block) {}

Result<WrapCounter::Fresh> WrapCounter::start(const Keyring& keyring, store::Store& store,
                                              const WrapLimits& limits,
                                              const EnrolledToken& token) {
  Fresh fresh;
  fresh.counter.reset(new WrapCounter(keyring, store, limits, token));
  COFFER_TRY(const Stored stored, fresh.counter->load_unused());
  if (stored.mark >= limits.refuse_at) return used_up();
  const std::uint64_t mark = std::min(stored.mark + limits.first_block, limits.refuse_at);
  COFFER_TRY(fresh.row, fresh.counter->row_of(mark));
  fresh.before = stored.version;
  fresh.counter->publish(mark, mark - stored.mark);
  return fresh;
}

Result<std::unique_ptr<WrapCounter>> WrapCounter::open(const Keyring& keyring, store::Store& store,
                                                       const WrapLimits& limits) {
  std::unique_ptr<WrapCounter> counter(new WrapCounter(keyring, store, limits, keyring.token()));
  Result<void> reserved = counter->reserve();
  // A kek that is used up still opens what it wrapped.
  if (!reserved.ok() && reserved.error().code != ErrorCode::resource_exhausted) {
    return std::move(reserved).error();
  }
  return counter;
}

Result<void> WrapCounter::count() {
  for (;;) {
    const Step step = take();
    if (step == Step::counted) return {};
    Result<void> reserved = reserve();
    // This wrap has its number; if nothing can be reserved, a later one finds none and says why.
    if (step == Step::counted_and_low) return {};
    if (!reserved.ok()) return reserved;
  }
}

std::uint64_t WrapCounter::wraps() const {
  const MutexLock lock(mutex_);
  return mark_ - left_;
}

/// On counted_and_low and on empty the caller, and nobody else until it is done, is to reserve.
WrapCounter::Step WrapCounter::take() {
  const MutexLock lock(mutex_);
  while (left_ == 0 && reserving_) reserved_.wait(mutex_);
  const bool empty = left_ == 0;
  if (!empty) --left_;
  const bool low = left_ < block_ / 8 && mark_ < limits_.refuse_at;
  if (reserving_ || !(empty || low)) return Step::counted;
  reserving_ = true;
  return empty ? Step::empty : Step::counted_and_low;
}

Result<void> WrapCounter::reserve() {
  bool done = false;
  Result<void> result;
  for (int attempt = 0; attempt < kAttempts && result.ok() && !done; ++attempt) {
    result = reserve_once(done);
  }
  stop_reserving();
  if (result.ok() && !done) {
    return make_error(ErrorCode::unavailable, "the count of wraps changes too often to reserve");
  }
  return result;
}

Result<void> WrapCounter::reserve_once(bool& done) {
  Result<Stored> stored = load();
  if (!stored.ok()) {
    if (stored.error().code == ErrorCode::conflict) return {};  // the snapshot was overtaken
    return std::move(stored).error();
  }
  std::uint64_t block = 0;
  {
    const MutexLock lock(mutex_);
    if (stored->mark < mark_) {
      return make_error(ErrorCode::corrupt, "the count of wraps was turned back");
    }
    block = block_;
  }
  if (stored->mark >= limits_.refuse_at) return used_up();
  const std::uint64_t mark = std::min(stored->mark + block, limits_.refuse_at);
  COFFER_TRY(done, commit(*stored, mark));
  if (done) publish(mark, mark - stored->mark);
  return {};
}

Result<WrapCounter::Stored> WrapCounter::load() {
  COFFER_TRY(const auto snapshot, store_.snapshot());
  COFFER_TRY(const std::optional<Stored> stored, read(*snapshot));
  return stored ? Result<Stored>(*stored) : load_absent(*snapshot);
}

Result<std::optional<WrapCounter::Stored>> WrapCounter::read(store::Snapshot& snapshot) const {
  COFFER_TRY(const std::optional<store::Row> row, snapshot.get(key_));
  if (!row) return std::optional<Stored>();
  COFFER_TRY(const OpenRow opened, open_row(keyring_, key_, row->value));
  Reader in(as_bytes(opened.value));
  Stored stored{.version = row->version};
  COFFER_TRY(stored.mark, in.u64());
  COFFER_CHECK(in.finish());
  return std::optional(stored);
}

Result<WrapCounter::Stored> WrapCounter::load_unused() const {
  for (int attempt = 1;; ++attempt) {
    COFFER_TRY(const auto snapshot, store_.snapshot());
    const auto stored = read(*snapshot);
    if (stored.ok()) return stored->value_or(Stored{.mark = kKeyringWraps});
    // The snapshot was overtaken.
    const bool again = stored.error().code == ErrorCode::conflict && attempt < kAttempts;
    if (!again) return stored.error();
  }
}

Result<WrapCounter::Stored> WrapCounter::load_absent(store::Snapshot& snapshot) const {
  // Only a new vault has no count. Whoever can write the disk could otherwise start it anew.
  COFFER_TRY(const bool used, holds_rows(snapshot));
  if (used && must_be_there_)
    return make_error(ErrorCode::corrupt, "the count of wraps is missing");
  return Stored{.mark = kKeyringWraps};
}

Result<store::Write> WrapCounter::row_of(std::uint64_t mark) const {
  COFFER_TRY(const FreshRow fresh, fresh_row());
  COFFER_TRY(std::string value, seal_row(fresh, keyring_, key_, counter_name(key_),
                                         as_text(Packer(8).u64(mark).view())));
  return store::Write{key_, std::move(value)};
}

Result<bool> WrapCounter::commit(const Stored& stored, std::uint64_t mark) {
  COFFER_TRY(store::Write row, row_of(mark));
  const store::Transaction transactions[] = {
      {.preconditions = {{key_, stored.version}}, .writes = {std::move(row)}}};
  COFFER_TRY(const auto outcomes, store_.commit(transactions));
  return outcomes.size() == 1 && outcomes.front() == store::CommitOutcome::committed;
}

void WrapCounter::publish(std::uint64_t mark, std::uint64_t block) {
  const MutexLock lock(mutex_);
  mark_ = mark;
  left_ += block;
  block_ = std::min(block_ * 2, limits_.largest_block);
}

void WrapCounter::stop_reserving() {
  const MutexLock lock(mutex_);
  reserving_ = false;
  reserved_.notify_all();
}

}  // namespace coffer::envelope
