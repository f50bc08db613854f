// Tokens: what identifies, what ends them, and what their tree does.
#include "src/auth/token_cache.h"
#include "src/auth/token_row.h"
#include "tokens_kit.h"

namespace coffer::auth {
namespace {

using std::chrono::nanoseconds;

TEST_F(TokensTest, ANewTokenIsRoot) {
  const std::string token = create_root();
  EXPECT_TRUE(token.starts_with("hvs."));
  EXPECT_EQ(token.size(), 4U + 43U);
  const auto identity = identify(token);
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->caller->policies, std::vector<std::string>{"root"});
  EXPECT_EQ(identity->caller->token_type, "service");
  EXPECT_EQ(identity->caller->accessor.size(), 24U);
  EXPECT_FALSE(identity->counted);
}

TEST_F(TokensTest, TokensDiffer) { EXPECT_NE(create_root(), create_root()); }

TEST_F(TokensTest, AnythingElseIsRefusedAlike) {
  const std::string token = create_root();
  std::string changed = token;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  for (const std::string& bearer : {std::string(), changed, token + "x", token.substr(1),
                                    std::string(600, 'x'), std::string("\0", 1)}) {
    const auto identity = identify(bearer);
    ASSERT_FALSE(identity.ok());
    EXPECT_EQ(identity.error().code, ErrorCode::permission_denied);
    EXPECT_EQ(identity.error().text, "permission denied");
  }
}

TEST_F(TokensTest, AnAccessorIsNoToken) {
  const Made made = make(hours(1));
  EXPECT_FALSE(identify(made.accessor).ok());
  EXPECT_FALSE(fakes::must(tokens->find(*begin(), made.accessor, now)).has_value());
  EXPECT_FALSE(fakes::must(tokens->find_accessor(*begin(), made.token, now)).has_value());
}

TEST_F(TokensTest, TheStoreHoldsNoTokenAndNoName) {
  const std::string token = create_root();
  auto snapshot = store->snapshot();
  ASSERT_TRUE((*snapshot)
                  ->scan("",
                         [&](const store::Key& key, const store::Row& row) {
                           EXPECT_EQ((key + row.value).find(token.substr(4)), std::string::npos);
                           EXPECT_EQ(row.value.find("root"), std::string::npos);
                           return true;
                         })
                  .ok());
}

TEST_F(TokensTest, ARowWithAnotherHashUnderTheSameNameIsNoToken) {
  const Made made = make(hours(1));
  Token token = find(made);
  for (std::size_t i = 18; i < token.hash.size(); ++i) {
    Token changed = token;
    changed.hash[i] = static_cast<std::uint8_t>(changed.hash[i] ^ 1U);
    auto tx = begin();
    fakes::must(write_token(*tx, changed));
    EXPECT_FALSE(tokens->find(*tx, made.token, now)->has_value());
  }
}

TEST_F(TokensTest, ExpiryCountsAtTheNanosecondSweptOrNot) {
  const Made made = make(hours(1));
  EXPECT_TRUE(works(made));  // and now it is cached
  now += hours(1) - nanoseconds(1);
  EXPECT_TRUE(works(made));
  now += nanoseconds(1);
  EXPECT_FALSE(works(made));
  now -= nanoseconds(1);
  EXPECT_TRUE(works(made));
}

TEST_F(TokensTest, AnExpiredTokensRowsGoAtTheSweep) {
  create_root();
  const Made first = make(hours(900));
  const std::size_t before = rows();
  const Made made = make(seconds(30), first.accessor);
  EXPECT_GT(rows(), before);
  sweep();
  EXPECT_TRUE(works(made));
  now += hours(2);
  EXPECT_EQ(sweep(), 1);
  EXPECT_EQ(rows(), before);
}

TEST_F(TokensTest, RevocationIsSeenByTheNextSnapshotThoughCached) {
  const Made made = make(hours(1));
  ASSERT_TRUE(works(made));
  auto before = begin();
  ASSERT_TRUE(tokens->identify(*before, made.token, now).ok());
  revoke(made);
  EXPECT_FALSE(works(made));
  sweep();
  EXPECT_FALSE(works(made));
}

TEST_F(TokensTest, RevokingATokenEndsTheWholeTreeBelowAtOnce) {
  const Made top = make(hours(5));
  const Made child = make(hours(5), top.accessor);
  const Made grandchild = make(hours(5), child.accessor);
  const Made other = make(hours(5));
  for (const Made& made : {top, child, grandchild, other}) ASSERT_TRUE(works(made));
  revoke(child);
  EXPECT_TRUE(works(top));
  EXPECT_FALSE(works(child));
  EXPECT_FALSE(works(grandchild));
  EXPECT_TRUE(works(other));
  EXPECT_EQ(fakes::must(tokens->accessors(*begin(), now)).size(), 2U);
  while (sweep() > 0) {
    EXPECT_FALSE(works(grandchild));
    EXPECT_TRUE(works(top));
  }
}

TEST_F(TokensTest, AChildDiesWithAParentThatExpiresThoughItsOwnTimeIsLonger) {
  const Made top = make(hours(1));
  const Made child = make(hours(100), top.accessor);
  ASSERT_TRUE(works(child));
  now += hours(1);
  EXPECT_FALSE(works(child));
  sweep();
  EXPECT_FALSE(works(child));
}

TEST_F(TokensTest, RevokeOrphanLetsTheChildrenLive) {
  const Made top = make(hours(5));
  std::vector<Made> children;
  children.reserve(600);
  for (int i = 0; i < 600; ++i) children.push_back(make(hours(5), top.accessor));
  const Made grandchild = make(hours(5), children.front().accessor);
  commit([&](auto& tx) { return tokens->revoke_orphan(tx, find(top), now); });
  EXPECT_FALSE(works(top));
  const auto all_work = [&] {
    for (const Made& child : children) EXPECT_TRUE(works(child));
    EXPECT_TRUE(works(grandchild));
  };
  all_work();
  EXPECT_GE(sweep(1), 3) << "256 children a step";
  all_work();
  EXPECT_TRUE(find(children.back()).parent.empty());
  EXPECT_EQ(find(grandchild).parent, children.front().accessor);
}

TEST_F(TokensTest, AWideAndDeepTreeIsSweptInBoundedStepsAndLeavesNothing) {
  const std::string root = create_root();
  make(hours(900));
  const std::size_t before = rows();
  const Made top = make(hours(5));
  for (int i = 0; i < 200; ++i) {
    const Made child = make(hours(5), top.accessor);
    if (i % 50 == 0) make(hours(5), child.accessor);
  }
  revoke(top);
  sweep();
  now += hours(6);
  sweep();
  EXPECT_EQ(rows(), before);
  EXPECT_TRUE(identify(root).ok());
}

TEST_F(TokensTest, NoChildIsBornUnderAParentThatIsBeingRevoked) {
  const Made top = make(hours(5));
  auto birth = begin();
  ASSERT_TRUE(
      tokens->create(*birth, {.terms = {.ttl = hours(1)}, .parent = top.accessor}, now).ok());
  revoke(top);
  EXPECT_FALSE(TestAuth::commit(*birth));
  const auto late =
      tokens->create(*begin(), {.terms = {.ttl = hours(1)}, .parent = top.accessor}, now);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::precondition);
}

TEST_F(TokensTest, TheDepthOfATreeIsBounded) {
  Made made = make(hours(5));
  for (std::size_t depth = 0; depth < kMaxTokenDepth; ++depth) made = make(hours(5), made.accessor);
  EXPECT_TRUE(works(made));
  const auto more =
      tokens->create(*begin(), {.terms = {.ttl = hours(1)}, .parent = made.accessor}, now);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, ErrorCode::precondition);
}

TEST_F(TokensTest, UsesRunOutAndTakeTheChildrenAlong) {
  const Made made = make(TokenTerms{.ttl = hours(1), .num_uses = 3});
  for (int left = 3; left > 0; --left) {
    const auto identity = identify(made.token);
    ASSERT_TRUE(identity.ok()) << left;
    EXPECT_TRUE(identity->counted);
    EXPECT_EQ(find(made).terms.num_uses, left);
    commit([&](auto& tx) { return tokens->spend(tx, *identity->caller, now); });
  }
  EXPECT_FALSE(works(made));
}

TEST_F(TokensTest, OfTwoWhoSpendTheLastUseOneLoses) {
  const Made made = make(TokenTerms{.ttl = hours(1), .num_uses = 1});
  auto one = begin();
  auto other = begin();
  const auto first = tokens->identify(*one, made.token, now);
  const auto second = tokens->identify(*other, made.token, now);
  ASSERT_TRUE(first.ok() && second.ok());
  fakes::must(tokens->spend(*one, *first->caller, now));
  fakes::must(tokens->spend(*other, *second->caller, now));
  EXPECT_TRUE(TestAuth::commit(*one));
  EXPECT_FALSE(TestAuth::commit(*other));
  EXPECT_FALSE(works(made));
}

// What hangs on a token would end before anyone could use it.
TEST_F(TokensTest, ALastUseHoldsNothing) {
  const Made made = make(TokenTerms{.ttl = hours(1), .num_uses = 2});
  auto tx = begin();
  const auto identity = fakes::must(tokens->identify(*tx, made.token, now));
  fakes::must(tokens->hold(*begin(), identity.caller->accessor, now));
  commit([&](auto& own) { return tokens->spend(own, *identity.caller, now); });
  const auto last = tokens->hold(*begin(), identity.caller->accessor, now);
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(last.error().text.find("one use left"), std::string::npos);
}

TEST_F(TokensTest, SpendingFollowsWhatTheHandlerDidToTheSameRow) {
  const Made made = make(TokenTerms{.ttl = hours(1), .num_uses = 5, .renewable = true});
  const auto caller = identify(made.token)->caller;
  auto tx = begin();
  const Token token = *fakes::must(tokens->find(*tx, made.token, now));
  fakes::must(tokens->renew(*tx, token, hours(3), hours(768), now));
  fakes::must(tokens->spend(*tx, *caller, now));
  ASSERT_TRUE(TestAuth::commit(*tx));
  EXPECT_EQ(find(made).terms.num_uses, 4);
  EXPECT_EQ(find(made).expires, now + hours(3));

  auto last = begin();
  fakes::must(tokens->revoke(*last, find(made), now));
  fakes::must(tokens->spend(*last, *caller, now));
  ASSERT_TRUE(TestAuth::commit(*last));
  EXPECT_FALSE(works(made));
}

TEST_F(TokensTest, RenewalReachesTheExplicitMaximumAndNeverBeyond) {
  const Made made =
      make(TokenTerms{.ttl = seconds(60), .explicit_max_ttl = seconds(100), .renewable = true});
  const WallTime end = now + seconds(100);
  now += seconds(50);
  EXPECT_EQ(renew(made, hours(5))->expires, end);
  now = end - seconds(1);
  const auto last = renew(made, seconds(60));
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->expires, end);
  EXPECT_EQ(last->remaining(now), seconds(1));
  // CVE-2021-32923: within the last second of its life a renewal made it live for ever.
  now = end - nanoseconds(1);
  const auto close = renew(made, seconds(60));
  ASSERT_TRUE(close.ok());
  EXPECT_EQ(close->expires, end);
  EXPECT_EQ(close->remaining(now), seconds(1));
  EXPECT_FALSE(close->never_expires());
  for (const auto after : {seconds(0), seconds(1)}) {
    now = end + after;
    EXPECT_FALSE(works(made));
  }
}

TEST_F(TokensTest, TheMountsLimitCountsFromTheTokensBirth) {
  const Made made = make(seconds(60));
  now += seconds(30);
  EXPECT_EQ(renew(made, hours(5), seconds(70))->expires, now + seconds(40));
  now += seconds(39);
  const auto past = renew(made, hours(5), seconds(60));
  ASSERT_FALSE(past.ok());
  EXPECT_EQ(past.error().code, ErrorCode::invalid_argument);
}

TEST_F(TokensTest, APeriodRenewsToThePeriodForEver) {
  const Made made = make(TokenTerms{.ttl = hours(1), .period = hours(1), .renewable = true});
  for (int i = 0; i < 2000; ++i) {
    now += hours(1) - seconds(1);
    const auto renewed = renew(made, hours(700));
    ASSERT_TRUE(renewed.ok());
    ASSERT_EQ(renewed->expires, now + hours(1));
  }
  now += hours(1);
  EXPECT_FALSE(works(made));
}

TEST_F(TokensTest, ARenewalWithoutAnIncrementLastsAsLongAsAtFirst) {
  const Made made = make(seconds(600));
  now += seconds(500);
  EXPECT_EQ(renew(made, seconds(0))->expires, now + seconds(600));
}

TEST_F(TokensTest, WhatIsNotRenewableIsNotRenewed) {
  const Made made = make(TokenTerms{.ttl = hours(1)});
  EXPECT_FALSE(renew(made, hours(1)).ok());
  const Made endless = make(TokenTerms{.policies = {"root"}, .renewable = true});
  EXPECT_FALSE(renew(endless, hours(1)).ok());
}

TEST_F(TokensTest, ARenewedTokenOutlivesItsFirstDueRowAndGoesAtItsLast) {
  make(hours(900));
  const std::size_t before = rows();
  const Made made = make(hours(1));
  now += seconds(3000);
  ASSERT_TRUE(renew(made, hours(2)).ok());
  now += hours(1);
  sweep();
  EXPECT_TRUE(works(made));
  now += hours(1);
  sweep();
  EXPECT_FALSE(works(made));
  now += hours(1);
  sweep();
  EXPECT_EQ(rows(), before);
}

TEST_F(TokensTest, AShortenedLifeIsSweptAtItsNewEnd) {
  const Made made = make(hours(100));
  ASSERT_TRUE(renew(made, seconds(60)).ok());
  now += seconds(60);
  EXPECT_FALSE(works(made));
  sweep();
  EXPECT_FALSE(fakes::must(read_token(*begin(), *keyring, made.accessor)).has_value());
}

TEST_F(TokensTest, RenewalOfAParentKeepsCachedChildrenGoing) {
  const Made top = make(hours(1));
  const Made child = make(hours(3), top.accessor);
  ASSERT_TRUE(works(child));
  ASSERT_TRUE(renew(top, hours(2)).ok());
  now += hours(1);
  EXPECT_TRUE(works(child));
  now += hours(1);
  EXPECT_FALSE(works(child));
}

TEST_F(TokensTest, TheAuditHashIsMadeOnceForACaller) {
  int hashed = 0;
  const Tokens hashing(*keyring, [&](std::string& out, std::string_view token) {
    ++hashed;
    out += "hash-of-" + std::to_string(token.size());
  });
  const std::string root = create_root();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(hashing.identify(*begin(), root, now)->caller->token_hash, "hash-of-47");
  }
  EXPECT_EQ(hashed, 1);
}

TEST_F(TokensTest, ACachedCallerIsTheSameObject) {
  const std::string root = create_root();
  EXPECT_EQ(identify(root)->caller, identify(root)->caller);
}

TEST_F(TokensTest, EveryTruncationOfARowIsCorrupt) {
  const Made made = make(TokenTerms{.policies = {"a", "b"}, .meta = {{"k", "v"}}, .ttl = hours(1)});
  const std::string whole = encode_token(find(made));
  ASSERT_TRUE(decode_token(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto decoded = decode_token(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(decoded.ok()) << size;
    EXPECT_EQ(decoded.error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_token(whole + "x").ok());
}

/// The worked example of docs/formats/auth.md.
TEST_F(TokensTest, ARowHasTheBytesThatItsFormatSays) {
  Token token;
  token.terms = {.policies = {"a", "default"},
                 .meta = {{"k", "v"}},
                 .display_name = "token",
                 .path = "auth/token/create",
                 .ttl = seconds(3600),
                 .explicit_max_ttl = seconds(7200),
                 .num_uses = 5,
                 .renewable = true};
  for (std::size_t i = 0; i < token.hash.size(); ++i) {
    token.hash[i] = static_cast<std::uint8_t>(i);
  }
  token.parent = "P";
  token.identity = "I";
  token.depth = 1;
  token.created = WallTime(nanoseconds(1));
  token.issued = WallTime(nanoseconds(2));
  token.expires = token.created + seconds(3600);
  EXPECT_EQ(to_hex(as_bytes(encode_token(token))),
            "0301000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f000000015000"
            "01000000000000000100000000000000020000034630b8a0010000000000000e100000000000001c"
            "20000000000000000000000000000000050100000005746f6b656e00000011617574682f746f6b65"
            "6e2f637265617465000000000000000200000001610000000764656661756c740000000100000001"
            "6b00000001760000000149");
}

TEST_F(TokensTest, ARowComesBackAsItWasWritten) {
  const TokenTerms terms{.policies = {"a", "default"},
                         .meta = {{"k", "v"}, {"n", ""}},
                         .display_name = "token-x",
                         .path = "auth/token/create/r",
                         .role = "r",
                         .ttl = seconds(61),
                         .explicit_max_ttl = seconds(62),
                         .period = seconds(63),
                         .num_uses = 7,
                         .renewable = true};
  const Made made = make(terms);
  const Token back = find(made);
  EXPECT_EQ(encode_token(back), encode_token(*decode_token(encode_token(back))));
  EXPECT_EQ(back.terms.policies, terms.policies);
  EXPECT_EQ(back.terms.meta, terms.meta);
  EXPECT_EQ(back.terms.role, "r");
  EXPECT_EQ(back.terms.period, seconds(63));
  EXPECT_EQ(back.terms.num_uses, 7);
  EXPECT_TRUE(back.terms.renewable);
  EXPECT_EQ(back.created, now);
}

TEST(TokenCache, StaysBoundedAndKeepsWhatIsUsed) {
  TokenCache cache;
  const auto hash = [](std::uint32_t n) {
    crypto::Sha256 out{};
    std::memcpy(out.data(), &n, sizeof n);
    return out;
  };
  const auto caller = std::make_shared<const CachedCaller>();
  cache.put(hash(0), caller);
  for (std::uint32_t n = 1; n < 5 * TokenCache::kGeneration; ++n) {
    cache.put(hash(n), caller);
    if (n % 100 == 0) {
      ASSERT_NE(cache.find(hash(0)), nullptr) << n;
    }
  }
  EXPECT_LE(cache.size(), 2 * TokenCache::kGeneration);
  EXPECT_EQ(cache.find(hash(1)), nullptr);
  cache.forget(hash(0));
  EXPECT_EQ(cache.find(hash(0)), nullptr);
}

}  // namespace
}  // namespace coffer::auth
