// A KV mount as a client sees it, over a whole vault in memory.
#pragma once

#include <gtest/gtest.h>

#include "coffer/model/json_tree.h"
#include "fakes/test_vault.h"

namespace coffer::engines::kv {

using fakes::TestVault;
using model::Json;
using model::Operation;
using model::Outcome;
using Answer = Result<model::Response>;

class Kv {
 public:
  Answer call(Operation operation, const std::string& path, const std::string& body = "") {
    return vault.call(operation, "secret/" + path, body);
  }
  Answer write(const std::string& path, const std::string& data = "{}",
               const std::string& options = "{}") {
    return call(Operation::update, "data/" + path,
                R"({"data":)" + data + R"(,"options":)" + options + "}");
  }
  Answer patch(const std::string& path, const std::string& data,
               const std::string& options = "{}") {
    return call(Operation::patch, "data/" + path,
                R"({"data":)" + data + R"(,"options":)" + options + "}");
  }
  Answer read(const std::string& path, int version = 0) {
    return call(Operation::read, "data/" + path, R"({"version":)" + std::to_string(version) + "}");
  }
  Answer remove(const std::string& path) { return call(Operation::remove, "data/" + path); }
  /// `verb`: delete, undelete or destroy.
  Answer change(const std::string& verb, const std::string& path, const std::string& versions) {
    return call(Operation::update, verb + "/" + path, R"({"versions":)" + versions + "}");
  }
  Answer metadata(const std::string& path) { return call(Operation::read, "metadata/" + path); }
  Answer set_metadata(const std::string& path, const std::string& body) {
    return call(Operation::update, "metadata/" + path, body);
  }
  Answer configure(const std::string& body) { return call(Operation::update, "config", body); }

  /// The `data` of a version that is there; else "gone" or "none".
  std::string value(const std::string& path, int version = 0) {
    return value_of(read(path, version));
  }
  static std::string value_of(const Answer& answer) {
    if (!answer.ok()) return answer.error().code == ErrorCode::not_found ? "none" : "error";
    if (answer->outcome == Outcome::gone) return "gone";
    return Json::parse(answer->data)->find("data")->compact();
  }
  std::string list(const std::string& folder = "") {
    return names_of(call(Operation::list, "metadata/" + folder));
  }
  std::string scan(const std::string& folder = "") {
    return names_of(call(Operation::scan, "metadata/" + folder));
  }
  /// "a b/ c", or "none".
  static std::string names_of(const Answer& answer) {
    if (!answer.ok()) return answer.error().code == ErrorCode::not_found ? "none" : "error";
    std::string names;
    const Json tree = *Json::parse(answer->data);
    for (const Json& name : tree.find("keys")->elements()) {
      names += (names.empty() ? "" : " ") + name.text();
    }
    return names;
  }
  /// One member of an answer's data as text; "-" if it isn't there.
  static std::string member(const Answer& answer, std::string_view name) {
    if (!answer.ok()) return "error: " + answer.error().text;
    const Json tree = *Json::parse(answer->data);
    const Json* found = tree.find(name);
    return found == nullptr ? "-" : found->compact();
  }
  std::size_t rows() {
    std::size_t count = 0;
    const auto snapshot = TestVault::must(vault.store->snapshot());
    TestVault::must(snapshot->scan("", [&](const store::Key&, const store::Row&) {
      ++count;
      return true;
    }));
    return count;
  }

  TestVault vault;
};

class KvTest : public ::testing::Test, public Kv {
 protected:
  static bool has(const Answer& answer, const std::string& text) {
    return answer.ok() && answer->data.find(text) != std::string::npos;
  }
  static void expect_error(const Answer& answer, ErrorCode code, const std::string& part) {
    ASSERT_FALSE(answer.ok()) << part;
    EXPECT_EQ(answer.error().code, code) << answer.error().text;
    EXPECT_NE(answer.error().text.find(part), std::string::npos) << answer.error().text;
  }
};

}  // namespace coffer::engines::kv
