// Section 9.2: what several stanzas and policies give together.
#include "acl_of.h"

namespace coffer::policy {
namespace {

using Words = std::vector<std::string>;

TEST(Merge, CapabilitiesOfOnePathAddUp) {
  const auto acl = acl_of({stanza("a", "read") + stanza("a", "list"), stanza("a", "update")});
  EXPECT_EQ(acl->capabilities("a"), (Words{"list", "read", "update"}));
}

TEST(Merge, ALeadingSlashMakesNoOtherPath) {
  const auto acl = acl_of({stanza("a", "read"), stanza("/a", "deny")});
  EXPECT_EQ(acl->capabilities("a"), Words{"deny"});
}

TEST(Merge, DenyWinsWhereverItStands) {
  const std::string grant = stanza("a/*", "read list");
  const std::string deny = stanza("a/*", "deny");
  for (const auto& texts : std::vector<Words>{
           {grant, deny}, {deny, grant}, {grant + deny}, {deny + grant}, {grant, deny, grant}}) {
    const auto acl = acl_of(texts);
    EXPECT_EQ(acl->capabilities("a/b"), Words{"deny"});
    EXPECT_FALSE(may(*acl, Operation::read, "a/b"));
  }
}

TEST(Merge, ExactPrefixAndPlusStayApart) {
  const auto acl = acl_of({stanza("a", "read"), stanza("a*", "list"), stanza("+", "update")});
  EXPECT_EQ(acl->capabilities("a"), Words{"read"});
  EXPECT_EQ(acl->capabilities("ab"), Words{"list"});
  EXPECT_EQ(acl->capabilities("b"), Words{"update"});
}

TEST(Merge, TheDecisionNamesThePolicyThatGrants) {
  const auto acl = acl_of({stanza("a", "read"), stanza("a", "list read"), stanza("a", "sudo")});
  EXPECT_EQ(ask(*acl, Operation::read, "a").policy, "p0");
  EXPECT_EQ(ask(*acl, Operation::list, "a").policy, "p1");
  const auto denied = acl_of({stanza("a", "read"), stanza("a", "deny"), stanza("a", "deny")});
  EXPECT_EQ(ask(*denied, Operation::read, "a").policy, "p1");
}

TEST(Merge, OfWrappingBoundsTheSmallestCounts) {
  const auto acl = acl_of({stanza("a", "read", "min_wrapping_ttl = 20\nmax_wrapping_ttl = 100"),
                           stanza("a", "read", "min_wrapping_ttl = 10\nmax_wrapping_ttl = 50"),
                           stanza("a", "read")});
  const auto may_wrapped = [&](int seconds) {
    return acl
        ->decide(
            {.operation = Operation::read, .path = "a", .wrap_ttl = std::chrono::seconds(seconds)})
        .allowed;
  };
  EXPECT_FALSE(may(*acl, Operation::read, "a"));
  EXPECT_FALSE(may_wrapped(9));
  EXPECT_TRUE(may_wrapped(10));
  EXPECT_TRUE(may_wrapped(50));
  EXPECT_FALSE(may_wrapped(51));
}

TEST(Merge, BoundsThatCannotBeMetRefuseEverything) {
  const auto acl = acl_of(
      {stanza("a", "read", "min_wrapping_ttl = 60"), stanza("a", "read", "max_wrapping_ttl = 30")});
  for (const int seconds : {1, 30, 45, 60, 90}) {
    EXPECT_FALSE(acl->decide({.operation = Operation::read,
                              .path = "a",
                              .wrap_ttl = std::chrono::seconds(seconds)})
                     .allowed);
  }
}

TEST(Merge, ListsOfValuesAreJoined) {
  const auto acl = acl_of({stanza("a", "update", "allowed_parameters = { k = [\"x\"] }"),
                           stanza("a", "update", "allowed_parameters = { K = [\"y\"] m = [] }")});
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"k":"x"})"));
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"k":"y","m":1})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"k":"z"})"));
}

TEST(Merge, AnEmptyListWinsOverValues) {
  const std::string some = stanza("a", "update", "allowed_parameters = { k = [\"x\"] }");
  const std::string any = stanza("a", "update", "allowed_parameters = { k = [] }");
  for (const Words& texts : {Words{some, any}, Words{any, some}}) {
    EXPECT_TRUE(may_with(*acl_of(texts), Operation::update, "a", R"({"k":"z"})"));
  }
  const std::string deny_some = stanza("a", "update", "denied_parameters = { k = [\"x\"] }");
  const std::string deny_any = stanza("a", "update", "denied_parameters = { k = [] }");
  for (const Words& texts : {Words{deny_some, deny_any}, Words{deny_any, deny_some}}) {
    EXPECT_FALSE(may_with(*acl_of(texts), Operation::update, "a", R"({"k":"z"})"));
  }
}

TEST(Merge, AStanzaWithoutParametersDoesNotLiftThoseOfAnother) {
  const std::string bound = stanza("a", "update", "allowed_parameters = { k = [] }");
  const std::string free = stanza("a", "update");
  for (const Words& texts : {Words{bound, free}, Words{free, bound}}) {
    EXPECT_FALSE(may_with(*acl_of(texts), Operation::update, "a", R"({"other":1})"));
  }
}

TEST(Merge, RequiredParametersAreAllRequired) {
  const auto acl = acl_of({stanza("a", "update", "required_parameters = [\"x\"]"),
                           stanza("a", "update", "required_parameters = [\"y\", \"X\"]")});
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"x":1,"y":1})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"x":1})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"y":1})"));
}

TEST(Merge, DenyClearsParametersAndBounds) {
  const auto acl =
      acl_of({stanza("a", "update", "required_parameters = [\"x\"]"), stanza("a", "deny")});
  EXPECT_EQ(ask(*acl, Operation::update, "a").why, "the rule denies");
}

TEST(Merge, APolicyNamedRootHasNoPowerByItsName) {
  auto root = parse("root", "");
  ASSERT_TRUE(root.ok());
  const PolicyPtr all[] = {*root};
  EXPECT_FALSE(may(*Acl::build(all, kNow), Operation::read, "a"));
}

TEST(Merge, AMissingPolicyIsLeftOut) {
  const PolicyPtr all[] = {nullptr};
  EXPECT_FALSE(may(*Acl::build(all, kNow), Operation::read, "a"));
}

TEST(Expiration, AnExpiredStanzaIsLeftOut) {
  const std::string text = stanza("a", "read", "expiration = \"2027-01-15T08:00:00Z\"");
  EXPECT_TRUE(may(*acl_of({text}, kNow - std::chrono::nanoseconds(1)), Operation::read, "a"));
  EXPECT_FALSE(may(*acl_of({text}, kNow), Operation::read, "a"));
}

TEST(Expiration, AnExpiredDenyNoLongerDenies) {
  const auto acl =
      acl_of({stanza("a", "read"), stanza("a", "deny", "expiration = \"2020-01-01T00:00:00Z\"")});
  EXPECT_TRUE(may(*acl, Operation::read, "a"));
}

TEST(Expiration, TheAclSaysWhenItIsStale) {
  EXPECT_EQ(acl_of({stanza("a", "read")})->stale_at(), std::nullopt);
  const auto acl = acl_of({stanza("a", "read", "expiration = \"2027-01-15T10:00:00+01:00\"") +
                               stanza("b", "read", "expiration = \"2020-01-01T00:00:00Z\""),
                           stanza("c", "deny", "expiration = \"2027-01-15T08:30:00.5Z\"")});
  EXPECT_EQ(acl->stale_at(), kNow + std::chrono::milliseconds(1'800'500));
}

TEST(Expiration, AnEmptyOneIsNone) {
  EXPECT_TRUE(may(*acl_of({stanza("a", "read", "expiration = \"\"")}), Operation::read, "a"));
}

TEST(Expiration, MustBeATimeThatExists) {
  for (const char* time :
       {"2027-02-29T00:00:00Z", "2027-01-15", "2027-01-15 08:00:00Z", "2027-01-15T08:00:00",
        "2027-13-01T00:00:00Z", "2027-01-15T24:00:00Z", "2027-01-15T08:60:00Z",
        "2027-01-15T08:00:60Z", "2027-01-15T08:00:00+25:00", "2027-01-15T08:00:00.Z",
        "2027-01-15T08:00:00+0100", "2027-01-15t08:00:00z", "3000-01-01T00:00:00Z", "tomorrow",
        "1800000000"}) {
    EXPECT_NE(error_of(stanza("a", "read", std::string("expiration = \"") + time + "\""))
                  .find("\"expiration\""),
              std::string::npos)
        << time;
  }
}

}  // namespace
}  // namespace coffer::policy
