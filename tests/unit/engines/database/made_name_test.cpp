// Names of users, read back.
#include "src/engines/database/made_name.h"

#include <gtest/gtest.h>

#include <set>

#include "coffer/base/uuid.h"
#include "fakes/test_auth.h"
#include "src/engines/database/username.h"

namespace coffer::engines::database {
namespace {

using fakes::must;

const std::string kLease = "abcdefghijklmnopqrstuvwx";

TEST(MadeName, ReadsWhatTheEngineMakes) {
  const WallTime at{std::chrono::seconds(1700000000)};
  for (const char* display : {"token-Alice", "-", "--e7-", "", "a.b_c", "\xff\xff", "root"}) {
    for (const char* role : {"app", "-", "", "a-e1-b", "1234567890"}) {
      const NameFacts facts{.display_name = display, .role_name = role, .now = at};
      const std::string name = default_username(facts, 42, kLease);
      const auto made = parse_made_name(name);
      ASSERT_TRUE(made.has_value()) << name;
      EXPECT_EQ(made->epoch, 42U) << name;
      EXPECT_EQ(made->lease, kLease) << name;
      EXPECT_EQ(made->created, at) << name;
    }
  }
}

TEST(MadeName, KnowsNoOthers) {
  const std::string good = "v-token-app-e1-" + kLease + "-1700000000";
  ASSERT_TRUE(parse_made_name(good).has_value());
  for (const std::string& name : {
           std::string(),
           std::string("v-"),
           std::string("v-----"),
           std::string("postgres"),
           "V" + good.substr(1),
           "x" + good,
           good + " ",
           good + "-",
           good + "x",
           "v-token-app-e1-" + kLease + "-",
           "v-token-app-e1-" + kLease,
           "v-token-app-e-" + kLease + "-1",
           "v-token-app-1-" + kLease + "-1",
           "v-token-app-e+1-" + kLease + "-1",
           "v-token-app-e1x-" + kLease + "-1",
           "v-token-app-e99999999999999999999-" + kLease + "-1",
           "v-token-app-e1-" + kLease + "-99999999999",
           "v-token-app-e1-" + kLease + "--1",
           "v-token-app-e1-" + kLease + "- 1",
           "v-token-app-e1-" + kLease.substr(1) + "-1",
           "v-token-app-e1-x" + kLease + "-1",
           "v-token-app-e1-" + kLease.substr(1) + "_-1",
           "v-e1-" + kLease + "-1",
           "e1-" + kLease + "-1",
           // As Vault itself makes them.
           std::string("v-token-app-2f6a614c4aa30c7bb2a1-1700000000"),
       }) {
    EXPECT_FALSE(parse_made_name(name).has_value()) << name;
  }
}

/// A byte more, less or another never makes the vault read past what is there.
TEST(MadeName, TakesWhateverItIsGiven) {
  const std::string good = "v-token-app-e1-" + kLease + "-1700000000";
  for (std::size_t at = 0; at < good.size(); ++at) {
    (void)parse_made_name(good.substr(0, at));
    (void)parse_made_name(good.substr(at));
    for (const char c : {'-', 'e', '0', '\0', '\xff'}) {
      std::string other = good;
      other[at] = c;
      const auto made = parse_made_name(other);
      if (made) {
        EXPECT_EQ(made->lease.size(), 24U) << other;
      }
    }
  }
}

/// Computed beside, by Python's hashlib, from docs/formats/database.md.
TEST(MadeName, MarksAsItsFormatSays) {
  const Uuid vault = must(parse_uuid("00112233-4455-6677-8899-aabbccddeeff"));
  EXPECT_TRUE(must(is_name_of(vault, "0123456789ABCDEFGHIJdzYp")));
}

TEST(MadeName, TellsVaultsApart) {
  const Uuid ours{{1}};
  const Uuid others{{2}};
  std::set<std::string> names;
  for (int i = 0; i < 500; ++i) {
    const std::string name = must(new_lease_name(ours));
    EXPECT_EQ(name.size(), 24U);
    EXPECT_TRUE(must(is_name_of(ours, name))) << name;
    EXPECT_FALSE(must(is_name_of(others, name))) << name;
    std::string other = name;
    other[static_cast<std::size_t>(i) % 24] =
        name[static_cast<std::size_t>(i) % 24] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(must(is_name_of(ours, other))) << other;
    names.insert(name.substr(0, 20));
  }
  EXPECT_EQ(names.size(), 500U) << "the rest of it is random";
  for (const std::string& name :
       {std::string(), std::string("x"), kLease + "x", kLease.substr(1)}) {
    EXPECT_FALSE(must(is_name_of(ours, name))) << name;
  }
}

}  // namespace
}  // namespace coffer::engines::database
