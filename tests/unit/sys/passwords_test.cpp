// Password policies as a client sees them.
#include "sys_kit.h"

namespace coffer::sys {
namespace {

constexpr const char* kSix =
    "# six\nlength = 6\nrule \"charset\" {\n  charset = \"abc\"\n  min-chars = 1\n}\n";

std::string body(std::string_view policy) {
  model::JsonWriter json;
  json.begin_object().key("policy").string(policy).end_object();
  return std::string(json.view());
}

TEST_F(SysTest, APasswordPolicysTextComesBackByteForByte) {
  ASSERT_TRUE(write("policies/password/six", body(kSix)).ok());
  EXPECT_EQ(text(data(read("policies/password/six")), {"policy"}), kSix);
  ASSERT_TRUE(write("policies/password/coded", body(to_base64(as_bytes(kSix)))).ok());
  EXPECT_EQ(text(data(read("policies/password/coded")), {"policy"}), kSix);
  EXPECT_EQ(data(list("policies/password/")).find("keys")->compact(), R"(["coded","six"])");
  ASSERT_TRUE(remove("policies/password/coded").ok());
  EXPECT_EQ(read("policies/password/coded").error().code, ErrorCode::not_found);
  ASSERT_TRUE(remove("policies/password/coded").ok()) << "whether it was there or not";
}

TEST_F(SysTest, GeneratesAPasswordByThePolicy) {
  EXPECT_EQ(list("policies/password/").error().code, ErrorCode::not_found);
  EXPECT_EQ(read("policies/password/six/generate").error().code, ErrorCode::not_found);
  ASSERT_TRUE(write("policies/password/six", body(kSix)).ok());
  const std::string made = text(data(read("policies/password/six/generate")), {"password"});
  EXPECT_EQ(made.size(), 6U);
  EXPECT_EQ(made.find_first_not_of("abc"), std::string::npos);
}

TEST_F(SysTest, APasswordPolicyThatIsNoneIsRefusedAndChangesNothing) {
  ASSERT_TRUE(write("policies/password/six", body(kSix)).ok());
  refused(write("policies/password/six", body("length = 6")), "no rule");
  refused(write("policies/password/six", body("path \"a\" { capabilities = [\"read\"] }")), "path");
  refused(write("policies/password/six", "{}"), "policy");
  refused(write("policies/password/six", R"({"policy":7})"), "policy");
  refused(write("policies/password/six", R"({"policy":"x","entropy_source":"seal"})"), "entropy");
  refused(write("policies/password/-six", body(kSix)), "name");
  EXPECT_EQ(text(data(read("policies/password/six")), {"policy"}), kSix);
}

}  // namespace
}  // namespace coffer::sys
