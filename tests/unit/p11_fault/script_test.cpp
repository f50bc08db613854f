#include "tests/fault/p11_fault/script.h"

#include <gtest/gtest.h>

namespace coffer::p11_fault {
namespace {

/// The only rule of a script of one line.
Rule rule_of(std::string_view line) {
  Script script = parse_script(line);
  EXPECT_EQ(script.problem, "") << line;
  if (script.rules.size() != 1) ADD_FAILURE() << line << " gave " << script.rules.size();
  return script.rules.empty() ? Rule{} : script.rules.front();
}

TEST(Script, NamesTheModuleAndTheCounts) {
  const Script script = parse_script(" module /usr/lib/x.so\ncounts /tmp/a b \n# nothing\n\n");
  EXPECT_EQ(script.module, "/usr/lib/x.so");
  EXPECT_EQ(script.counts, "/tmp/a b");
  EXPECT_TRUE(script.rules.empty());
  EXPECT_EQ(script.problem, "");
}

TEST(Script, ARuleIsAboutTheFunctionsThatItNames) {
  const Rule rule = rule_of("C_Decrypt,C_Sign: CKR_DEVICE_ERROR # as said");
  EXPECT_TRUE(rule.is_about(Function::C_Decrypt));
  EXPECT_TRUE(rule.is_about(Function::C_Sign));
  EXPECT_FALSE(rule.is_about(Function::C_Encrypt));
  EXPECT_EQ(rule.effect, Effect::fail);
  EXPECT_EQ(rule.number, CK_RV{CKR_DEVICE_ERROR});
  const Rule all = rule_of("*: crash");
  for (std::size_t i = 0; i < kFunctions; ++i) {
    EXPECT_TRUE(all.is_about(static_cast<Function>(i)));
  }
}

TEST(Script, WhenSaysWhichCalls) {
  const auto fitting = [](std::string_view line) {
    std::string out;
    const Rule rule = rule_of(line);
    for (std::uint64_t call = 1; call <= 7; ++call) out += rule.fits(call) ? 'x' : '.';
    return out;
  };
  EXPECT_EQ(fitting("C_Sign: hang"), "xxxxxxx");
  EXPECT_EQ(fitting("C_Sign nth 3: hang"), "..x....");
  EXPECT_EQ(fitting("C_Sign from 3: hang"), "..xxxxx");
  EXPECT_EQ(fitting("C_Sign from 3 to 5: hang"), "..xxx..");
  EXPECT_EQ(fitting("C_Sign every 3: hang"), "..x..x.");
}

TEST(Script, EffectsHaveTheirArguments) {
  EXPECT_EQ(rule_of("C_Sign: 0x80000017").number, CK_RV{0x80000017});
  EXPECT_EQ(rule_of("C_Sign: after CKR_HOST_MEMORY").effect, Effect::fail_after);
  EXPECT_EQ(rule_of("C_Sign: after CKR_HOST_MEMORY").number, CK_RV{CKR_HOST_MEMORY});
  EXPECT_EQ(rule_of("*: delay 2000").number, 2000U);
  EXPECT_EQ(rule_of("C_Decrypt: short 1").effect, Effect::short_output);
  EXPECT_EQ(rule_of("C_GetTokenInfo: serial other one").text, "other one");
  EXPECT_EQ(rule_of("C_Decrypt nth 2: stuck /mnt/a b").text, "/mnt/a b");
  EXPECT_EQ(rule_of("*: flags FINAL_TRY,COUNT_LOW").number,
            CK_FLAGS{CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW});
  const Rule attribute = rule_of("*: attribute 0x162 01");
  EXPECT_EQ(attribute.number, CK_ATTRIBUTE_TYPE{CKA_EXTRACTABLE});
  EXPECT_EQ(attribute.text, std::string("\x01"));
  EXPECT_EQ(rule_of("*: iv-appended").effect, Effect::iv_appended);
  EXPECT_EQ(rule_of("*: labels 7").number, 7U);
}

TEST(Script, WhatIsNotUnderstoodIsSaid) {
  for (const std::string_view line :
       {"C_Nothing: hang", "C_Sign hang", "C_Sign: CKR_NO_SUCH", "C_Sign sometimes 3: hang",
        "C_Sign nth: hang", "C_Sign nth x: hang", "C_Sign every 0: hang", "C_Sign: delay",
        "C_Sign: hang 3", "C_Sign: CKR_DEVICE_ERROR 3", "*: flags NONE", "*: serial",
        "*: attribute 0x162", "*: attribute 0x162 0", "*: attribute 0x162 zz", ": hang",
        "C_Sign from 1 for 2: hang"}) {
    const Script script = parse_script(line);
    EXPECT_EQ(script.problem, line);
    EXPECT_TRUE(script.rules.empty()) << line;
  }
}

TEST(Script, HasNoMoreRulesThanThereAreCounts) {
  std::string text;
  for (std::size_t i = 0; i < kMaxRules + 1; ++i) text += "C_Sign: hang\n";
  const Script script = parse_script(text);
  EXPECT_EQ(script.rules.size(), kMaxRules);
  EXPECT_EQ(script.problem, "C_Sign: hang");
}

}  // namespace
}  // namespace coffer::p11_fault
