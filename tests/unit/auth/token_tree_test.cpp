// Random families of tokens against the plainest model of one: who lives is the same at every
// moment, wherever the sweeper stands.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "coffer/auth/tokens.h"
#include "fakes/test_auth.h"

namespace coffer::auth {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// A token as the rules say, without rows, caches or sweeps.
struct Member {
  std::string token;
  std::string accessor;
  int parent = -1;  ///< -1: an orphan
  WallTime expires;
  bool ended = false;
};

class Family : public fakes::TestAuth {
 public:
  [[nodiscard]] bool lives(int index) const {
    for (int i = index; i >= 0; i = members[static_cast<std::size_t>(i)].parent) {
      const Member& member = members[static_cast<std::size_t>(i)];
      if (member.ended || member.expires <= now) return false;
    }
    return true;
  }
  [[nodiscard]] std::vector<int> living() const {
    std::vector<int> out;
    for (int i = 0; i < static_cast<int>(members.size()); ++i) {
      if (lives(i)) out.push_back(i);
    }
    return out;
  }
  [[nodiscard]] Member& member(int index) { return members[static_cast<std::size_t>(index)]; }
  [[nodiscard]] Token find(int index) {
    return *fakes::must(tokens->find_accessor(*begin(), member(index).accessor, now));
  }

  void bear(int parent, seconds ttl) {
    NewToken wanted;
    wanted.terms = {.policies = {"p"}, .ttl = ttl, .renewable = true};
    if (parent >= 0) wanted.parent = member(parent).accessor;
    const auto made = commit([&](auto& tx) { return tokens->create(tx, wanted, now); });
    members.push_back({std::string(as_text(made.token.expose(Reveal{"test"}))), made.about.accessor,
                       parent, now + ttl});
  }
  void revoke(int index) {
    commit([&](auto& tx) { return tokens->revoke(tx, find(index), now); });
    member(index).ended = true;
  }
  void revoke_orphan(int index) {
    commit([&](auto& tx) { return tokens->revoke_orphan(tx, find(index), now); });
    member(index).ended = true;
    for (Member& other : members) {
      if (other.parent == index) other.parent = -1;
    }
  }
  void renew(int index, seconds increment) {
    commit([&](auto& tx) {
      return tokens->renew(tx, find(index), increment, std::chrono::hours(768), now);
    });
    member(index).expires = now + increment;
  }
  /// Some of what is due, as if the sweeper were slow.
  void sweep_some(std::size_t limit) {
    for (const lifecycle::Due& due : fakes::must(lifecycle::due(*begin(), now, limit)).due) {
      commit([&](auto& tx) { return handlers.run(tx, due, now); });
    }
  }

  std::vector<Member> members;
};

void check(Family& family) {
  std::vector<std::string> accessors;
  for (int i = 0; i < static_cast<int>(family.members.size()); ++i) {
    const bool identified =
        family.tokens->identify(*family.begin(), family.member(i).token, family.now).ok();
    RC_ASSERT(identified == family.lives(i));
    if (identified) accessors.push_back(family.member(i).accessor);
  }
  std::sort(accessors.begin(), accessors.end());
  RC_ASSERT(fakes::must(family.tokens->accessors(*family.begin(), family.now)) == accessors);
}

void step(Family& family) {
  const std::vector<int> living = family.living();
  const int what = *rc::gen::inRange(0, 7);
  if (what <= 1 || living.empty()) {
    const int parent = living.empty() || what == 0 ? -1 : *rc::gen::elementOf(living);
    family.bear(parent, seconds(*rc::gen::inRange(1, 4000)));
    return;
  }
  const int one = *rc::gen::elementOf(living);
  switch (what) {
    case 2: family.revoke(one); break;
    case 3: family.revoke_orphan(one); break;
    case 4: family.renew(one, seconds(*rc::gen::inRange(1, 4000))); break;
    case 5: family.sweep_some(static_cast<std::size_t>(*rc::gen::inRange(1, 4))); break;
    default: family.now += seconds(*rc::gen::inRange(0, 900)); break;
  }
}

TEST(TokenTree, WhoLivesIsWhatTheRulesSayAtEveryMoment) {
  rc::check([] {
    Family family;
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
      step(family);
      check(family);
    }
    family.now += minutes(90);
    family.sweep();
    family.now += minutes(1);
    family.sweep();
    check(family);
  });
}

TEST(TokenTree, NothingIsLeftOfAFamilyThatIsOver) {
  rc::check([] {
    Family family;
    family.bear(-1, std::chrono::hours(700));  // the mark and one token stay
    const std::size_t before = family.rows();
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
      const std::vector<int> living = family.living();
      const int other = *rc::gen::elementOf(living);
      if (other > 0 && *rc::gen::inRange(0, 3) == 0) {
        *rc::gen::arbitrary<bool>() ? family.revoke(other) : family.revoke_orphan(other);
      } else {
        family.bear(other == 0 ? -1 : other, seconds(*rc::gen::inRange(1, 4000)));
      }
    }
    family.now += minutes(90);
    family.sweep();
    family.now += minutes(30);
    family.sweep();
    RC_ASSERT(family.rows() == before);
  });
}

}  // namespace
}  // namespace coffer::auth
