// Rewrapping: every old record gets the new recipients and nothing else of it changes; nothing that
// goes wrong on the way loses one.
#include "../../../src/envelope/record.h"
#include "world.h"

namespace coffer::envelope {
namespace {

using fakes::FakeToken;
using Method = FakeToken::Method;

const WallTime kNow{std::chrono::hours(1000)};

RowName row_of(int n) { return {{id(2), 3}, "a/" + std::to_string(n) + "/", "1"}; }
SecretContext context_of(int n) { return {id(2), "a/" + std::to_string(n), 1}; }

struct RewrapWorld : World {
  static constexpr int kSecrets = 20;
  explicit RewrapWorld(const CacheConfig& cache = {.entries = 0}) : World(cache) {
    overwrite(keyring_row_key(), std::string(as_text(must(keyring->store()))));
    open(cache);
    for (int n = 0; n < kSecrets; ++n) put_secret(row_of(n), context_of(n), std::to_string(n));
    put({{id(2), 1}, "a/", "metadata"}, "a row among them");
    must(sealed->key_changes().rotate_kek(kNow));
  }
  Result<RewrapStep> step(const store::Key& after, const RewrapLimits& limits = {}) {
    auto tx = begin();
    auto done = sealed->rewrap(*tx, after, limits);
    if (done.ok()) commit(*tx);
    return done;
  }
  /// All steps; the sums.
  RewrapStep run(const RewrapLimits& limits) {
    RewrapStep sum;
    for (bool done = false; !done;) {
      const RewrapStep now = must(step(sum.next, limits));
      sum.next = now.next;
      sum.records += now.records;
      sum.stale += now.stale;
      sum.rewrapped += now.rewrapped;
      sum.unreadable += now.unreadable;
      for (const References& more : now.references) add(sum.references, more);
      done = now.done;
    }
    return sum;
  }
  void all_open() {
    for (int n = 0; n < kSecrets; ++n) {
      EXPECT_EQ(must(get_secret(row_of(n), context_of(n))), std::to_string(n)) << n;
    }
  }
  static std::uint64_t of_version(const RewrapStep& step, std::uint32_t version) {
    std::uint64_t records = 0;
    for (const References& one : step.references) {
      if (one.version == version) records += one.records;
    }
    return records;
  }
};

TEST(Rewrap, CountsWithoutChangingAnything) {
  RewrapWorld world;
  const auto before = world.raw_rows();
  const RewrapStep counted = world.run({.rows = 7, .rewraps = 0});
  EXPECT_EQ(counted.records, 20U);
  EXPECT_EQ(counted.stale, 20U);
  EXPECT_EQ(counted.rewrapped, 0U);
  ASSERT_EQ(counted.references.size(), 1U);
  EXPECT_EQ(counted.references[0].version, 1U);
  EXPECT_EQ(counted.references[0].alone, 20U);
  EXPECT_EQ(world.raw_rows(), before);
}

TEST(Rewrap, MovesEveryRecordToTheNewKekInSteps) {
  RewrapWorld world;
  const RewrapStep done = world.run({.rows = 1000, .rewraps = 3});
  EXPECT_EQ(done.rewrapped, 20U);
  EXPECT_EQ(RewrapWorld::of_version(done, 1), 0U);
  EXPECT_EQ(RewrapWorld::of_version(done, 2), 20U);
  world.all_open();
  const RewrapStep again = world.run({.rows = 1000, .rewraps = 64});
  EXPECT_EQ(again.stale, 0U);
  // Nothing needs the old kek any more.
  must(world.sealed->key_changes().retire_kek(1, kNow));
  world.all_open();
}

TEST(Rewrap, ChangesRecipientsAndMacAlone) {
  RewrapWorld world;
  const auto before = world.raw_rows();
  world.run({});
  const auto after = world.raw_rows();
  ASSERT_EQ(before.size(), after.size());
  int changed = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    ASSERT_EQ(before[i].first, after[i].first);
    if (before[i].second == after[i].second) continue;
    ++changed;
    const Record old = must(parse_record(as_bytes(before[i].second)));
    const Record now = must(parse_record(as_bytes(after[i].second)));
    EXPECT_EQ(to_bytes(old.fixed), to_bytes(now.fixed));
    EXPECT_EQ(to_bytes(old.tail), to_bytes(now.tail));
    EXPECT_NE(to_bytes(old.mac), to_bytes(now.mac));
  }
  EXPECT_EQ(changed, 20);
}

TEST(Rewrap, IsReadBackBeforeTheOldWrapGoes) {
  RewrapWorld world;
  const auto unwraps = world.token.calls(Method::unwrap);
  must(world.step({}, {.rows = 1000, .rewraps = 5}));
  EXPECT_EQ(world.token.calls(Method::unwrap) - unwraps, 10U);
}

TEST(Rewrap, AnyFailureOfTheTokenEndsTheStepAndLosesNothing) {
  for (const Method method : {Method::unwrap, Method::wrap}) {
    for (std::size_t n = 1; n <= (method == Method::unwrap ? 4U : 2U); ++n) {
      RewrapWorld world;
      const auto before = world.raw_rows();
      world.token.fail_nth(method, n, make_error(ErrorCode::unavailable, "as told"));
      EXPECT_EQ(code_of(world.step({}, {.rows = 1000, .rewraps = 2})), ErrorCode::unavailable);
      EXPECT_EQ(world.raw_rows(), before);
      EXPECT_EQ(world.run({}).rewrapped, 20U);
      world.all_open();
    }
  }
}

/// A token that opens something else than it wrapped: that is the token's trouble, not the
/// record's.
TEST(Rewrap, AWrapThatDoesntReadBackIsntTaken) {
  RewrapWorld world;
  const auto before = world.raw_rows();
  world.token.fail_nth(Method::unwrap, 2, make_error(ErrorCode::corrupt, "garbled"));
  EXPECT_EQ(code_of(world.step({}, {.rows = 1000, .rewraps = 2})), ErrorCode::unavailable);
  EXPECT_EQ(world.raw_rows(), before);
}

TEST(Rewrap, AWriterAtTheSameTimeWins) {
  RewrapWorld world;
  auto tx = world.begin();
  must(world.sealed->rewrap(*tx, {}, {}));
  world.put_secret(row_of(3), context_of(3), "3");
  EXPECT_EQ(world.commit(tx->take()), store::CommitOutcome::precondition_failed);
  EXPECT_EQ(world.run({}).rewrapped, 19U);
  world.all_open();
}

TEST(Rewrap, AnEraserAtTheSameTimeWins) {
  RewrapWorld world;
  auto tx = world.begin();
  must(world.sealed->rewrap(*tx, {}, {}));
  auto eraser = world.begin();
  must(eraser->erase_secret(row_of(3)));
  world.commit(*eraser);
  EXPECT_EQ(world.commit(tx->take()), store::CommitOutcome::precondition_failed);
  EXPECT_EQ(world.run({}).rewrapped, 19U);
  EXPECT_EQ(code_of(world.get_secret(row_of(3), context_of(3))), ErrorCode::not_found);
}

TEST(Rewrap, AStepThatAnotherRotationOvertookIsntCommitted) {
  RewrapWorld world;
  auto tx = world.begin();
  must(world.sealed->rewrap(*tx, {}, {}));
  must(world.sealed->key_changes().rotate_kek(kNow));
  EXPECT_EQ(world.commit(tx->take()), store::CommitOutcome::precondition_failed);
  EXPECT_EQ(RewrapWorld::of_version(world.run({}), 3), 20U);
  world.all_open();
}

TEST(Rewrap, DamagedRecordsAreCountedAndPassedBy) {
  RewrapWorld world;
  auto rows = world.raw_rows();
  std::size_t damaged = 0;
  for (auto& [key, value] : rows) {
    if (!value.starts_with("CFSR") || damaged == 3) continue;
    // Cut off; its recipients changed; its wrapped key changed so that the mac shows it.
    if (damaged == 0) value.resize(50);
    if (damaged == 1) value[45] = static_cast<char>(value[45] ^ 1);
    if (damaged == 2) value[90] = static_cast<char>(value[90] ^ 1);
    world.overwrite(key, value);
    ++damaged;
  }
  const auto unwraps = world.token.calls(Method::unwrap);
  const RewrapStep done = world.run({});
  EXPECT_EQ(done.unreadable, 3U);
  EXPECT_EQ(done.rewrapped, 17U);
  EXPECT_EQ(world.token.calls(Method::unwrap) - unwraps, 2U * 17U)
      << "nothing that someone else made reaches the token";
}

TEST(Rewrap, WhatIsCachedStaysGoodWithoutTheToken) {
  RewrapWorld world(CacheConfig{});
  world.all_open();
  world.run({});
  const auto unwraps = world.token.calls(Method::unwrap);
  for (int i = 0; i < 2; ++i) world.all_open();
  EXPECT_EQ(world.token.calls(Method::unwrap), unwraps);
  // Its age goes on from the unwrap.
  world.clock.advance(std::chrono::seconds(61));
  world.all_open();
  EXPECT_EQ(world.token.calls(Method::unwrap), unwraps + RewrapWorld::kSecrets);
}

/// A cached key must not vouch for recipients that nobody signed.
TEST(Rewrap, ACachedKeyDoesntHideOtherRecipients) {
  RewrapWorld world(CacheConfig{});
  world.all_open();
  const store::Key key = must(world.begin()->place(row_of(5)));
  std::string value = must(must(world.store.snapshot())->get(key))->value;
  for (const std::size_t at :
       {std::size_t{44}, std::size_t{60}, std::size_t{90}, std::size_t{140}, std::size_t{150}}) {
    std::string changed = value;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    world.overwrite(key, changed);
    EXPECT_EQ(code_of(world.get_secret(row_of(5), context_of(5))), ErrorCode::corrupt) << at;
  }
}

TEST(RowWalk, FindsEveryMetadataRowByNameInSteps) {
  RewrapWorld world;
  for (int n = 0; n < 30; ++n) world.put({{id(3), 1}, "x/", std::to_string(n)}, "v");
  std::map<std::string, int> seen;
  store::Key after;
  for (bool done = false; !done;) {
    auto tx = world.begin();
    const RowWalk walk = must(world.sealed->walk_rows(*tx, after, 7));
    for (const WalkedRow& row : walk.rows) ++seen[row.name.parent + row.name.name + row.value];
    EXPECT_EQ(walk.unreadable, 0U);
    after = walk.next;
    done = walk.done;
  }
  EXPECT_EQ(seen.size(), 31U);
  EXPECT_EQ(seen["a/metadataa row among them"], 1);
  EXPECT_EQ(seen["x/17v"], 1);
}

}  // namespace
}  // namespace coffer::envelope
