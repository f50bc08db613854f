#include "src/engines/database/username.h"

#include <gtest/gtest.h>

namespace coffer::engines::database {
namespace {

const NameFacts kFacts{.display_name = "token-Alice",
                       .role_name = "app.read",
                       .now = WallTime(std::chrono::milliseconds(1700000000123))};

std::string made(std::string_view text) {
  const auto parsed = NameTemplate::parse(text);
  if (!parsed.ok()) return "refused: " + parsed.error().text;
  const auto name = parsed->render(kFacts);
  return name.ok() ? *name : "refused: " + name.error().text;
}

bool refused(std::string_view text) { return made(text).starts_with("refused: "); }

TEST(Username, FillsFields) {
  EXPECT_EQ(made("v-{{.DisplayName}}-{{ .RoleName }}-{{unix_time}}-{{unix_time_millis}}"),
            "v-token-Alice-app.read-1700000000-1700000000123");
}

TEST(Username, RunsFunctionsAndPipes) {
  EXPECT_EQ(made("{{.DisplayName | truncate 7 | uppercase}}"), "TOKEN-A");
  EXPECT_EQ(made("{{truncate 3 .RoleName}}"), "app");
  EXPECT_EQ(made("{{lowercase .DisplayName | replace \"-\" \"_\"}}"), "token_alice");
  EXPECT_EQ(made("{{(.RoleName | truncate 3) | uppercase}}"), "APP");
  // FIPS 180-2's "abc".
  EXPECT_EQ(made("{{\"abc\" | sha256 | truncate 8}}"), "ba7816bf");
}

TEST(Username, TakesVaultsOwnDefault) {
  const std::string name = made(
      "{{ printf \"v-%s-%s-%s-%s\" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random "
      "20) "
      "(unix_time) | truncate 63 }}");
  EXPECT_TRUE(name.starts_with("v-token-Al-app.read-")) << name;
  EXPECT_TRUE(name.ends_with("-1700000000")) << name;
  EXPECT_EQ(name.size(), 2 + 8 + 1 + 8 + 1 + 20 + 1 + 10U);
}

TEST(Username, IsRandomEachTime) {
  EXPECT_NE(made("{{random 20}}"), made("{{random 20}}"));
  EXPECT_EQ(made("{{random 20}}").size(), 20U);
  EXPECT_EQ(made("{{uuid}}").size(), 36U);
  EXPECT_EQ(made("{{random 0}}"), "");
}

TEST(Username, CutsWholeCharacters) {
  EXPECT_EQ(made("{{\"\xd0\x9c\xd0\xb8\xd1\x80\" | truncate 3}}"), "\xd0\x9c");
}

TEST(Username, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"{{.Password}}",
                           "{{env \"HOME\"}}",
                           "{{",
                           "{{}}",
                           "{{random}}",
                           "{{random \"x\"}}",
                           "{{random 5000}}",
                           "{{.RoleName | .DisplayName}}",
                           "{{(.RoleName}}",
                           "{{.RoleName)}}",
                           "{{\"a}}",
                           "{{\"\\n\"}}",
                           "{{printf \"%d\" 5}}",
                           "{{printf \"%s\"}}",
                           "{{printf \"x\" .RoleName}}",
                           "{{truncate .RoleName 3}}",
                           "{{.RoleName .DisplayName}}",
                           "{{uppercase random}}",
                           "{{((((((((((((((((((.RoleName))))))))))))))))))}}",
                           "{{99999999999999999999}}",
                           "{{|}}"}) {
    EXPECT_TRUE(refused(text)) << text << " gives " << made(text);
  }
  EXPECT_TRUE(refused(std::string(5000, 'x')));
}

bool unique(std::string_view text) {
  const auto parsed = NameTemplate::parse(text);
  return parsed.ok() && parsed->render_unique(kFacts).ok();
}

TEST(Username, CountsWhatIsLeftOfChance) {
  for (const char* text :
       {"{{random 8}}", "{{random 4}}-{{random 4}}", "{{uuid}}", "{{uuid | truncate 12}}",
        "x{{random 20 | lowercase | truncate 8}}", "{{random 8 | sha256 | truncate 10}}",
        "{{printf \"%s-%s\" .RoleName (random 8) | uppercase}}",
        // Vault's own for MySQL.
        "{{ printf \"v-%s-%s-%s-%s\" (.DisplayName | truncate 10) (.RoleName | truncate 10) "
        "(random "
        "20) (unix_time) | truncate 32 }}"}) {
    EXPECT_TRUE(unique(text)) << text;
  }
  for (const char* text :
       {"", "app", "{{.RoleName}}", "{{unix_time_millis}}", "{{.DisplayName | sha256}}",
        "{{random 7}}", "{{uuid | truncate 10}}", "{{random 20 | truncate 7}}",
        "{{random 4 | sha256}}", "{{random 8 | sha256 | truncate 9}}",
        "{{printf \"%s\" .RoleName | truncate 40}}", "{{replace (random 20) \"x\" .RoleName}}",
        "{{printf \"a-name-that-is-long-%s\" (random 20) | truncate 24}}"}) {
    EXPECT_FALSE(unique(text)) << text;
  }
}

TEST(Username, BoundsWhatItMakes) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "{{random 99}}";
  EXPECT_TRUE(refused(text));
}

TEST(Username, HasAnEpochAndTheLeaseInItsDefault) {
  const std::string lease = "abcdefghijklmnopqrstuvwx";
  EXPECT_EQ(default_username(kFacts, 3, lease),
            "v-token-Al-app.read-e3-abcdefghijklmnopqrstuvwx-1700000000");
  const NameFacts odd{.display_name = "a'\"\n\xff;x", .role_name = "", .now = {}};
  EXPECT_EQ(default_username(odd, 1, lease), "v-a-----x--e1-abcdefghijklmnopqrstuvwx-0");
  // PostgreSQL takes 63 bytes, and a timestamp of today has ten digits.
  EXPECT_LE(default_username(kFacts, 99999, lease).size(), 63U);
}

}  // namespace
}  // namespace coffer::engines::database
