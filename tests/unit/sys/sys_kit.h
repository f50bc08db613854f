// sys/ as a client sees it, over a whole vault in memory.
#pragma once

#include <gtest/gtest.h>

#include <set>

#include "coffer/model/json_tree.h"
#include "coffer/model/json_writer.h"
#include "fakes/test_vault.h"

namespace coffer::sys {

using fakes::TestVault;
using model::Json;
using model::Operation;
using Answer = Result<model::Response>;

class SysTest : public testing::Test {
 protected:
  Answer read(const std::string& path) { return vault.call(Operation::read, "sys/" + path); }
  Answer list(const std::string& path) { return vault.call(Operation::list, "sys/" + path); }
  Answer write(const std::string& path, const std::string& body = "{}") {
    return vault.call(Operation::update, "sys/" + path, body);
  }
  Answer remove(const std::string& path) { return vault.call(Operation::remove, "sys/" + path); }

  static Json data(const Answer& answer) {
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().text);
    return answer.ok() && !answer->data.empty() ? *Json::parse(answer->data) : Json();
  }
  static std::string text(const Json& json, std::initializer_list<std::string_view> path) {
    const Json* found = json.find_path(path);
    return found == nullptr ? "absent" : found->text();
  }
  static void refused(const Answer& answer, std::string_view part) {
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(answer.error().text.find(part), std::string::npos) << answer.error().text;
  }

  void put_policy(const std::string& name, const std::string& rules) {
    model::JsonWriter json;
    json.begin_object().key("policy").string(rules).end_object();
    ASSERT_TRUE(write("policies/acl/" + name, std::string(json.view())).ok());
  }

  /// A token with these policies alone.
  std::string token_with(const std::string& policy) {
    const Answer made =
        vault.call(Operation::update, "auth/token/create",
                   R"({"no_default_policy":true,"policies":[")" + policy + R"("]})");
    return made.ok() && made->auth ? made->auth->client_token : std::string();
  }

  TestVault vault;
};

}  // namespace coffer::sys
