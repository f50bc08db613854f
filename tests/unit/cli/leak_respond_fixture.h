// What tests of leak respond begin with: a secret, who read it, and a vault that lets all be done.
#pragma once

#include <fstream>
#include <sstream>

#include "cli_fixture.h"

namespace coffer::cli {

inline constexpr const char* kAccessor = "AbCdEf0123456789-_AbCdEf";
inline constexpr const char* kNothing =
    R"({"data":{"accesses":[],"made":[],"lines":10,"next":"1:100","until":"1:100","done":true}})";
inline constexpr const char* kKvMount =
    R"({"data":{"path":"secret/","type":"kv","options":{"version":"2"}}})";
inline constexpr const char* kReaders =
    R"({"data":{"path":"secret/data/app","policies":["app"],"unix_roles":[{"name":"web","policies":["app"],"uids":[1000],"units":[]}],"tokens":[{"accessor":"acc1","display_name":"token-ci","policies":["app"]}],"more":false}})";
inline constexpr const char* kAccesses =
    R"({"data":{"accesses":[{"path":"secret/data/app","operation":"read","accessor":"acc1","display_name":"token-ci","token_type":"service","uid":1000,"unit":"ci.service","count":3,"first":"2026-01-01T00:00:00Z","last":"2026-01-02T00:00:00Z","last_request":"id1"}],"made":[],"lines":10,"next":"1:100","until":"1:100","done":true}})";
inline constexpr const char* kSigned =
    R"({"data":{"report":{"steps":[]},"signed":true,"document":"coffer leak report v1\n{}\n","signature":"AAEC","public_key":"PEM"}})";

class LeakRespond : public CliFixture {
 protected:
  LeakRespond() {
    vault_.answer("POST /v1/sys/capabilities-self", 200, R"({"data":{"capabilities":["update"]}})");
    vault_.answer("POST /v1/sys/leaks/readers", 200, kReaders);
    vault_.answer("POST /v1/sys/leaks/accesses", 200, kAccesses);
    vault_.answer("POST /v1/auth/token/lookup-accessor", 200,
                  R"({"data":{"accessor":"acc1","display_name":"token-ci","policies":["app"]}})");
    vault_.answer("GET /v1/auth/token/lookup-self", 200, R"({"data":{"accessor":"mine"}})");
    vault_.answer("POST /v1/sys/leaks/responses/r", 204, "");
    vault_.answer("POST /v1/sys/leaks/responses/r/sign", 200, kSigned);
    vault_.answer("POST /v1/auth/token/revoke-accessor", 204, "");
    vault_.answer("POST /v1/secret/destroy/app", 204, "");
    vault_.answer("POST /v1/secret/delete/app", 204, "");
    vault_.answer("GET /v1/secret/metadata/app", 200,
                  R"({"data":{"versions":{"1":{},"2":{},"3":{}}}})");
  }
  /// "POST /v1/…" of each request, without bodies.
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const SeenRequest& request : vault_.requests()) {
      all.push_back(request.line.substr(0, request.line.rfind(' ')));
    }
    return all;
  }
  std::size_t position(const std::string& line) const {
    const auto all = lines();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] == line) return i;
    }
    return all.size();
  }
  bool asked(const std::string& line) const { return position(line) < lines().size(); }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
};

}  // namespace coffer::cli
