// Which connections are still to be searched after a restore.
#include "coffer/lifecycle/unsearched.h"

#include <gtest/gtest.h>

#include "fakes/fake_token.h"

namespace coffer::lifecycle {
namespace {

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.error()));
  return *std::move(result);
}

class UnsearchedTest : public testing::Test {
 protected:
  using List = std::vector<Unsearched>;
  std::unique_ptr<envelope::SealedTransaction> begin() { return must(sealed_->begin()); }
  store::CommitOutcome commit(envelope::SealedTransaction& tx) {
    const store::Transaction all[] = {tx.take()};
    return must(store_->commit(all)).front();
  }
  void set(const List& all) {
    const auto tx = begin();
    ASSERT_TRUE(set_unsearched(*tx, all).ok());
    EXPECT_EQ(commit(*tx), store::CommitOutcome::committed);
  }
  void search(const Uuid& mount, const std::string& connection) {
    const auto tx = begin();
    ASSERT_TRUE(note_searched(*tx, mount, connection).ok());
    EXPECT_EQ(commit(*tx), store::CommitOutcome::committed);
  }
  List left() { return must(unsearched(*begin())); }

  fakes::FakeToken token_;
  std::unique_ptr<store::Store> store_ = store::open_memory_store(Uuid{{9}});
  std::unique_ptr<envelope::Keyring> keyring_ = must(envelope::Keyring::create(token_, Uuid{{1}}));
  std::unique_ptr<envelope::SealedStore> sealed_ =
      must(envelope::open_sealed_store(*keyring_, token_, *store_, {}, system_clock()));
};

TEST_F(UnsearchedTest, NoneAreWithoutARestore) {
  EXPECT_TRUE(left().empty());
  const auto tx = begin();
  ASSERT_TRUE(note_searched(*tx, Uuid{{5}}, "app").ok());
  EXPECT_TRUE(tx->take().writes.empty()) << "a look costs no commit then";
}

TEST_F(UnsearchedTest, EachIsStruckOffByItsOwnLook) {
  const List all = {{Uuid{{5}}, "app"}, {Uuid{{5}}, "other"}, {Uuid{{6}}, "app"}};
  set(all);
  EXPECT_EQ(left(), all);
  search(Uuid{{7}}, "app");
  search(Uuid{{5}}, "ap");
  EXPECT_EQ(left(), all);
  search(Uuid{{5}}, "app");
  EXPECT_EQ(left(), (List{{Uuid{{5}}, "other"}, {Uuid{{6}}, "app"}}));
  search(Uuid{{6}}, "app");
  search(Uuid{{5}}, "other");
  EXPECT_TRUE(left().empty());
}

TEST_F(UnsearchedTest, AnotherRestoreBeginsAnew) {
  set({{Uuid{{5}}, "app"}});
  set({{Uuid{{6}}, "b"}});
  EXPECT_EQ(left(), (List{{Uuid{{6}}, "b"}}));
  set({});
  EXPECT_TRUE(left().empty());
}

TEST_F(UnsearchedTest, OfTwoWhoLookAtTheSameTimeOneRunsAgain) {
  set({{Uuid{{5}}, "a"}, {Uuid{{5}}, "b"}});
  const auto one = begin();
  const auto two = begin();
  ASSERT_TRUE(note_searched(*one, Uuid{{5}}, "a").ok());
  ASSERT_TRUE(note_searched(*two, Uuid{{5}}, "b").ok());
  EXPECT_EQ(commit(*one), store::CommitOutcome::committed);
  EXPECT_NE(commit(*two), store::CommitOutcome::committed);
  EXPECT_EQ(left(), (List{{Uuid{{5}}, "b"}}));
}

}  // namespace
}  // namespace coffer::lifecycle
