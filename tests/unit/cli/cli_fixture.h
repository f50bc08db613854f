// A daemon in miniature and a command line that talks to it: what most tests here begin with.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_vault.h"
#include "run_cli.h"

namespace coffer::cli {

inline constexpr const char* kVersionedMount =
    R"({"data":{"path":"secret/","options":{"version":"2"}}})";
inline constexpr const char* kPlainMount = R"({"data":{"path":"old/","options":{"version":"1"}}})";

class CliFixture : public ::testing::Test {
 protected:
  CliFixture() {
    around_.environment["COFFER_ADDR"] = vault_.address();
    vault_.answer("GET /v1/sys/internal/ui/mounts/secret/app", 200, kVersionedMount);
    vault_.answer("GET /v1/sys/internal/ui/mounts/secret", 200, kVersionedMount);
    vault_.answer("GET /v1/sys/internal/ui/mounts/old/app", 200, kPlainMount);
  }

  Outcome run(const std::vector<std::string>& arguments) { return run_cli(arguments, around_); }

  /// "METHOD target body" of the last request.
  std::string last() const {
    const auto all = vault_.requests();
    return all.empty() ? std::string() : described(all.back());
  }
  std::vector<std::string> all() const {
    std::vector<std::string> found;
    for (const SeenRequest& request : vault_.requests()) found.push_back(described(request));
    return found;
  }

  FakeVault vault_;
  Surroundings around_;

 private:
  static std::string described(const SeenRequest& request) {
    const std::string line = request.line.substr(0, request.line.rfind(' '));
    return request.body.empty() ? line : line + " " + request.body;
  }
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace coffer::cli
