// Tokens that came out of a backup: void, whatever their rows say, and for ever.
#include <gtest/gtest.h>

#include "coffer/auth/tokens.h"
#include "fakes/test_auth.h"

namespace coffer::auth {
namespace {

using std::chrono::hours;

struct Made {
  std::string token;
  std::string accessor;
};

class VoidTokens : public ::testing::Test, public fakes::TestAuth {
 protected:
  Made make(const std::string& parent = {}) {
    const NewToken wanted{.terms = {.policies = {"default"}, .ttl = hours(1)}, .parent = parent};
    const auto created = commit([&](auto& tx) { return tokens->create(tx, wanted, now); });
    return {std::string(as_text(created.token.expose(Reveal{"test"}))), created.about.accessor};
  }
  bool works(const Made& made) {
    const bool named = fakes::must(tokens->find_accessor(*begin(), made.accessor, now)).has_value();
    const bool found = fakes::must(tokens->find(*begin(), made.token, now)).has_value();
    EXPECT_EQ(named, found);
    EXPECT_EQ(tokens->identify(*begin(), made.token, now).ok(), found);
    return found;
  }
};

TEST_F(VoidTokens, ThoseFromBeforeAreAndNewOnesAreNot) {
  const Made before = make();
  const Made child = make(before.accessor);
  ASSERT_TRUE(works(before));
  tokens->void_through(store->sequence());
  EXPECT_FALSE(works(before)) << "although the cache knows it";
  EXPECT_FALSE(works(child));
  const Made after = make();
  EXPECT_TRUE(works(after));
  EXPECT_EQ(fakes::must(tokens->accessors(*begin(), now)),
            std::vector<std::string>{after.accessor});
}

TEST_F(VoidTokens, TheirRowsGoWhenTheirTimeIsUp) {
  const Made before = make();
  tokens->void_through(store->sequence());
  const std::size_t rows_before = rows();
  now += hours(2);
  sweep();
  EXPECT_LT(rows(), rows_before);
  EXPECT_FALSE(works(before));
}

/// A parent that lets its children go writes them anew, as orphans: newer than what made them void.
TEST_F(VoidTokens, StayVoidWhenTheirParentLetsThemGo) {
  const Made parent = make();
  const Made child = make(parent.accessor);
  commit([&](auto& tx) -> Result<void> {
    COFFER_TRY(const auto token, tokens->find(tx, parent.token, now));
    return tokens->revoke_orphan(tx, *token, now);
  });
  ASSERT_TRUE(works(child));
  tokens->void_through(store->sequence());
  sweep();
  EXPECT_FALSE(works(child));
}

}  // namespace
}  // namespace coffer::auth
