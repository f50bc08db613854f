// A token with very many children ends: in steps, and what they hold outside goes first.
#include <set>

#include "tokens_kit.h"

namespace coffer::auth {
namespace {

/// Users of a database that the children were given mustn't wait for all those rows.
TEST_F(TokensTest, InALargeFamilyLeasesEndFirstAndRowsLater) {
  std::set<std::string> ended;
  tokens->own_leases([&](envelope::SealedTransaction&, std::string_view owner, WallTime,
                         std::size_t most) -> Result<bool> {
    EXPECT_LE(most, 64U);
    ended.insert(std::string(owner));
    return true;
  });
  const std::size_t before = rows();
  const Made top = make(hours(5));
  std::vector<Made> children;
  children.reserve(1000);
  for (int i = 0; i < 1000; ++i) children.push_back(make(hours(5), top.accessor));
  const Made grandchild = make(hours(5), children.back().accessor);
  revoke(top);
  EXPECT_FALSE(works(children.front()));
  sweep();  // the parent's steps, and what isn't put off
  EXPECT_EQ(ended.size(), 1002U);
  EXPECT_TRUE(ended.contains(grandchild.accessor));
  const std::size_t put_off = rows();
  now += std::chrono::minutes(10);
  sweep();
  EXPECT_LT(rows() + 700, put_off) << "they are nobody's hurry";
  now += hours(6);
  sweep();
  EXPECT_LE(rows(), before + 2) << "marks of minutes";
}

}  // namespace
}  // namespace coffer::auth
