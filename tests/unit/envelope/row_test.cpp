#include "../../../src/envelope/row.h"

#include <algorithm>
#include <set>

#include "golden.h"
#include "world.h"

namespace coffer::envelope {
namespace {

struct Example {
  std::unique_ptr<FixedToken> token = golden_token();
  std::unique_ptr<Keyring> keyring = golden_keyring(*token);
  RowName row{{golden_id("mount"), 1}, golden_text("row_parent"), golden_text("row_name")};
  store::Key key = golden_text("row_key");
  FreshRow fresh;

  Example() {
    std::copy_n(golden("row_salt").begin(), fresh.salt.size(), fresh.salt.begin());
    std::copy_n(golden("row_iv").begin(), fresh.iv.size(), fresh.iv.begin());
  }
};

TEST(SealedRow, MakesTheWorkedExample) {
  const Example example;
  EXPECT_EQ(to_hex(as_bytes(must(row_key(*example.keyring, example.row)))),
            to_hex(golden("row_key")));
  EXPECT_EQ(to_hex(as_bytes(must(seal_row(example.fresh, *example.keyring, example.key, example.row,
                                          golden_text("row_value"))))),
            to_hex(golden("row")));
}

TEST(SealedRow, OpensTheWorkedExample) {
  const Example example;
  const OpenRow opened = must(open_row(*example.keyring, example.key, golden_text("row")));
  EXPECT_EQ(opened.value, golden_text("row_value"));
  EXPECT_EQ(opened.row.name, "db");
  EXPECT_EQ(opened.row.parent, "app/");
  EXPECT_EQ(opened.row.space.mount, golden_id("mount"));
  EXPECT_EQ(opened.row.space.table, 1);
}

TEST(SealedRow, EveryFlippedBitIsCorrupt) {
  const Example example;
  std::string bytes = golden_text("row");
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<char>(1U << (bit % 8));
    bytes[bit / 8] ^= mask;
    EXPECT_EQ(code_of(open_row(*example.keyring, example.key, bytes)), ErrorCode::corrupt) << bit;
    bytes[bit / 8] ^= mask;
  }
}

TEST(SealedRow, EveryTruncationIsCorrupt) {
  const Example example;
  const std::string whole = golden_text("row");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(code_of(open_row(*example.keyring, example.key, whole.substr(0, size))),
              ErrorCode::corrupt);
  }
}

TEST(SealedRow, OpensNowhereElse) {
  const Example example;
  store::Key other = example.key;
  other.back() = static_cast<char>(other.back() ^ 1);
  EXPECT_EQ(code_of(open_row(*example.keyring, other, golden_text("row"))), ErrorCode::corrupt);
  EXPECT_EQ(code_of(open_row(*example.keyring, {}, golden_text("row"))), ErrorCode::corrupt);
}

TEST(SealedRow, IsAnewEachTime) {
  const Example example;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    seen.insert(must(
        seal_row(must(fresh_row()), *example.keyring, example.key, example.row, "same value")));
  }
  EXPECT_EQ(seen.size(), 100U);
}

TEST(SealedRow, ShowsNoNameAndNoValue) {
  const Example example;
  const RowName row{{id(1), 1}, "folder-to-look-for/", "name-to-look-for"};
  const store::Key key = must(row_key(*example.keyring, row));
  const std::string sealed =
      must(seal_row(must(fresh_row()), *example.keyring, key, row, "value-to-look-for"));
  for (const char* clear : {"folder-to-look-for", "name-to-look-for", "value-to-look-for"}) {
    EXPECT_EQ(sealed.find(clear), std::string::npos);
    EXPECT_EQ(key.find(clear), std::string::npos);
  }
}

TEST(RowKey, TellsEveryNameApart) {
  const Example example;
  std::set<store::Key> keys;
  const RowName rows[] = {
      {{id(1), 1}, "a/", "b"},
      {{id(1), 1}, "a", "/b"},
      {{id(1), 1}, "", "a/b"},
      {{id(1), 1}, "a/b", ""},
      {{id(1), 2}, "a/", "b"},
      {{id(2), 1}, "a/", "b"},
      {{id(1), 1}, "", ""},
      {{id(1), 1}, "a/", "bb"},
      {{id(1), 1}, "a/", std::string("b\0", 2)},
      {{id(1), 256}, "a/", "b"},
  };
  for (const RowName& row : rows) {
    const store::Key key = must(row_key(*example.keyring, row));
    EXPECT_EQ(key.size(), 32U);
    EXPECT_TRUE(keys.insert(key).second) << row.parent << " " << row.name;
  }
}

TEST(RowKey, StartsWithThePrefixOfItsParent) {
  const Example example;
  const Space space{id(1), 1};
  const store::Key prefix = must(row_prefix(*example.keyring, space, "a/"));
  EXPECT_EQ(prefix.size(), 16U);
  for (const char* name : {"", "b", "c"}) {
    EXPECT_EQ(must(row_key(*example.keyring, {space, "a/", name})).substr(0, 16), prefix);
    EXPECT_NE(must(row_key(*example.keyring, {space, "a/b/", name})).substr(0, 16), prefix);
  }
}

TEST(RowKey, IsAnotherInAnotherVault) {
  fakes::FakeToken token;
  const auto first = must(Keyring::create(token, id(1)));
  const auto second = must(Keyring::create(token, id(2)));
  const RowName row{{id(1), 1}, "a/", "b"};
  EXPECT_NE(must(row_key(*first, row)), must(row_key(*second, row)));
}

}  // namespace
}  // namespace coffer::envelope
