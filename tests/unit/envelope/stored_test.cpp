// The store's rows looked at from outside: by their first bytes, and opened at their own places.
#include "coffer/envelope/stored.h"

#include "world.h"

namespace coffer::envelope {
namespace {

TEST(Stored, KindsAreToldByTheFirstBytes) {
  EXPECT_EQ(kind_of("CFRW\1"), StoredKind::row);
  EXPECT_EQ(kind_of("CFSR\1"), StoredKind::secret);
  for (const char* other : {"", "CFR", "CFKR", "cfrw", "xCFRW"}) {
    EXPECT_EQ(kind_of(other), StoredKind::other) << other;
  }
}

class StoredRows : public testing::Test {
 protected:
  StoredRows() {
    auto tx = must(sealed_->begin());
    must(tx->write(kName, "value", Expect::absent()));
    must(tx->seal_secret(kSecret, {.mount = id(5), .path = "a/b", .version = 1}, "secret"));
    const store::Transaction all[] = {tx->take()};
    must(store_->commit(all));
    key_ = must(tx->place(kName));
    secret_key_ = must(tx->place(kSecret));
  }
  std::string value(const store::Key& key) {
    return must(must(store_->snapshot())->get(key))->value;
  }

  static inline const RowName kName{{id(5), 1}, "a/", "b"};
  static inline const RowName kSecret{{id(5), 2}, "a/b", "1"};
  fakes::FakeToken token_;
  ManualClock clock_;
  std::unique_ptr<store::Store> store_ = store::open_memory_store(id(9));
  std::unique_ptr<Keyring> keyring_ = must(Keyring::create(token_, id(1)));
  std::unique_ptr<SealedStore> sealed_ =
      must(open_sealed_store(*keyring_, token_, *store_, {}, clock_));
  store::Key key_;
  store::Key secret_key_;
};

TEST_F(StoredRows, ARowTellsItsNameAndItsValue) {
  const std::string sealed = value(key_);
  EXPECT_EQ(kind_of(sealed), StoredKind::row);
  const StoredRow opened = must(open_stored_row(*keyring_, key_, sealed));
  EXPECT_EQ(opened.row.space.mount, kName.space.mount);
  EXPECT_EQ(opened.row.space.table, kName.space.table);
  EXPECT_EQ(opened.row.parent, "a/");
  EXPECT_EQ(opened.row.name, "b");
  EXPECT_EQ(opened.value, "value");
}

TEST_F(StoredRows, ARowOpensAtItsOwnPlaceAlone) {
  EXPECT_EQ(code_of(open_stored_row(*keyring_, secret_key_, value(key_))), ErrorCode::corrupt);
}

TEST_F(StoredRows, WhatIsMissingIsPutAndWhatIsThereStays) {
  const RowName missing{{id(5), 1}, "a/", "c"};
  const std::string before = value(key_);
  auto tx = must(sealed_->begin());
  must(put_if_missing(*tx, kName));
  must(put_if_missing(*tx, missing));
  const store::Transaction all[] = {tx->take()};
  must(store_->commit(all));
  EXPECT_EQ(value(key_), before);
  const auto after = must(sealed_->begin());
  const auto put = must(after->read(missing));
  ASSERT_TRUE(put.has_value());
  EXPECT_EQ(put->value, "");
}

TEST_F(StoredRows, ASecretIsNoRow) {
  EXPECT_EQ(kind_of(value(secret_key_)), StoredKind::secret);
  EXPECT_EQ(code_of(open_stored_row(*keyring_, secret_key_, value(secret_key_))),
            ErrorCode::corrupt);
}

TEST_F(StoredRows, EveryChangedByteIsCorrupt) {
  const std::string sealed = value(key_);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(open_stored_row(*keyring_, key_, changed).ok()) << at;
  }
}

}  // namespace
}  // namespace coffer::envelope
