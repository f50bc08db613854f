#include "coffer/base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "coffer/base/log.h"

namespace coffer {
namespace {

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  int codes = 0;
  for (int i = 0; i < 256; ++i) {
    const auto name = to_string(static_cast<ErrorCode>(i));
    if (name == "unknown") break;
    names.insert(name);
    ++codes;
  }
  EXPECT_GE(codes, 12);
  EXPECT_EQ(names.size(), static_cast<std::size_t>(codes));
}

TEST(Error, DescribesCodeTextCauseAndPlace) {
  const Error error =
      make_error(ErrorCode::unavailable, "cannot reach the token", "C_Sign: CKR_DEVICE_REMOVED");
  const std::string line = describe(error);
  EXPECT_EQ(line.rfind("unavailable: cannot reach the token (C_Sign: CKR_DEVICE_REMOVED) at ", 0),
            0U)
      << line;
  EXPECT_NE(line.find("error_test.cpp:" + std::to_string(error.where.line())), std::string::npos)
      << line;
}

TEST(Error, DescribesWithoutFolders) {
  const std::string line = describe(make_error(ErrorCode::internal, "x"));
  EXPECT_EQ(line.find('/'), std::string::npos) << line;
  EXPECT_EQ(line.find('('), std::string::npos) << "no cause, no brackets: " << line;
}

TEST(Error, WhereIsTheCallersLine) {
  const auto line = __LINE__ + 1;
  const Error error = make_error(ErrorCode::internal, "x");
  EXPECT_EQ(error.where.line(), static_cast<unsigned>(line));
}

TEST(Log, WritesOneLineToStandardError) {
  testing::internal::CaptureStderr();
  log::info("plain {} braces");
  log::warn("second");
  log::error(make_error(ErrorCode::corrupt, "third"));
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_NE(out.find("Z info plain {} braces\n"), std::string::npos) << out;
  EXPECT_NE(out.find("Z warning second\n"), std::string::npos) << out;
  EXPECT_NE(out.find("Z error corrupt: third at error_test.cpp:"), std::string::npos) << out;
}

TEST(Log, WritesNothingBelowItsLevel) {
  testing::internal::CaptureStderr();
  log::set_level(log::Level::warn);
  log::info("first");
  log::warn("second");
  log::set_level(log::Level::error);
  log::warn("third");
  log::error("fourth");
  log::set_level(log::Level::info);
  log::info("fifth");
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.find("first"), std::string::npos) << out;
  EXPECT_NE(out.find("second"), std::string::npos) << out;
  EXPECT_EQ(out.find("third"), std::string::npos) << out;
  EXPECT_NE(out.find("fourth"), std::string::npos) << out;
  EXPECT_NE(out.find("fifth"), std::string::npos) << out;
}

}  // namespace
}  // namespace coffer
