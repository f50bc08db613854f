#include "coffer/core/leak_index.h"

#include "coffer/crypto/guessing.h"
#include "leak_rows.h"
#include "leak_values.h"

namespace coffer::core {
namespace {

using envelope::Expect;
using envelope::KeyName;

LeakPlace place_in(const Uuid& mount, const LeakMark& mark, const LeakMark::Leaf& leaf) {
  return {.mount = mount, .path = mark.path, .version = mark.version, .key = leaf.key};
}

/// Of one secret zxcvbn is asked so often, which takes some 10 ms, and about so many mixed strings,
/// some 50. What else it would have to be asked about has no fingerprint.
constexpr std::size_t kMostAsked = 200;
constexpr std::size_t kMostMixedAsked = 1000;

/// Of one secret: what is long enough and not what anyone would guess.
class Leaves final {
 public:
  Leaves(ByteView key, std::uint32_t key_version) : key_(key), key_version_(key_version) {}

  /// False: no more of them.
  bool add(std::string_view pointer, std::string_view text) {
    if (text.size() < kLeastLeakBytes) return true;
    std::string canonical = canonical_value(text);
    if (canonical.size() >= kLeastLeakBytes && !is_guessable(canonical)) {
      const auto fingerprint = fingerprint_of(key_, key_version_, canonical);
      if (fingerprint.ok()) {
        all_.push_back({*fingerprint, std::string(pointer)});
      } else {
        failed_ = fingerprint.error();
      }
    }
    wipe(canonical);
    return failed_.ok() && all_.size() < kMostLeakLeaves;
  }
  Result<std::vector<LeakMark::Leaf>> take() {
    COFFER_CHECK(failed_);
    return std::move(all_);
  }

 private:
  bool is_guessable(std::string_view canonical) {
    const bool mixed = crypto::mixed(canonical);
    const bool may_ask = mixed ? ++mixed_asked_ <= kMostMixedAsked : ++asked_ <= kMostAsked;
    return !may_ask || crypto::guessable(canonical);
  }

  const ByteView key_;
  const std::uint32_t key_version_;
  std::vector<LeakMark::Leaf> all_;
  std::size_t asked_ = 0;
  std::size_t mixed_asked_ = 0;
  Result<void> failed_;
};

}  // namespace

Result<const engine::Readable*> LeakIndex::readable(envelope::SealedTransaction& tx,
                                                    const Uuid& mount) const {
  COFFER_TRY(const auto table, mounts_.table(tx));
  for (const MountTable::Entry& entry : table->all()) {
    if (entry.mount.uuid == mount && !entry.builtin) return engine::readable(*entry.engine);
  }
  return nullptr;
}

Result<void> LeakIndex::sealed(envelope::SealedTransaction& tx, const envelope::RowName& row,
                               const envelope::SecretContext& context, std::string_view value) {
  COFFER_TRY(const engine::Readable* engine, readable(tx, row.space.mount));
  if (engine == nullptr) return {};
  // In case that something stood there.
  COFFER_CHECK(erased(tx, row));
  COFFER_TRY(const LeakMark mark, mark_of(*engine, context, value));
  return mark.leaves.empty() ? Result<void>() : stage(tx, row, mark);
}

Result<void> LeakIndex::add(envelope::SealedTransaction& tx, const engine::Readable& engine,
                            const envelope::RowName& row, const envelope::SecretContext& context,
                            const std::string* value) {
  LeakMark mark{.path = context.path, .version = context.version};
  if (value != nullptr) {
    COFFER_TRY(mark, mark_of(engine, context, *value));
  }
  return stage(tx, row, mark);
}

Result<LeakMark> LeakIndex::mark_of(const engine::Readable& engine,
                                    const envelope::SecretContext& context,
                                    std::string_view value) const {
  const std::uint32_t version = keyring_.current_version(KeyName::fingerprint);
  COFFER_TRY(const ByteView key,
             keyring_.key(KeyName::fingerprint, version, Reveal{"recognise a value later"}));
  Leaves leaves(key, version);
  each_text(engine, value, [&leaves](std::string_view pointer, std::string_view text) {
    return leaves.add(pointer, text);
  });
  LeakMark mark{.path = context.path, .version = context.version};
  COFFER_TRY(mark.leaves, leaves.take());
  return mark;
}

Result<void> LeakIndex::stage(envelope::SealedTransaction& tx, const envelope::RowName& row,
                              const LeakMark& mark) {
  for (const LeakMark::Leaf& leaf : mark.leaves) {
    const LeakPlace place = place_in(row.space.mount, mark, leaf);
    COFFER_CHECK(
        tx.write(fingerprint_row(leaf.fingerprint, place), kFingerprintValue, Expect::anything()));
  }
  return tx.write(mark_row(row), encode(mark), Expect::anything());
}

Result<void> LeakIndex::erased(envelope::SealedTransaction& tx, const envelope::RowName& row) {
  COFFER_TRY(const auto stored, tx.read(mark_row(row)));
  if (!stored) return {};
  COFFER_TRY(const LeakMark mark, decode_mark(stored->value));
  for (const LeakMark::Leaf& leaf : mark.leaves) {
    tx.erase(fingerprint_row(leaf.fingerprint, place_in(row.space.mount, mark, leaf)),
             Expect::anything());
  }
  tx.erase(mark_row(row), Expect::anything());
  return {};
}

Result<bool> LeakIndex::holds(envelope::SealedTransaction& tx, const envelope::RowName& row) const {
  COFFER_TRY(const store::Key place, tx.place(mark_row(row)));
  COFFER_TRY(const store::RowVersion version, tx.version_at(place));
  return version != 0;
}

Result<std::vector<LeakPlace>> LeakIndex::find(envelope::SealedTransaction& tx,
                                               std::string_view value) const {
  std::vector<LeakPlace> places;
  std::string canonical = canonical_value(value);
  if (canonical.size() < kLeastLeakBytes) return places;
  const std::uint32_t current = keyring_.current_version(KeyName::fingerprint);
  for (std::uint32_t version = 1; version <= current; ++version) {
    const auto key =
        keyring_.key(KeyName::fingerprint, version, Reveal{"recognise a value that was found"});
    if (!key.ok()) continue;  // one that was given up
    COFFER_TRY(const Fingerprint fingerprint, fingerprint_of(*key, version, canonical));
    COFFER_TRY(const auto rows, tx.list_some(kFingerprintSpace, parent_of(fingerprint),
                                             kMostLeakPlaces - places.size()));
    for (const envelope::ListedRow& row : rows) {
      COFFER_TRY(LeakPlace place, place_of(row.name));
      places.push_back(std::move(place));
    }
    if (places.size() == kMostLeakPlaces) break;
  }
  wipe(canonical);
  return places;
}

void add_leak_index(Unsealed& vault) {
  envelope::watch_secrets(*vault.sealed_store,
                          std::make_unique<LeakIndex>(*vault.keyring, *vault.mounts));
}

LeakIndex& leak_index(Unsealed& vault) {
  return static_cast<LeakIndex&>(*envelope::watcher_of(*vault.sealed_store));
}

}  // namespace coffer::core
