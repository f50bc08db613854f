// A totp mount as a client sees it, over a whole vault in memory, at a time that the test says.
#pragma once

#include <gtest/gtest.h>

#include "coffer/model/json_tree.h"
#include "fakes/test_vault.h"

namespace coffer::engines::totp {

using fakes::TestVault;
using model::Json;
using model::Operation;
using Answer = Result<model::Response>;

/// "12345678901234567890" of RFC 6238 in base32.
inline constexpr const char* kRfcKey = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

class TotpTest : public testing::Test {
 protected:
  TotpTest() {
    mount("totp");
    at(1234567890);
  }
  void mount(const std::string& path) {
    const auto made = vault.call(Operation::update, "sys/mounts/" + path, R"({"type":"totp"})");
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().text);
  }
  /// Requests come at this time from now on, and later by less than a second and what the test
  /// takes: give a time early in its step.
  void at(std::int64_t unix_time) {
    const auto target = WallTime(std::chrono::seconds(unix_time));
    vault.ahead = std::chrono::ceil<std::chrono::seconds>(target - system_clock().wall());
  }
  Answer call(Operation operation, const std::string& path, const std::string& body = "") {
    return vault.call(operation, "totp/" + path, body);
  }
  Answer write(const std::string& name, const std::string& body) {
    return call(Operation::update, "keys/" + name, body);
  }
  void put(const std::string& name, const std::string& more = "") {
    const auto made = write(name, R"({"key":")" + std::string(kRfcKey) + "\"" + more + "}");
    ASSERT_TRUE(made.ok()) << made.error().text;
    EXPECT_EQ(made->outcome, model::Outcome::empty);
  }
  Answer check(const std::string& name, const std::string& code) {
    return call(Operation::update, "code/" + name, R"({"code":")" + code + "\"}");
  }
  /// "true", "false", or why not.
  std::string valid(const std::string& name, const std::string& code) {
    return member(check(name, code), "valid");
  }
  std::string code(const std::string& name) {
    return member(call(Operation::read, "code/" + name), "code");
  }
  static std::string member(const Answer& answer, std::string_view name) {
    if (!answer.ok()) return answer.error().text;
    const Json tree = *Json::parse(answer->data);
    const Json* found = tree.find(name);
    return found == nullptr ? "absent" : found->text();
  }
  static void refused(const Answer& answer, std::string_view part) {
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(answer.error().text.find(part), std::string::npos) << answer.error().text;
  }

  TestVault vault;
};

inline constexpr const char* kUsed = "code already used; wait until the next time period";

}  // namespace coffer::engines::totp
