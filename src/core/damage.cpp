#include "coffer/core/damage.h"

#include <map>
#include <set>

#include "coffer/core/authority.h"
#include "coffer/core/epoch.h"
#include "coffer/core/restored.h"
#include "coffer/envelope/row_sums.h"
#include "coffer/envelope/stored.h"
#include "mount_row.h"

namespace coffer::core {
namespace {

constexpr std::uint16_t kTokenTable = 1;
/// Tables of a mount, by whatever engine: their numbers are small ones.
constexpr std::uint16_t kMountTables = 16;
constexpr std::uint16_t kOwnTables = 48;
constexpr std::size_t kSealedKeySize = 32;
constexpr std::string_view kInClear = "coffer/";
/// So many are named where all are counted.
constexpr std::size_t kNamed = 10;

/// Of the vault's own tables: docs/formats/sealed-row.md.
std::string_view own_table(std::uint16_t table) {
  switch (table) {
    case kTokenTable: return "a token";
    case 2: return "a mount";
    case 3: return "a policy";
    case 4: return "a setting";
    case 5: return "work that is due";
    case 6: return "a mark of the clock";
    case 7: return "a token's child";
    case 8: return "a token role";
    case 9: return "a role of the unix peer";
    case 10: return "a move of a mount";
    case 11: return "a version that ran here";
    case 12: return "a mount that is being cleared";
    case 13: return "work on keys";
    case 14: return "a password policy";
    default: break;
  }
  if (table >= 20 && table <= 28) return "a lease";
  if (table == 30 || table == 31) return "a rotation's place in the list";
  return table >= 40 && table <= 43 ? "a part of the leak search" : "a row";
}

/// Of the engine that nearly all mounts are of: docs/formats/kv.md.
std::string_view kv_table(std::uint16_t table) {
  switch (table) {
    case 1: return "a key";
    case 2: return "a folder";
    case 3: return "a version";
    case 4: return "the configuration";
    case 5: return "a rotation";
    case 6: return "a new value";
    default: return "a row";
  }
}

/// Tables of the vault whose rows stand under the names of rows of another one, with or without a
/// slash: docs/formats/auth.md, leases.md.
struct Below {
  std::uint16_t table;
  std::uint16_t below;
  std::string_view ending;
};
constexpr Below kBelow[] = {
    {kTokenTable, 7, "/"}, {6, 5, "/"}, {21, 20, ""}, {24, 23, "/"}, {24, 28, "/"}};
/// What is due at once stands under it.
constexpr std::string_view kFirstMinute = "000000000000/";

/// Where a row stands, as far as its key tells: the first half of it is that of its neighbours.
using Group = envelope::RowGroup;
using Groups = std::map<store::Key, Group, std::less<>>;

class Search final {
 public:
  Search(const envelope::Keyring& keyring, store::Store& store)
      : keyring_(keyring), store_(store) {}

  Result<std::vector<DamagedRow>> run() {
    COFFER_CHECK(each_row([this](const store::Key& key, const store::Row& row) {
      if (!is_damaged(key, row.value)) return;
      found_.push_back({.key = key, .version = row.version});
    }));
    if (found_.empty()) return std::move(found_);
    COFFER_CHECK(know_authority());
    COFFER_CHECK(know_places());
    for (DamagedRow& row : found_) tell(row);
    return std::move(found_);
  }

 private:
  template <typename See>
  Result<void> each_row(const See& see) const {
    COFFER_TRY(const auto snapshot, store_.snapshot());
    return snapshot->scan_after({}, [&](const store::Key& key, const store::Row& row) {
      see(key, row);
      return true;
    });
  }

  /// The keyring was opened already, and the sums are made anew.
  [[nodiscard]] bool is_damaged(const store::Key& key, std::string_view value) const {
    if (key == envelope::row_sums_row_key()) return false;
    switch (envelope::kind_of(value)) {
      case envelope::StoredKind::row: break;
      case envelope::StoredKind::secret: return false;
      case envelope::StoredKind::other: return key.size() == kSealedKeySize;
    }
    return !envelope::open_stored_row(keyring_, key, value).ok();
  }

  static store::Key group_of(const store::Key& key) { return key.substr(0, kSealedKeySize / 2); }

  Result<void> know_authority() {
    for (const Group& group : authority_rows()) {
      COFFER_TRY(store::Key place, envelope::stored_group(keyring_, group.space, group.parent));
      authority_.emplace(std::move(place), group);
    }
    for (const DamagedRow& row : found_) {
      if (row.key.size() == kSealedKeySize) wanted_.insert(group_of(row.key));
    }
    return {};
  }

  Result<void> know(const envelope::Space& space, const std::string& parent) {
    COFFER_TRY(store::Key place, envelope::stored_group(keyring_, space, parent));
    if (wanted_.contains(place)) groups_.emplace(std::move(place), Group{space, parent});
    return {};
  }

  /// What a row that opens tells of those beside it and below it.
  Result<void> learn(const store::Key& key, const envelope::StoredRow& row) {
    const envelope::RowName& name = row.row;
    if (wanted_.contains(group_of(key))) {
      groups_.emplace(group_of(key), Group{name.space, name.parent});
    }
    if (name.space.mount == Uuid{}) {
      for (const Below& one : kBelow) {
        if (one.table != name.space.table) continue;
        COFFER_CHECK(know({{}, one.below}, name.name + std::string(one.ending)));
      }
      return learn_mount(name, row.value);
    }
    for (std::uint16_t table = 1; table <= kMountTables; ++table) {
      COFFER_CHECK(know({name.space.mount, table}, name.parent + name.name));
    }
    return {};
  }

  Result<void> learn_mount(const envelope::RowName& name, std::string_view value) {
    if (name.space.table != kMountSpace.table) return {};
    const auto mount = decode_mount(value);
    if (!mount.ok()) return {};
    mounts_.emplace(mount->uuid, *mount);
    for (std::uint16_t table = 1; table <= kMountTables; ++table) {
      COFFER_CHECK(know({mount->uuid, table}, {}));
    }
    return {};
  }

  Result<void> know_places() {
    for (const auto& [place, group] : authority_) groups_.emplace(place, group);
    for (std::uint16_t table = 1; table <= kOwnTables; ++table) COFFER_CHECK(know({{}, table}, {}));
    COFFER_CHECK(know({{}, 5}, std::string(kFirstMinute)));
    Result<void> learned;
    COFFER_CHECK(each_row([&](const store::Key& key, const store::Row& row) {
      if (!learned.ok() || envelope::kind_of(row.value) != envelope::StoredKind::row) return;
      const auto opened = envelope::open_stored_row(keyring_, key, row.value);
      if (opened.ok()) learned = learn(key, *opened);
    }));
    return learned;
  }

  /// Of an epoch only its row's version counts. Roles of the unix peer have theirs in no folder.
  static bool is_epoch(const Group& group) {
    return group.parent == "epoch/" || (group.space.table == 9 && group.parent.empty());
  }
  /// Tokens are void.
  static bool is_needed(const Group& group) {
    return group.space.table != kTokenTable && !is_epoch(group);
  }

  void tell(DamagedRow& row) const {
    if (row.key.starts_with(kInClear)) {
      row.needed = true;
      row.what = row.key;
      return;
    }
    const std::string by_key = " (row " + to_hex(as_bytes(row.key)) + ")";
    const auto found = groups_.find(group_of(row.key));
    if (found == groups_.end()) {
      row.what = "a row of which isn't known what it is" + by_key;
      return;
    }
    const Group& group = found->second;
    row.needed = authority_.contains(found->first) && is_needed(group);
    row.what = place_of(group) + by_key;
  }

  [[nodiscard]] std::string place_of(const Group& group) const {
    const std::uint16_t table = group.space.table;
    if (group.space.mount == Uuid{}) {
      return is_epoch(group) ? "a count of changes" : std::string(own_table(table));
    }
    const auto mount = mounts_.find(group.space.mount);
    const std::string by_number = "a row of table " + std::to_string(table);
    if (mount == mounts_.end()) return by_number + " of mount " + to_string(group.space.mount);
    const engine::Mount& known = mount->second;
    return (known.type == "kv" ? std::string(kv_table(table)) : by_number) + " in " + known.path +
           group.parent;
  }

  const envelope::Keyring& keyring_;
  store::Store& store_;
  std::vector<DamagedRow> found_;
  std::set<store::Key> wanted_;
  Groups authority_;
  Groups groups_;
  std::map<Uuid, engine::Mount> mounts_;
};

}  // namespace

Result<std::vector<DamagedRow>> damaged_rows(const envelope::Keyring& keyring,
                                             store::Store& store) {
  return Search(keyring, store).run();
}

std::string describe(const std::vector<DamagedRow>& rows) {
  if (rows.empty()) return {};
  std::string text = rows.size() == 1 ? "1 row" : std::to_string(rows.size()) + " rows";
  text += " can't be opened: ";
  for (std::size_t i = 0; i < rows.size() && i < kNamed; ++i) {
    if (i > 0) text += ", ";
    text += rows[i].what;
  }
  if (rows.size() > kNamed) text += " and " + std::to_string(rows.size() - kNamed) + " more";
  return text;
}

}  // namespace coffer::core
