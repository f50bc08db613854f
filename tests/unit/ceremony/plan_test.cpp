// Plans: what is taken, and that each thing that is wrong is named.
#include <gtest/gtest.h>

#include "plans.h"
#include "src/ceremony/known_hashes.h"
#include "src/ceremony/steps.h"

namespace coffer::ceremony::test {
namespace {

std::string refusal(const std::string& text) {
  const auto plan = parse_plan(text);
  if (plan.ok()) return "it was taken";
  EXPECT_EQ(plan.error().code, ErrorCode::invalid_argument);
  return plan.error().text;
}

std::string refusal(std::string_view from, std::string_view to) {
  const std::string changed = replaced(plan_json(), from, to);
  EXPECT_FALSE(changed.empty()) << from;
  return refusal(changed);
}

TEST(Plan, IsKnownByTheHashOfItsBytes) {
  const auto plan = parse_plan(plan_json());
  ASSERT_TRUE(plan.ok()) << describe(plan.error());
  EXPECT_EQ(plan->hash, *crypto::sha256(as_bytes(plan_json())));
  const auto spaced = parse_plan(plan_json() + "\n");
  ASSERT_TRUE(spaced.ok());
  EXPECT_NE(plan->hash, spaced->hash);
  EXPECT_EQ(plan->people.at("uwe").role, Role::user);
  EXPECT_EQ(plan->people.at("uwe").key, Bytes(32, 2));
  EXPECT_EQ(plan->acts, (std::vector{ActKind::initialise, ActKind::generate}));
}

TEST(Plan, NamesTheFieldThatIsUnknownOrWrong) {
  EXPECT_EQ(refusal("\"purpose\"", "\"motive\""), "field \"motive\" isn't known");
  EXPECT_EQ(refusal("\"format\":1", "\"format\":2"), "field \"format\" must be 1");
  EXPECT_EQ(refusal("\"format\":1", "\"format\":\"1\""),
            "field \"format\" must be a number from 1 to 1000000");
  EXPECT_EQ(refusal("\"keys of a vault\"", "\"\""), "field \"purpose\" must say something");
  EXPECT_EQ(refusal("\"keys of a vault\"", "7"), "field \"purpose\" must be a string");
  EXPECT_EQ(refusal("\"module\":\"/usr", "\"module\":\"usr"),
            "field \"token.module\" must be an absolute path");
  EXPECT_EQ(refusal("\"label\":\"coffer\"", "\"label\":\"a;b\""),
            "field \"token.label\" must be letters, digits, '.', '-', '_', 1 to 32");
  EXPECT_EQ(refusal("\"profile\":\"softhsm\"", "\"profile\":\"auto\""),
            "field \"token.profile\" must be a token profile by name, and not auto");
  EXPECT_EQ(refusal("\"witness\"", "\"guest\""),
            "field \"people.wilma.role\" must be security-officer, user, custodian or witness");
  EXPECT_EQ(refusal(key_text(3), "AAAA"),
            "field \"people.wilma.key\" must be an Ed25519 public key, 32 bytes in base64");
  EXPECT_EQ(refusal(key_text(3), key_text(0)),
            "field \"people.wilma.key\" is of small order: anybody can sign with it");
  EXPECT_EQ(refusal(key_text(3), key_text(2)),
            "field \"people.wilma.key\" is another person's too");
  EXPECT_EQ(refusal("\"wilma\"", "\"wil ma\""),
            "field \"people\" must have names of letters, digits, '.', '-', '_', 1 to 64");
  EXPECT_EQ(refusal("0a1b2c3d-", "0a1b2c3d"), "field \"vault\" must be the id of a vault");
  EXPECT_EQ(refusal("\"generate\"", "\"celebrate\""),
            "field \"acts\" names an act that there isn't");
  EXPECT_EQ(refusal("\"generate\"", "\"initialise\""), "field \"acts\" names an act twice");
  EXPECT_EQ(refusal("[\"initialise\",\"generate\"]", "\"initialise,generate\""),
            "field \"acts\" must be an array of strings");
}

TEST(Plan, TheSignKeysVersionIsTheKeksUnlessItSaysAnother) {
  const auto with = [](std::string_view versions) {
    std::string text = replaced(plan_json(), "[\"initialise\",\"generate\"]", "[\"rotate\"]");
    text = replaced(text, "\"purpose\"", std::string(versions) + "\"purpose\"");
    text = replaced(text, "\"label\"", "\"serial\":\"0123\",\"label\"");
    return parse_plan(
        replaced(text, "\"people\"", "\"programs\":{\"rotate\":[\"/bin/x\"]},\"people\""));
  };
  const auto both = with("\"key_version\":3,");
  ASSERT_TRUE(both.ok()) << describe(both.error());
  EXPECT_EQ(both->sign_version, 3U);
  const auto other = with("\"key_version\":3,\"sign_version\":2,");
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->key_version, 3U);
  EXPECT_EQ(other->sign_version, 2U);
  EXPECT_EQ(refusal("\"purpose\"", "\"sign_version\":2,\"purpose\""),
            "field \"sign_version\" must be 1: the acts make the first keys");
}

TEST(Plan, RefusesANameThatStandsTwice) {
  EXPECT_NE(refusal("\"format\":1", "\"format\":1,\"format\":1").find("duplicate"),
            std::string::npos);
  EXPECT_NE(refusal("\"wilma\"", "\"uwe\"").find("duplicate"), std::string::npos);
}

TEST(Plan, RefusesWhatIsNoWholeObject) {
  const std::string whole = plan_json();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_plan(whole.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(parse_plan(whole + "x").ok());
  EXPECT_EQ(parse_plan(std::string(kMaxPlan + 1, ' ')).error().code, ErrorCode::too_large);
}

TEST(Plan, HoldsEachAttributeAgainstTheTemplate) {
  EXPECT_EQ(refusal("\"CKA_EXTRACTABLE\":\"false\"", "\"CKA_EXTRACTABLE\":\"true\""),
            "field \"keys.kek.attributes.CKA_EXTRACTABLE\" is true, and false here");
  EXPECT_EQ(refusal("\"CKA_EXTRACTABLE\":\"false\",", ""),
            "field \"keys.kek.attributes.CKA_EXTRACTABLE\" is missing");
  EXPECT_EQ(refusal("\"CKA_EXTRACTABLE\":\"false\"", "\"CKA_EXTRACTABLE\":false,\"CKA_X\":1"),
            "field \"keys.kek.attributes.CKA_X\" isn't known");
  EXPECT_EQ(refusal("coffer sign v1", "mine"),
            "field \"keys.sign.label\" must be \"coffer sign v1\"");
  EXPECT_EQ(refusal("\"profile\":\"softhsm\"", "\"profile\":\"generic-oaep\""),
            "field \"keys.kek.attributes.CKA_CLASS\" is CKO_SECRET_KEY, and CKO_PRIVATE_KEY here");
}

TEST(Plan, NeedsDifferentPeopleForThePins) {
  EXPECT_EQ(refusal("\"security-officer\"", "\"witness\""),
            "field \"people\" must have one with the role security-officer");
  EXPECT_EQ(refusal("\"role\":\"user\"", "\"role\":\"witness\""),
            "field \"people\" must have one with the role user");
  EXPECT_EQ(refusal("\"witness\"", "\"user\""),
            "field \"people\" must have one with the role user");
  EXPECT_EQ(refusal("\"format\":1", "\"format\":1,\"shares\":{\"needed\":2,\"total\":3}"),
            "field \"people\" must have as many with the role custodian as there are shares");
  EXPECT_EQ(refusal("\"format\":1", "\"format\":1,\"shares\":{\"needed\":4,\"total\":3}"),
            "field \"shares\" must have 2 <= needed <= total <= 16");
}

TEST(Plan, RefusesActsThatCantBeHeldTogether) {
  const std::string acts = "[\"initialise\",\"generate\"]";
  EXPECT_EQ(refusal(acts, "[\"generate\",\"enrol\"]"),
            "field \"acts\" can't have both generate and enrol: both make the token's first keys");
  EXPECT_EQ(refusal(acts, "[\"generate\"]"),
            "field \"token.serial\" is missing: the token has one already");
  EXPECT_EQ(refusal(acts, "[\"generate\",\"initialise\"]"),
            "field \"acts\" must have initialise first");
  EXPECT_EQ(refusal(acts, "[\"initialise\",\"decommission\"]"),
            "field \"acts\" can't have decommission beside others");
  EXPECT_EQ(refusal(acts, "[\"initialise\",\"rotate\"]"),
            "field \"programs.rotate\" is missing: the act runs a program");
  EXPECT_EQ(refusal(acts, "[\"initialise\"],\"programs\":{\"rotate\":[\"/bin/true\"]}"),
            "field \"programs.rotate\" isn't an act of this plan that runs a program");
  EXPECT_EQ(refusal(acts, "[\"initialise\",\"rotate\"],\"programs\":{\"rotate\":[\"true\"]}"),
            "field \"programs.rotate\" must begin with a program's absolute path");
}

TEST(Plan, MayHoldProgramsAndModuleToTheirHashes) {
  const std::string hash(64, 'a');
  const auto with = [](const std::string& members) {
    return replaced(plan_json(), "\"format\":1", "\"format\":1,\"hashes\":{" + members + "}");
  };
  const auto plan = parse_plan(with("\"coffer-ceremony\":\"" + hash + "\""));
  ASSERT_TRUE(plan.ok()) << describe(plan.error());
  EXPECT_EQ(planned_hash(*plan, "program-sha256"), hash);
  EXPECT_EQ(planned_hash(*plan, "module-sha256"), "");
  EXPECT_EQ(refusal(with("\"rotate\":\"" + hash + "\"")),
            "field \"hashes.rotate\" isn't coffer-ceremony, module, or an act that runs a program");
  for (const std::string& wrong : {hash.substr(1), hash + "a", std::string(64, 'A')}) {
    EXPECT_EQ(refusal(with("\"module\":\"" + wrong + "\"")),
              "field \"hashes.module\" must be a SHA-256, 64 hexadecimal digits in lower case");
  }
}

TEST(Plan, IsAListOfStepsInTheOrderOfItsActs) {
  std::vector<std::string> ids;
  for (const Step& step : steps_of(*parse_plan(plan_json()))) ids.push_back(step.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"plan", "preflight", "pins", "initialise", "keys",
                                           "attributes"}));
}

TEST(Plan, HasNoReportByTheTokenWhereThereIsNoKey) {
  EXPECT_TRUE(signed_by_token(*parse_plan(plan_json())));
  const auto blank =
      parse_plan(replaced(plan_json(), "[\"initialise\",\"generate\"]", "[\"initialise\"]"));
  ASSERT_TRUE(blank.ok()) << describe(blank.error());
  EXPECT_FALSE(signed_by_token(*blank));
}

}  // namespace
}  // namespace coffer::ceremony::test
