// The list of all rotations, and how many of them fail.
#include "coffer/lifecycle/rotation_index.h"

#include <gtest/gtest.h>

#include "fakes/fake_token.h"

namespace coffer::lifecycle {
namespace {

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.error()));
  return *std::move(result);
}

class RotationIndex : public testing::Test {
 protected:
  std::unique_ptr<envelope::SealedTransaction> begin() { return must(sealed_->begin()); }
  void commit(envelope::SealedTransaction& tx) {
    const store::Transaction all[] = {tx.take()};
    EXPECT_EQ(must(store_->commit(all)).front(), store::CommitOutcome::committed);
  }
  void put(const RotationEntry& entry) {
    const auto tx = begin();
    EXPECT_TRUE(put_rotation(*tx, entry).ok());
    commit(*tx);
  }
  std::size_t failing() { return must(failing_rotations(*begin())); }

  fakes::FakeToken token_;
  std::unique_ptr<store::Store> store_ = store::open_memory_store(Uuid{{9}});
  std::unique_ptr<envelope::Keyring> keyring_ = must(envelope::Keyring::create(token_, Uuid{{1}}));
  std::unique_ptr<envelope::SealedStore> sealed_ =
      must(envelope::open_sealed_store(*keyring_, token_, *store_, {}, system_clock()));
};

TEST_F(RotationIndex, KeepsWhatItIsTold) {
  const WallTime time{std::chrono::seconds(1'800'000'000)};
  put({.mount = {{5}},
       .path = "app/db",
       .rotator = "exec",
       .phase = "set",
       .paused = true,
       .counts_readers = true,
       .next = time,
       .last = time - std::chrono::hours(1),
       .failures = 3,
       .trouble = "set: no answer"});
  const auto entries = must(list_rotations(*begin(), 10));
  ASSERT_EQ(entries.size(), 1U);
  const RotationEntry& entry = entries[0];
  EXPECT_EQ(entry.mount, (Uuid{{5}}));
  EXPECT_EQ(entry.path, "app/db");
  EXPECT_EQ(entry.rotator, "exec");
  EXPECT_EQ(entry.phase, "set");
  EXPECT_TRUE(entry.paused);
  EXPECT_TRUE(entry.counts_readers);
  EXPECT_EQ(entry.next, time);
  EXPECT_EQ(entry.last, time - std::chrono::hours(1));
  EXPECT_EQ(entry.failures, 3U);
  EXPECT_EQ(entry.trouble, "set: no answer");
}

TEST_F(RotationIndex, CountsThoseThatFail) {
  put({.mount = {{5}}, .path = "a", .rotator = "exec", .phase = "set", .failures = 1});
  put({.mount = {{5}}, .path = "b", .rotator = "exec", .phase = "set", .failures = 7});
  put({.mount = {{6}}, .path = "a", .rotator = "exec", .phase = "idle"});
  EXPECT_EQ(failing(), 2U);
  put({.mount = {{5}}, .path = "b", .rotator = "exec", .phase = "idle"});
  EXPECT_EQ(failing(), 1U);
  const auto tx = begin();
  drop_rotation(*tx, {{5}}, "a");
  drop_rotation(*tx, {{5}}, "never was");
  commit(*tx);
  EXPECT_EQ(failing(), 0U);
  EXPECT_EQ(must(list_rotations(*begin(), 10)).size(), 2U);
  EXPECT_EQ(must(list_rotations(*begin(), 1)).size(), 1U);
}

}  // namespace
}  // namespace coffer::lifecycle
