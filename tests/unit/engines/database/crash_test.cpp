// A plug pulled at every step, one after another: whatever happens, the vault can still log in, the
// told password is the one in force, and every user has its lease.
#include "world.h"

namespace coffer::engines::database {
namespace {

constexpr Plug kPlugs[] = {Plug::die_before, Plug::die_after, Plug::fail_before, Plug::fail_after,
                           Plug::refuse};

/// Calls `test` with the plug at step 1, 2, … until a run takes fewer steps.
void at_every_step(Plug plug, const std::function<void(World&)>& prepare,
                   const std::function<void(World&)>& act,
                   const std::function<void(World&)>& check) {
  for (int at = 1;; ++at) {
    SCOPED_TRACE("step " + std::to_string(at) + ", plug " + std::to_string(static_cast<int>(plug)));
    World world;
    prepare(world);
    world.database.steps = {.count = 0, .at = at, .plug = plug};
    try {
      act(world);
    } catch (const Died&) {
      world.database.steps.at = 0;
      world.restart();
    }
    const bool reached = world.database.steps.count >= at;
    world.database.steps.at = 0;
    check(world);
    if (!reached) {
      EXPECT_GT(at, 2) << "hardly a step was taken";
      return;
    }
  }
}

class EveryPlug : public testing::TestWithParam<Plug> {};

TEST_P(EveryPlug, NeverLocksTheVaultOut) {
  at_every_step(
      GetParam(), [](World&) {},
      [](World& world) { (void)world.try_call(Operation::update, "rotate-root/pg"); },
      [](World& world) {
        EXPECT_TRUE(world.gives_creds());
        EXPECT_TRUE(world.try_call(Operation::update, "rotate-root/pg").ok());
        EXPECT_TRUE(world.gives_creds());
        EXPECT_NE(world.database.users[kAdmin], "first");
        world.restart();
        EXPECT_TRUE(world.gives_creds());
      });
}

TEST_P(EveryPlug, TakesTheConfigurationWhileAPasswordIsInDoubt) {
  for (const char* written : {R"({"allowed_roles":"*"})", R"({"connection_url":"elsewhere"})"}) {
    at_every_step(
        GetParam(), [](World&) {},
        [](World& world) { (void)world.try_call(Operation::update, "rotate-root/pg"); },
        [&](World& world) {
          world.call(Operation::update, "config/pg", written);
          EXPECT_TRUE(world.gives_creds());
          EXPECT_TRUE(world.try_call(Operation::update, "rotate-root/pg").ok());
          world.restart();
          EXPECT_TRUE(world.gives_creds());
        });
  }
}

TEST_P(EveryPlug, TellsTheStaticPasswordThatIsInForceInTheEnd) {
  at_every_step(
      GetParam(),
      [](World& world) {
        world.call(Operation::update, "static-roles/own",
                   R"({"db_name":"pg","username":"owner","rotation_period":3600})");
      },
      [](World& world) { (void)world.try_call(Operation::update, "rotate-role/own"); },
      [](World& world) {
        EXPECT_TRUE(world.try_call(Operation::update, "rotate-role/own").ok());
        EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
      });
}

TEST_P(EveryPlug, TakesAUserOverWhollyOrIsStillAtIt) {
  at_every_step(
      GetParam(), [](World&) {},
      [](World& world) {
        (void)world.try_call(Operation::update, "static-roles/own",
                             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
      },
      [](World& world) {
        const bool there = world.try_call(Operation::read, "static-roles/own").ok();
        if (!there) {
          EXPECT_EQ(world.database.users["owner"], "of old") << "nobody knows this password";
          return;
        }
        (void)world.try_call(Operation::update, "rotate-role/own");
        EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
      });
}

TEST_P(EveryPlug, LeavesNoUserWithoutALease) {
  at_every_step(
      GetParam(), [](World&) {},
      [](World& world) { (void)world.try_call(Operation::read, "creds/app"); },
      [](World& world) {
        // Whether it was granted or not: a user that is there has a lease that is there.
        world.run_ends();
        const auto granted =
            must(world.leases->list(*world.begin(), "database/creds/app/", world.now));
        EXPECT_EQ(world.leased_users(), granted.size());
      });
}

TEST_P(EveryPlug, LeavesNothingOfATrial) {
  at_every_step(
      GetParam(), [](World&) {},
      [](World& world) {
        (void)world.try_call(Operation::update, "roles/two",
                             R"({"db_name":"pg","creation_statements":"C"})");
      },
      [](World& world) {
        world.run_ends();
        EXPECT_EQ(world.leased_users(), 0U);
      });
}

INSTANTIATE_TEST_SUITE_P(All, EveryPlug, testing::ValuesIn(kPlugs));

}  // namespace
}  // namespace coffer::engines::database
