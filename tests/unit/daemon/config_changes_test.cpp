#include "src/daemon/config_changes.h"

#include <gtest/gtest.h>

namespace coffer::daemon {
namespace {

Config start() {
  Config config;
  config.listeners = {{.path = "/a"}, {.path = "/b"}};
  return config;
}

TEST(ConfigChanges, TwoTimesTheSameIsNoChange) {
  EXPECT_EQ(describe(compare_configs(start(), start(), start())), "no change");
}

TEST(ConfigChanges, TellsNumbersOfLimitsFromAndTo) {
  Config next = start();
  next.limits.connections.max_connections = 4096;
  next.vault.cache_age = std::chrono::seconds(0);
  next.log_level = log::Level::warn;
  EXPECT_EQ(describe(compare_configs(start(), start(), next)),
            "changed: vault.cache_age_seconds 60 to 0, limits.max_connections 1024 to 4096, "
            "log.level info to warn");
}

TEST(ConfigChanges, NamesSocketsThatComeGoAndChange) {
  Config next = start();
  next.listeners = {{.path = "/b", .mode = 0660, .group = "web"}, {.path = "/c"}};
  EXPECT_EQ(describe(compare_configs(start(), start(), next)),
            "changed: listener /a removed, listener /b mode 0600 to 0660, listener /b group, "
            "listener /c added");
}

TEST(ConfigChanges, NamesWhatWaitsForARestartWithoutItsText) {
  Config next = start();
  next.token.uri = "pkcs11:token=31415926";
  next.limits.workers = 4;
  const std::string text = describe(compare_configs(start(), start(), next));
  EXPECT_EQ(text, "no change; after a restart: token.uri, limits.workers");
}

TEST(ConfigChanges, WhatWaitsForARestartIsNamedUntilItIsTakenBack) {
  Config second = start();
  second.limits.workers = 4;
  Config third = second;
  third.limits.connections.deadlines.idle = std::chrono::seconds(5);
  EXPECT_EQ(describe(compare_configs(start(), second, third)),
            "changed: limits.idle_seconds 60 to 5; after a restart: limits.workers");
  EXPECT_EQ(describe(compare_configs(start(), third, start())),
            "changed: limits.idle_seconds 5 to 60");
}

}  // namespace
}  // namespace coffer::daemon
