// What a store owes to the ledger that it keeps: each commit, whole, with what stood there before.
#include <map>

#include "contract/store_contract.h"

namespace coffer::store {
namespace {

constexpr const char* kOwnRow = "the ledger's";

/// Follows the rows by the changes alone, and says how many there are in a row of its own.
class Follower final : public Ledger {
 public:
  struct Seen {
    std::string value;
    RowVersion version = 0;
    bool operator==(const Seen&) const = default;
  };
  using Rows = std::map<std::string, Seen>;

  Result<Write> enter(std::uint64_t sequence, std::span<const Change> changes) override {
    if (fail_next) {
      fail_next = false;
      return make_error(ErrorCode::resource_exhausted, "the ledger is full");
    }
    next_ = rows;
    for (const Change& change : changes) {
      note_before(change);
      const std::string key(change.key);
      if (change.after) {
        next_[key] = {std::string(*change.after), sequence};
      } else {
        next_.erase(key);
      }
    }
    return Write{own_row, std::to_string(next_.size())};
  }
  void entered() noexcept override {
    rows = std::move(next_);
    ++commits;
  }

  Rows rows;
  int commits = 0;
  int wrong_befores = 0;
  bool fail_next = false;
  std::string own_row = kOwnRow;

 private:
  void note_before(const Change& change) {
    const auto known = rows.find(std::string(change.key));
    const bool same = known == rows.end()
                          ? !change.before
                          : change.before && known->second.value == change.before->value &&
                                known->second.version == change.before->version;
    if (!same) ++wrong_befores;
  }

  Rows next_;
};

std::shared_ptr<Follower> follow(Store& store) {
  auto ledger = std::make_shared<Follower>();
  store.keep(ledger);
  return ledger;
}

/// All but the ledger's own.
Follower::Rows stored(Snapshot& snapshot) {
  Follower::Rows rows;
  const auto scanned = snapshot.scan({}, [&](const Key& key, const Row& row) {
    if (key != kOwnRow) rows[key] = {row.value, row.version};
    return true;
  });
  if (!scanned.ok()) ADD_FAILURE() << describe(scanned.error());
  return rows;
}

TEST_P(StoreContract, LedgerSeesEachRowAsItStoodAndAsItWillStand) {
  const auto ledger = follow(store());
  put("a", "1");
  put("a", std::string(100000, 'x'));  // larger than a store keeps in memory
  put("a", "3");
  put("b", "");
  erase("a");
  erase("never there");
  EXPECT_EQ(ledger->wrong_befores, 0);
  EXPECT_EQ(ledger->commits, 6);
  EXPECT_EQ(ledger->rows, stored(*snapshot()));
  EXPECT_EQ(ledger->rows.size(), 1U);
}

TEST_P(StoreContract, LedgersRowIsOfTheSameCommit) {
  const auto ledger = follow(store());
  put("a", "1");
  const auto row = get(kOwnRow);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->value, "1");
  EXPECT_EQ(row->version, get("a")->version);
  EXPECT_EQ(store().sequence(), row->version);
}

TEST_P(StoreContract, SeveralTransactionsAreOneEntryOfTheirLastWrites) {
  const auto ledger = follow(store());
  put("b", "old");
  const auto outcomes = commit({{{}, {{"a", "first"}, {"c", "gone"}}},
                                {{{"b", 77}}, {{"b", "never"}}},
                                {{}, {{"a", "second"}, {"c", std::nullopt}}}});
  EXPECT_EQ(outcomes, (Outcomes{kCommitted, kFailed, kCommitted}));
  EXPECT_EQ(ledger->commits, 2);
  EXPECT_EQ(ledger->wrong_befores, 0);
  EXPECT_EQ(ledger->rows, stored(*snapshot()));
  EXPECT_EQ(ledger->rows.at("a").value, "second");
}

TEST_P(StoreContract, NothingIsEnteredWhereNothingChanges) {
  const auto ledger = follow(store());
  EXPECT_EQ(commit({{{{"a", 5}}, {{"a", "x"}}}}), Outcomes{kFailed});
  EXPECT_EQ(commit({{{{"a", 0}}, {}}}), Outcomes{kCommitted});
  EXPECT_EQ(ledger->commits, 0);
  EXPECT_FALSE(get(kOwnRow));
}

TEST_P(StoreContract, LedgersErrorIsTheCommits) {
  const auto ledger = follow(store());
  put("a", "1");
  ledger->fail_next = true;
  const Transaction both = {{}, {{"a", "2"}, {"b", "2"}}};
  const auto refused = store().commit({&both, 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
  EXPECT_EQ(get("a")->value, "1");
  EXPECT_FALSE(get("b"));
  EXPECT_EQ(store().sequence(), 1U);
  EXPECT_EQ(ledger->commits, 1);
  put("a", "3");
  EXPECT_EQ(ledger->rows, stored(*snapshot()));
  EXPECT_EQ(ledger->wrong_befores, 0);
}

TEST_P(StoreContract, LedgersRowIsNobodyElses) {
  const auto ledger = follow(store());
  const Transaction stolen = {{}, {{kOwnRow, "mine"}}};
  const auto refused = store().commit({&stolen, 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::internal);
  EXPECT_FALSE(get(kOwnRow));
}

TEST_P(StoreContract, AnotherLedgerTakesItsPlace) {
  const auto ledger = follow(store());
  put("a", "1");
  auto other = std::make_shared<Follower>();
  other->rows = ledger->rows;
  store().keep(other);
  put("b", "2");
  EXPECT_EQ(ledger->commits, 1);
  EXPECT_EQ(other->commits, 1);
  EXPECT_EQ(other->rows, stored(*snapshot()));
  store().keep(nullptr);
  put("c", "3");
  EXPECT_EQ(other->commits, 1);
  EXPECT_EQ(get(kOwnRow)->value, "2");
}

}  // namespace
}  // namespace coffer::store
