// Whatever fails, and whenever the daemon dies: readers get a value that works, and nobody is
// locked out.
#include <rapidcheck.h>

#include "rotation_kit.h"

namespace coffer::engines::kv {
namespace {

class Life final : public RotationKit {
 public:
  void TestBody() override {}
  explicit Life(bool two) { server.two = two; }

  void start() { first(); }
  void run(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      if (*rc::gen::inRange(0, 4) == 0) RC_ASSERT(rotate_now().ok());
      const auto says = static_cast<StepEnd>(*rc::gen::inRange(0, 3));
      // What is refused had no effect: that is what the word means.
      const bool happens =
          says == StepEnd::done || (says == StepEnd::unknown && *rc::gen::arbitrary<bool>());
      server.faults = {{.says = says, .happens = happens}};
      if (*rc::gen::inRange(0, 5) == 0) {
        die_after_the_effect();
      } else {
        vault.sweep(1);
      }
      check();
      if (*rc::gen::inRange(0, 3) == 0) later(std::chrono::minutes(20));
    }
  }
  void end_well() {
    server.faults.clear();
    RC_ASSERT(rotate_now().ok());
    for (int i = 0; i < 4; ++i) {
      vault.sweep();
      later(std::chrono::minutes(20));
    }
    RC_ASSERT(server.takes == std::set<std::string>{current()});
  }

 private:
  void check() {
    const std::string now = current();
    if (server.two) {
      RC_ASSERT(server.takes.contains(now));
    } else {
      RC_ASSERT(server.takes.contains(now) ||
                server.takes.contains(value_of(read_stage("pending"))));
    }
  }
  void die_after_the_effect() {
    const WallTime now = system_clock().wall() + vault.ahead;
    for (const auto& due : TestVault::must(lifecycle::due(*vault.begin(), now, 1)).due) {
      const auto tx = vault.begin();
      TestVault::must(vault.open().due_handlers.run(*tx, due, now));
    }
    reopen();
  }
};

TEST(RotationModel, WithTwoUsersInTurnReadersAlwaysHaveAValueThatWorks) {
  EXPECT_TRUE(rc::check([] {
    Life life(true);
    life.start();
    life.run(*rc::gen::inRange(1, 14));
    life.end_well();
  }));
}

TEST(RotationModel, WithOneUserNobodyIsEverLockedOut) {
  EXPECT_TRUE(rc::check([] {
    Life life(false);
    life.start();
    life.run(*rc::gen::inRange(1, 14));
    life.end_well();
  }));
}

}  // namespace
}  // namespace coffer::engines::kv
