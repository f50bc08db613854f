#include "contract/store_contract.h"

#include <atomic>
#include <thread>

namespace coffer::store {

StoreContract::Outcomes StoreContract::commit(const std::vector<Transaction>& transactions) {
  auto outcomes = store().commit(transactions);
  if (!outcomes.ok()) {
    ADD_FAILURE() << describe(outcomes.error());
    return {};
  }
  return *std::move(outcomes);
}

void StoreContract::put(const Key& key, const std::string& value) {
  ASSERT_EQ(commit({{{}, {{key, value}}}}), Outcomes{kCommitted});
}

void StoreContract::erase(const Key& key) {
  ASSERT_EQ(commit({{{}, {{key, std::nullopt}}}}), Outcomes{kCommitted});
}

std::unique_ptr<Snapshot> StoreContract::snapshot() {
  auto made = store().snapshot();
  if (made.ok()) return *std::move(made);
  ADD_FAILURE() << describe(made.error());
  return nullptr;
}

std::optional<Row> StoreContract::get(const Key& key) {
  for (;;) {
    auto row = snapshot()->get(key);
    if (row.ok()) return *std::move(row);
    if (row.error().code != ErrorCode::conflict) {
      ADD_FAILURE() << describe(row.error());
      return std::nullopt;
    }
  }
}

StoreContract::Rows StoreContract::scan(const Key& prefix, std::size_t limit) {
  return scan_in(*snapshot(), prefix, limit);
}

StoreContract::Rows StoreContract::scan_in(Snapshot& snapshot, const Key& prefix,
                                           std::size_t limit) {
  Rows rows;
  const auto scanned = snapshot.scan(prefix, [&](const Key& key, const Row& row) {
    rows.emplace_back(key, row.value);
    return rows.size() < limit;
  });
  if (!scanned.ok()) ADD_FAILURE() << describe(scanned.error());
  return rows;
}

namespace {

using Version = RowVersion;

Transaction writes(std::vector<Write> list) { return {{}, std::move(list)}; }

// --- rows

TEST_P(StoreContract, AnEmptyStoreHasSequenceZeroAndNoRows) {
  EXPECT_EQ(store().sequence(), 0U);
  EXPECT_EQ(snapshot()->sequence(), 0U);
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_TRUE(scan("").empty());
  EXPECT_EQ(store().node(), kContractNode);
}

TEST_P(StoreContract, TheVersionAloneIsThatOfTheRow) {
  const auto version = [](Snapshot& from, const Key& key) {
    const auto found = from.version(key);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : RowVersion{99};
  };
  put("a", "one");
  put("b", "two");
  const auto before = snapshot();
  EXPECT_EQ(version(*before, "a"), 1U);
  EXPECT_EQ(version(*before, "b"), 2U);
  EXPECT_EQ(version(*before, "c"), 0U);
  erase("a");
  put("b", "three");
  const auto after = snapshot();
  EXPECT_EQ(version(*after, "a"), 0U);
  EXPECT_EQ(version(*after, "b"), 4U);
}

TEST_P(StoreContract, ARowReadsBackWithTheSequenceThatWroteIt) {
  put("a", "one");
  put("b", "two");
  const auto a = get("a");
  const auto b = get("b");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->value, "one");
  EXPECT_EQ(a->version, 1U);
  EXPECT_EQ(b->value, "two");
  EXPECT_EQ(b->version, 2U);
}

TEST_P(StoreContract, AnOverwriteChangesValueAndVersion) {
  put("a", "one");
  EXPECT_EQ(get("a")->value, "one");
  put("a", "two");
  EXPECT_EQ(get("a")->value, "two");
  EXPECT_EQ(get("a")->version, 2U);
}

TEST_P(StoreContract, AnErasedRowIsGoneAndCanComeBack) {
  put("a", "one");
  EXPECT_TRUE(get("a"));
  erase("a");
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_TRUE(scan("").empty());
  put("a", "again");
  EXPECT_EQ(get("a")->value, "again");
  EXPECT_EQ(get("a")->version, 3U);
}

TEST_P(StoreContract, ErasingWhatIsNotThereIsNoError) {
  erase("nothing");
  EXPECT_EQ(get("nothing"), std::nullopt);
}

TEST_P(StoreContract, KeysAndValuesAreAnyBytes) {
  const std::string zeros("\0\0\0", 3);
  const std::string high("\xff\x00\xfe\x80", 4);
  put(zeros, high);
  put(high, zeros);
  put("", "value of the empty key");
  put("empty", "");
  EXPECT_EQ(get(zeros)->value, high);
  EXPECT_EQ(get(high)->value, zeros);
  EXPECT_EQ(get("")->value, "value of the empty key");
  EXPECT_EQ(get("empty")->value, "");
  EXPECT_EQ(get(zeros.substr(0, 2)), std::nullopt);
  EXPECT_EQ(scan("").size(), 4U);
}

TEST_P(StoreContract, BigValuesComeBackWhole) {
  std::string big(5U << 20U, '\0');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 7919U >> 3U);
  put("big", big);
  put("after", "x");
  EXPECT_TRUE(get("big")->value == big);
  EXPECT_TRUE(get("big")->value == big);
  const auto rows = scan("big");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].second == big);
}

TEST_P(StoreContract, TheLastWriteOfAKeyInATransactionWins) {
  EXPECT_EQ(commit({writes({{"a", "1"}, {"b", "1"}, {"a", "2"}, {"b", std::nullopt}})}),
            Outcomes{kCommitted});
  EXPECT_EQ(get("a")->value, "2");
  EXPECT_EQ(get("b"), std::nullopt);
}

// --- scans

TEST_P(StoreContract, ScansAllThatStandsBehindAKey) {
  for (const std::string key : {"a", "b", "ba", "c", "\xff\xff"}) put(key, "of " + key);
  const auto after = [&](const Key& key, std::size_t limit) {
    Rows rows;
    const auto scanned = snapshot()->scan_after(key, [&](const Key& found, const Row& row) {
      rows.emplace_back(found, row.value);
      return rows.size() < limit;
    });
    if (!scanned.ok()) ADD_FAILURE() << describe(scanned.error());
    return rows;
  };
  EXPECT_EQ(after("", 9).size(), 5U);
  EXPECT_EQ(after("b", 2), (Rows{{"ba", "of ba"}, {"c", "of c"}}));
  EXPECT_EQ(after("b0", 1), (Rows{{"ba", "of ba"}}));
  EXPECT_EQ(after("c", 9), (Rows{{"\xff\xff", "of \xff\xff"}}));
  EXPECT_EQ(after("\xff\xff", 9), Rows{});
}

TEST_P(StoreContract, AScanGoesInOrderOfUnsignedBytes) {
  const Rows wanted = {{std::string("\0", 1), ""},
                       {std::string("\0a", 2), ""},
                       {"A", ""},
                       {"a", ""},
                       {std::string("a\0", 2), ""},
                       {"aa", ""},
                       {"\x7f", ""},
                       {"\x80", ""},
                       {"\xff", ""},
                       {"\xff\xff", ""}};
  for (auto row = wanted.rbegin(); row != wanted.rend(); ++row) put(row->first, row->second);
  EXPECT_EQ(scan(""), wanted);
}

TEST_P(StoreContract, AScanGivesThePrefixAndNothingElse) {
  for (const auto* key : {"a", "a/", "a/1", "a/2", "a/2/x", "a0", "b", "A/1"}) put(key, key);
  EXPECT_EQ(scan("a/"), (Rows{{"a/", "a/"}, {"a/1", "a/1"}, {"a/2", "a/2"}, {"a/2/x", "a/2/x"}}));
  EXPECT_EQ(scan("a/2/x/"), Rows{});
  EXPECT_EQ(scan("c"), Rows{});
}

TEST_P(StoreContract, APrefixOfHighBytesHasNoUpperBoundAndStillEnds) {
  put("\xfe\xff", "1");
  put("\xff", "2");
  put("\xff\xff", "3");
  put("\xff\xff\xff", "4");
  put(std::string("\xff\x00", 2), "5");
  EXPECT_EQ(scan("\xff"), (Rows{{"\xff", "2"},
                                {std::string("\xff\x00", 2), "5"},
                                {"\xff\xff", "3"},
                                {"\xff\xff\xff", "4"}}));
  EXPECT_EQ(scan("\xff\xff"), (Rows{{"\xff\xff", "3"}, {"\xff\xff\xff", "4"}}));
  EXPECT_EQ(scan("\xfe\xff"), (Rows{{"\xfe\xff", "1"}}));
}

TEST_P(StoreContract, AScanStopsWhenTheVisitorSaysSo) {
  for (char c = 'a'; c <= 'z'; ++c) put(std::string("k") + c, "");
  EXPECT_EQ(scan("k", 1), (Rows{{"ka", ""}}));
  EXPECT_EQ(scan("k", 17).size(), 17U);
}

TEST_P(StoreContract, AScanOfThousandsMissesNoneAndGivesNoneTwice) {
  std::vector<Write> list;
  for (int i = 0; i < 5000; ++i) list.push_back({"p" + std::to_string(100000 + i), "v"});
  commit({writes(list)});
  const auto rows = scan("p");
  ASSERT_EQ(rows.size(), 5000U);
  for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i].first, list[i].key);
}

TEST_P(StoreContract, AVisitorMayReadScanAndCommit) {
  put("a1", "x");
  put("a2", "y");
  put("b1", "z");
  const auto snap = snapshot();
  int visits = 0;
  const auto scanned = snap->scan("a", [&](const Key& key, const Row& row) {
    ++visits;
    const auto again = snap->get(key);
    EXPECT_TRUE(again.ok() && *again && (*again)->value == row.value);
    EXPECT_EQ(scan_in(*snap, "a").size(), 2U);
    put("a9", "new");
    return true;
  });
  EXPECT_TRUE(scanned.ok());
  EXPECT_EQ(visits, 2);
  EXPECT_EQ(scan("a").size(), 3U);
}

// --- preconditions

TEST_P(StoreContract, AbsentHoldsOnlyForARowThatIsNotThere) {
  const Transaction create = {{{"a", 0}}, {{"a", "mine"}}};
  EXPECT_EQ(commit({create}), Outcomes{kCommitted});
  EXPECT_EQ(commit({create}), Outcomes{kFailed});
  erase("a");
  EXPECT_EQ(commit({create}), Outcomes{kCommitted});
}

TEST_P(StoreContract, AVersionHoldsUntilTheRowChanges) {
  put("a", "one");
  const Version first = get("a")->version;
  put("other", "x");
  EXPECT_EQ(commit({{{{"a", first}}, {{"a", "two"}}}}), Outcomes{kCommitted});
  EXPECT_EQ(commit({{{{"a", first}}, {{"a", "three"}}}}), Outcomes{kFailed});
  EXPECT_EQ(get("a")->value, "two");
  erase("a");
  EXPECT_EQ(commit({{{{"a", 3}}, {{"a", "four"}}}}), Outcomes{kFailed});
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_P(StoreContract, ARewriteWithTheSameValueStillChangesTheVersion) {
  put("a", "same");
  put("a", "same");
  EXPECT_EQ(commit({{{{"a", 1}}, {{"a", "x"}}}}), Outcomes{kFailed});
}

TEST_P(StoreContract, AllPreconditionsOfATransactionMustHold) {
  put("a", "1");
  put("b", "2");
  EXPECT_EQ(commit({{{{"a", 1}, {"b", 1}, {"c", 0}}, {{"c", "3"}}}}), Outcomes{kFailed});
  EXPECT_EQ(get("c"), std::nullopt);
  EXPECT_EQ(commit({{{{"a", 1}, {"b", 2}, {"c", 0}}, {{"c", "3"}}}}), Outcomes{kCommitted});
}

TEST_P(StoreContract, AFailureInTheMiddleLeavesTheOthersApplied) {
  put("a", "1");
  EXPECT_EQ(commit({writes({{"x", "1"}}),
                    {{{"a", 7}}, {{"y", "never"}, {"x", "never"}}},
                    writes({{"z", "3"}})}),
            (Outcomes{kCommitted, kFailed, kCommitted}));
  EXPECT_EQ(scan(""), (Rows{{"a", "1"}, {"x", "1"}, {"z", "3"}}));
  EXPECT_EQ(store().sequence(), 2U);
}

TEST_P(StoreContract, ATransactionSeesTheOnesBeforeItInTheSameCommit) {
  const Transaction create = {{{"a", 0}}, {{"a", "first"}}};
  const Transaction second = {{{"a", 0}}, {{"a", "second"}}};
  EXPECT_EQ(commit({create, second}), (Outcomes{kCommitted, kFailed}));
  EXPECT_EQ(get("a")->value, "first");

  const Transaction remove = {{{"a", 1}}, {{"a", std::nullopt}}};
  EXPECT_EQ(commit({remove, second, create}), (Outcomes{kCommitted, kCommitted, kFailed}));
  EXPECT_EQ(get("a")->value, "second");
}

TEST_P(StoreContract, TwoThatExpectTheSameVersionDoNotBothWin) {
  put("a", "0");
  EXPECT_EQ(commit({{{{"a", 1}}, {{"a", "1"}}}, {{{"a", 1}}, {{"a", "2"}}}}),
            (Outcomes{kCommitted, kFailed}));
  EXPECT_EQ(get("a")->value, "1");
}

TEST_P(StoreContract, AFailedTransactionIsNotSeenByTheNext) {
  EXPECT_EQ(commit({{{{"no", 5}}, {{"a", "x"}}}, {{{"a", 0}}, {{"a", "y"}}}}),
            (Outcomes{kFailed, kCommitted}));
  EXPECT_EQ(get("a")->value, "y");
}

// --- sequence

TEST_P(StoreContract, AllThatACommitAppliesShareOneNewSequence) {
  put("before", "x");
  commit({writes({{"a", "1"}}), writes({{"b", "2"}, {"c", "3"}})});
  EXPECT_EQ(store().sequence(), 2U);
  for (const auto* key : {"a", "b", "c"}) EXPECT_EQ(get(key)->version, 2U);
}

TEST_P(StoreContract, NothingAppliedIsNoCommit) {
  put("a", "1");
  EXPECT_EQ(commit({}), Outcomes{});
  EXPECT_EQ(commit({{{{"a", 0}}, {{"a", "2"}}}}), Outcomes{kFailed});
  EXPECT_EQ(commit({Transaction{}, {{{"a", 1}}, {}}, {{{"a", 2}}, {}}}),
            (Outcomes{kCommitted, kCommitted, kFailed}));
  EXPECT_EQ(store().sequence(), 1U);
}

// --- snapshots

TEST_P(StoreContract, ASnapshotDoesNotSeeWhatComesAfterItsFirstRead) {
  put("a", "old");
  put("b", "old");
  put("c", "old");
  const auto snap = snapshot();
  EXPECT_EQ(scan_in(*snap, "").size(), 3U);
  commit({writes({{"a", "new"}, {"b", std::nullopt}, {"d", "new"}})});
  EXPECT_EQ((*snap->get("a"))->value, "old");
  EXPECT_EQ((*snap->get("b"))->value, "old");
  EXPECT_EQ(*snap->get("d"), std::nullopt);
  EXPECT_EQ(scan_in(*snap, ""), (Rows{{"a", "old"}, {"b", "old"}, {"c", "old"}}));
  EXPECT_EQ(snap->sequence(), 3U);
  EXPECT_EQ(scan(""), (Rows{{"a", "new"}, {"c", "old"}, {"d", "new"}}));
}

TEST_P(StoreContract, TwoSnapshotsOfOneThreadSeeTheirOwnTimes) {
  put("a", "1");
  const auto first = snapshot();
  EXPECT_EQ(scan_in(*first, ""), (Rows{{"a", "1"}}));
  put("a", "2");
  const auto second = snapshot();
  EXPECT_EQ(scan_in(*second, ""), (Rows{{"a", "2"}}));
  put("a", "3");
  EXPECT_EQ((*first->get("a"))->value, "1");
  EXPECT_EQ((*second->get("a"))->value, "2");
}

TEST_P(StoreContract, ASnapshotReadsOneTimeOrSaysConflict) {
  put("a", "old");
  put("b", "old");
  EXPECT_EQ(get("a")->value, "old");
  const auto snap = snapshot();
  EXPECT_EQ((*snap->get("a"))->value, "old");
  commit({writes({{"a", "new"}, {"b", "new"}})});
  const auto b = snap->get("b");
  if (b.ok()) {
    EXPECT_EQ((*b)->value, "old");
  } else {
    EXPECT_EQ(b.error().code, ErrorCode::conflict);
  }
}

TEST_P(StoreContract, ASnapshotThatIsFixedReadsOnWhateverIsCommitted) {
  put("a", "old");
  put("b", "old");
  put("gone", "old");
  EXPECT_EQ(get("a")->value, "old");
  const auto snap = snapshot();
  EXPECT_EQ((*snap->get("a"))->value, "old") << "from memory, where there is one";
  ASSERT_TRUE(snap->fix().ok());
  commit({writes({{"a", "new"}, {"b", "new"}, {"c", "new"}, {"gone", std::nullopt}})});
  EXPECT_EQ(get("b")->value, "new");
  EXPECT_EQ((*snap->get("a"))->value, "old");
  EXPECT_EQ((*snap->get("b"))->value, "old");
  EXPECT_EQ((*snap->get("gone"))->value, "old");
  EXPECT_EQ(*snap->get("c"), std::nullopt);
  EXPECT_EQ(*snap->version("never"), 0U);
  EXPECT_EQ(scan_in(*snap, ""), (Rows{{"a", "old"}, {"b", "old"}, {"gone", "old"}}));
  ASSERT_TRUE(snap->fix().ok()) << "once more is nothing more";
}

TEST_P(StoreContract, ASnapshotOfThePastIsFixedThereOrSaysConflict) {
  put("a", "old");
  EXPECT_EQ(get("a")->value, "old");
  const auto snap = snapshot();
  EXPECT_EQ((*snap->get("a"))->value, "old");
  put("a", "new");
  const auto fixed = snap->fix();
  if (fixed.ok()) {
    EXPECT_EQ((*snap->get("a"))->value, "old");
  } else {
    EXPECT_EQ(fixed.error().code, ErrorCode::conflict);
  }
}

/// Writes rows x and y together, always with the same value, until it goes.
class PairWriter final {
 public:
  explicit PairWriter(Store& store)
      : thread_([this, &store] {
          for (int i = 1; !stop_; ++i) {
            const Transaction both = {{}, {{"x", std::to_string(i)}, {"y", std::to_string(i)}}};
            if (!store.commit({&both, 1}).ok()) ++errors;
          }
        }) {}
  ~PairWriter() {
    stop_ = true;
    thread_.join();
  }
  std::atomic<int> errors = 0;

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

TEST_P(StoreContract, SnapshotsUnderConcurrentCommitsAreNeverTorn) {
  commit({writes({{"x", "0"}, {"y", "0"}})});
  const PairWriter writer(store());
  for (int read = 0; read < 2000;) {
    const auto snap = snapshot();
    const auto x = snap->get("x");
    const auto y = snap->get("y");
    if (!x.ok() || !y.ok()) continue;
    ASSERT_EQ((*x)->value, (*y)->value);
    ASSERT_EQ((*x)->version, (*y)->version);
    ++read;
  }
  EXPECT_EQ(writer.errors, 0);
}

TEST_P(StoreContract, ConcurrentCommittersLoseNoIncrement) {
  put("counter", "0");
  constexpr int kThreads = 4;
  constexpr int kEach = 100;
  const auto increment = [this] {
    for (;;) {
      const auto row = store().snapshot().ok() ? get("counter") : std::nullopt;
      if (!row) return;
      const Transaction next = {{{"counter", row->version}},
                                {{"counter", std::to_string(std::atoi(row->value.c_str()) + 1)}}};
      const auto outcome = store().commit({&next, 1});
      if (!outcome.ok() || (*outcome)[0] == kCommitted) return;
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) increment();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(get("counter")->value, std::to_string(kThreads * kEach));
  EXPECT_EQ(store().sequence(), 1U + kThreads * kEach);
}

}  // namespace
}  // namespace coffer::store
