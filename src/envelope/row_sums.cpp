#include "coffer/envelope/row_sums.h"

#include <algorithm>
#include <atomic>
#include <set>

#include "coffer/base/codec.h"
#include "coffer/base/mutex.h"
#include "packer.h"
#include "row.h"
#include "row_sum.h"

namespace coffer::envelope {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::string_view kKeyLabel = "coffer row sums v1";
constexpr std::string_view kStateLabel = "coffer store state v1";
constexpr std::size_t kRowKeySize = 2 * kRowKeyHalf;
/// Left by a restore, which has no keys, and taken over at the next unseal.
constexpr std::string_view kRestoreMark = "coffer/restored";
/// How the keys of rows start that have one in clear: the keyring, what vouches for it, the counts
/// of wraps. Of a key that is an HMAC one in 2^56 starts so.
constexpr std::string_view kInClear = "coffer/";
/// Rows between two looks at whether to go on.
constexpr std::uint64_t kRowsAtOnce = 1024;

Error differs(std::string_view which) {
  return make_error(ErrorCode::corrupt,
                    std::string("the store isn't as the vault left it: ").append(which));
}

bool counts(std::string_view key) { return key != row_sums_row_key() && key != kRestoreMark; }

Result<SecureBytes> derive(const Keyring& keyring) {
  COFFER_TRY(const ByteView names,
             keyring.key(KeyName::name, keyring.current_version(KeyName::name),
                         Reveal{"the key of the row sums is derived"}));
  COFFER_TRY(SecureBytes key, SecureBytes::allocate(crypto::Sha512{}.size()));
  COFFER_CHECK(crypto::hkdf_sha512(names, keyring.vault().view(), as_bytes(kKeyLabel),
                                   key.expose_mutable(Reveal{"the key of the row sums is made"})));
  return key;
}

/// By how the store's keys of their rows start.
class Authority final {
 public:
  static Result<Authority> make(const Keyring& keyring, std::span<const RowGroup> groups) {
    Authority made;
    for (const RowGroup& group : groups) {
      COFFER_TRY(store::Key prefix, row_prefix(keyring, group.space, group.parent));
      made.prefixes_.insert(std::move(prefix));
    }
    return made;
  }
  [[nodiscard]] bool has(std::string_view key) const {
    return key.starts_with(kInClear) ||
           (key.size() == kRowKeySize && prefixes_.contains(key.substr(0, kRowKeyHalf)));
  }
  [[nodiscard]] const std::set<store::Key, std::less<>>& prefixes() const { return prefixes_; }

 private:
  std::set<store::Key, std::less<>> prefixes_;
};

struct Kept {
  Totals totals;
  std::uint64_t sequence = 0;
};

std::string encode(const Kept& kept) {
  Packer out(1 + 8 + 2 * (RowSum::kSize + 8));
  out.u8(kFormat).u64(kept.sequence);
  for (const RowTotal* total : {&kept.totals.authority, &kept.totals.rest}) {
    out.raw(total->sum.bytes()).u64(total->rows);
  }
  return out.take();
}

Result<RowTotal> read_total(Reader& in) {
  crypto::Sha512 number{};
  COFFER_TRY(const ByteView bytes, in.raw(number.size()));
  std::copy(bytes.begin(), bytes.end(), number.begin());
  RowTotal total{.sum = RowSum::of(number)};
  COFFER_TRY(total.rows, in.u64());
  return total;
}

Result<Kept> decode(std::string_view text) {
  Reader in(as_bytes(text));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of the row sums");
  Kept kept;
  COFFER_TRY(kept.sequence, in.u64());
  COFFER_TRY(kept.totals.authority, read_total(in));
  COFFER_TRY(kept.totals.rest, read_total(in));
  COFFER_CHECK(in.finish());
  return kept;
}

}  // namespace

store::Key row_sums_row_key() { return "coffer/sums"; }

struct RowSums::Impl {
  Impl(const Keyring& ring, store::Store& rows, Authority groups, SecureBytes sum_key)
      : keyring(ring), store(rows), authority(std::move(groups)), key(std::move(sum_key)) {}

  const Keyring& keyring;
  store::Store& store;
  Authority authority;

  mutable Mutex mutex;
  SecureBytes key COFFER_GUARDED_BY(mutex);
  bool stopped COFFER_GUARDED_BY(mutex) = false;
  bool closed COFFER_GUARDED_BY(mutex) = false;
  Kept kept COFFER_GUARDED_BY(mutex){};
  /// What the commit under way will make of it.
  Kept next COFFER_GUARDED_BY(mutex){};
  bool next_changes_authority COFFER_GUARDED_BY(mutex) = false;
  std::atomic<std::uint64_t> authority_changes{0};

  Result<RowSum> number_of(std::string_view row, store::RowVersion version,
                           std::string_view value) const COFFER_REQUIRES(mutex) {
    const std::string head = Packer(16 + row.size()).text(row).u64(version).take();
    COFFER_TRY(const crypto::Sha512 number,
               crypto::hmac_sha512(key.expose(Reveal{"a row is summed up"}),
                                   {as_bytes(head), as_bytes(value)}));
    return RowSum::of(number);
  }
  RowTotal& total_of(std::string_view row, Totals& totals) const {
    return authority.has(row) ? totals.authority : totals.rest;
  }
  Result<void> add(Totals& totals, std::string_view row, store::RowVersion version,
                   std::string_view value) const COFFER_REQUIRES(mutex) {
    COFFER_TRY(const RowSum number, number_of(row, version, value));
    RowTotal& total = total_of(row, totals);
    total.sum += number;
    ++total.rows;
    return {};
  }
  Result<void> take_out(Totals& totals, std::string_view row, const store::Row& before) const
      COFFER_REQUIRES(mutex) {
    COFFER_TRY(const RowSum number, number_of(row, before.version, before.value));
    RowTotal& total = total_of(row, totals);
    total.sum -= number;
    --total.rows;
    return {};
  }
  Result<void> add_stored(Totals& totals, const store::Key& row, const store::Row& stored) const
      COFFER_EXCLUDES(mutex) {
    if (!counts(row)) return {};
    const MutexLock lock(mutex);
    if (closed) return make_error(ErrorCode::unavailable, "Vault is sealed");
    return add(totals, row, stored.version, stored.value);
  }
  Result<std::string> seal(const Kept& what) const {
    COFFER_TRY(const FreshRow fresh, fresh_row());
    return seal_row(fresh, keyring, row_sums_row_key(), {Space{}, {}, row_sums_row_key()},
                    encode(what));
  }
  Result<Kept> open(const store::Row& row) const {
    COFFER_TRY(const OpenRow opened, open_row(keyring, row_sums_row_key(), row.value));
    COFFER_TRY(const Kept found, decode(opened.value));
    // One of an earlier commit opens as well, but stands in a row of a later one.
    if (row.version != found.sequence) return differs("its sums are of another commit");
    return found;
  }

  /// Of all rows for which the scan is made.
  using Visit = std::function<bool(const store::Key&, const store::Row&)>;
  using Scan = std::function<Result<void>(const Visit&)>;
  Result<Totals> sum_up(const Scan& scan, const std::function<bool()>& go_on) const {
    Totals totals;
    std::optional<Error> failed;
    std::uint64_t rows = 0;
    COFFER_CHECK(scan([&](const store::Key& row, const store::Row& stored) {
      if (const auto added = add_stored(totals, row, stored); !added.ok()) failed = added.error();
      if (++rows % kRowsAtOnce == 0 && !go_on()) {
        failed = make_error(ErrorCode::unavailable, "the check of all rows was ended");
      }
      return !failed;
    }));
    if (failed) return *std::move(failed);
    return totals;
  }
  struct Summed {
    Totals totals;
    std::optional<store::Row> sums;  ///< the row that is of the same commit
  };
  Result<Summed> sum_up_all(store::Snapshot& snapshot, const std::function<bool()>& go_on) const {
    Summed summed;
    const Scan scan = [&](const Visit& visit) {
      // The empty key would be passed by: no row has it.
      return snapshot.scan_after({}, [&](const store::Key& at, const store::Row& row) {
        if (at == row_sums_row_key()) summed.sums = row;
        return visit(at, row);
      });
    };
    COFFER_TRY(summed.totals, sum_up(scan, go_on));
    return summed;
  }
  Result<RowTotal> sum_up_authority(store::Snapshot& snapshot) const {
    Totals totals;
    const auto forever = [] { return true; };
    const auto add_up = [&](const store::Key& prefix) -> Result<void> {
      COFFER_TRY(const Totals found,
                 sum_up([&](const Visit& visit) { return snapshot.scan(prefix, visit); }, forever));
      totals.authority.sum += found.authority.sum;
      totals.authority.rows += found.authority.rows;
      return {};
    };
    for (const store::Key& prefix : authority.prefixes()) COFFER_CHECK(add_up(prefix));
    COFFER_CHECK(add_up(store::Key(kInClear)));
    return totals.authority;
  }
};

RowSums::RowSums(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowSums::~RowSums() = default;

Result<std::shared_ptr<RowSums>> RowSums::make(const Keyring& keyring, store::Store& store,
                                               std::span<const RowGroup> groups) {
  COFFER_TRY(Authority authority, Authority::make(keyring, groups));
  COFFER_TRY(SecureBytes key, derive(keyring));
  return std::shared_ptr<RowSums>(
      new RowSums(std::make_unique<Impl>(keyring, store, std::move(authority), std::move(key))));
}

Result<std::shared_ptr<RowSums>> RowSums::load(const Keyring& keyring, store::Store& store,
                                               std::span<const RowGroup> authority) {
  COFFER_TRY(auto sums, make(keyring, store, authority));
  COFFER_TRY(const auto snapshot, store.snapshot());
  COFFER_TRY(const auto row, snapshot->get(row_sums_row_key()));
  if (!row) return make_error(ErrorCode::not_found, "the store has no row sums");
  COFFER_TRY(const Kept found, sums->impl_->open(*row));
  if (found.sequence != store.sequence()) return differs("its sums are of another commit");
  const MutexLock lock(sums->impl_->mutex);
  sums->impl_->kept = found;
  return sums;
}

Result<std::shared_ptr<RowSums>> RowSums::take_stock(const Keyring& keyring, store::Store& store,
                                                     std::span<const RowGroup> authority) {
  COFFER_TRY(auto sums, make(keyring, store, authority));
  Impl& impl = *sums->impl_;
  COFFER_TRY(const auto snapshot, store.snapshot());
  COFFER_TRY(const Impl::Summed found, impl.sum_up_all(*snapshot, [] { return true; }));
  const Kept kept{.totals = found.totals, .sequence = snapshot->sequence() + 1};
  COFFER_TRY(std::string sealed, impl.seal(kept));
  const store::Transaction all[] = {{{}, {{row_sums_row_key(), std::move(sealed)}}}};
  COFFER_CHECK(store.commit(all));
  if (store.sequence() != kept.sequence) {
    return make_error(ErrorCode::conflict, "somebody committed while the rows were summed up");
  }
  const MutexLock lock(impl.mutex);
  impl.kept = kept;
  return sums;
}

Result<store::Write> RowSums::enter(std::uint64_t sequence,
                                    std::span<const store::Change> changes) {
  Impl& impl = *impl_;
  const MutexLock lock(impl.mutex);
  if (impl.stopped) return make_error(ErrorCode::unavailable, "Vault is sealed");
  impl.next = impl.kept;
  impl.next.sequence = sequence;
  for (const store::Change& change : changes) {
    if (!counts(change.key)) continue;
    Totals& totals = impl.next.totals;
    if (change.before) COFFER_CHECK(impl.take_out(totals, change.key, *change.before));
    if (change.after) COFFER_CHECK(impl.add(totals, change.key, sequence, *change.after));
  }
  impl.next_changes_authority = !(impl.next.totals.authority == impl.kept.totals.authority);
  COFFER_TRY(std::string sealed, impl.seal(impl.next));
  return store::Write{row_sums_row_key(), std::move(sealed)};
}

void RowSums::entered() noexcept {
  const MutexLock lock(impl_->mutex);
  impl_->kept = impl_->next;
  if (impl_->next_changes_authority) ++impl_->authority_changes;
}

void RowSums::stop() noexcept {
  const MutexLock lock(impl_->mutex);
  impl_->stopped = true;
}

void RowSums::close() noexcept {
  const MutexLock lock(impl_->mutex);
  impl_->stopped = true;
  impl_->closed = true;
  impl_->key = SecureBytes();
}

Result<StoreState> RowSums::state() const {
  Impl& impl = *impl_;
  const MutexLock lock(impl.mutex);
  if (impl.closed) return make_error(ErrorCode::unavailable, "Vault is sealed");
  StoreState state{.sequence = impl.kept.sequence};
  const std::string sums = encode(impl.kept);
  COFFER_TRY(
      state.commitment,
      crypto::hmac_sha256(impl.key.expose(Reveal{"the store's state is committed to"}),
                          {as_bytes(kStateLabel), impl.store.node().view(), as_bytes(sums)}));
  return state;
}

std::uint64_t RowSums::authority_changes() const noexcept { return impl_->authority_changes; }

Result<void> RowSums::check_authority() const {
  COFFER_TRY(const auto snapshot, impl_->store.snapshot());
  COFFER_TRY(const RowTotal found, impl_->sum_up_authority(*snapshot));
  const MutexLock lock(impl_->mutex);
  if (found == impl_->kept.totals.authority) return {};
  return differs("rows that say who may do what were changed, put back or taken away");
}

Result<void> RowSums::check_all(const std::function<bool()>& go_on) const {
  COFFER_TRY(const auto snapshot, impl_->store.snapshot());
  COFFER_TRY(const Impl::Summed found, impl_->sum_up_all(*snapshot, go_on));
  if (!found.sums) return differs("its sums are gone");
  COFFER_TRY(const Kept kept, impl_->open(*found.sums));
  if (found.totals == kept.totals) return {};
  return differs("rows were changed, put back or taken away");
}

}  // namespace coffer::envelope
