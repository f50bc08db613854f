// What is left of a secret that was written to while it was rotated.
#include "src/engines/kv/rotation_merge.h"

#include <gtest/gtest.h>

namespace coffer::engines::kv {
namespace {

std::string merged(std::string_view base, std::string_view made, std::string_view current) {
  const auto changes = changes_of(base, made);
  if (!changes.ok()) return "error: " + changes.error().text;
  const auto result = put_onto(current, made, *changes);
  return result.ok() ? *result : "error: " + result.error().text;
}

TEST(RotationMerge, ChangesOfBothStay) {
  EXPECT_EQ(merged(R"({"host":"old","password":"a"})", R"({"host":"old","password":"b"})",
                   R"({"host":"new","password":"a","more":1})"),
            R"({"host":"new","password":"b","more":1})");
}

TEST(RotationMerge, AMemberThatWasAddedIsAdded) {
  EXPECT_EQ(merged("{}", R"({"username":"u"})", R"({"host":"new"})"),
            R"({"host":"new","username":"u"})");
}

TEST(RotationMerge, AMemberThatWasTakenAwayIsGone) {
  EXPECT_EQ(merged(R"({"a":1,"b":2})", R"({"a":3})", R"({"a":1,"b":2,"c":4})"), R"({"a":3,"c":4})");
  EXPECT_EQ(merged(R"({"a":1,"b":2})", R"({"a":3,"b":2})", R"({"a":1})"), R"({"a":3})")
      << "nor does the rotation bring back what somebody else took away";
}

TEST(RotationMerge, OfAMemberThatBothChangedTheOneInForceHolds) {
  EXPECT_EQ(merged(R"({"p":"a"})", R"({"p":"b"})", R"({"p":"c"})"), R"({"p":"b"})");
}

TEST(RotationMerge, KindsCountAndLookAlikesDoNot) {
  EXPECT_EQ(merged(R"({"p":1})", R"({"p":"1"})", R"({"p":1,"q":2})"), R"({"p":"1","q":2})");
  EXPECT_EQ(merged(R"({"p":{"a":[1,2]}})", R"({ "p" : { "a" : [ 1, 2 ] } })", R"({"p":5})"),
            R"({"p":5})");
  EXPECT_EQ(merged(R"({"p":1})", R"({"p":1.0})", R"({"p":7})"), R"({"p":1.0})");
}

TEST(RotationMerge, WithoutWhatItCameOfEachMemberCountsAsChanged) {
  EXPECT_EQ(merged("", R"({"host":"old","p":"b"})", R"({"host":"new","more":1})"),
            R"({"host":"old","more":1,"p":"b"})");
}

TEST(RotationMerge, WhatIsNoObjectIsCorrupt) {
  for (const char* wrong : {"[]", "1", "{", "null"}) {
    EXPECT_EQ(changes_of(wrong, "{}").error().code, ErrorCode::corrupt) << wrong;
    EXPECT_EQ(changes_of("{}", wrong).error().code, ErrorCode::corrupt) << wrong;
    EXPECT_EQ(put_onto(wrong, "{}", {}).error().code, ErrorCode::corrupt) << wrong;
    EXPECT_EQ(put_onto("{}", wrong, {}).error().code, ErrorCode::corrupt) << wrong;
  }
}

}  // namespace
}  // namespace coffer::engines::kv
