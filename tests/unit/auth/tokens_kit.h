// Tokens over a store in memory, made and ended as their engine does it.
#pragma once

#include <gtest/gtest.h>

#include "coffer/auth/tokens.h"
#include "fakes/test_auth.h"

namespace coffer::auth {

using std::chrono::hours;
using std::chrono::seconds;

struct Made {
  std::string token;
  std::string accessor;
};

class TokensTest : public ::testing::Test, public fakes::TestAuth {
 protected:
  Made make(TokenTerms terms, const std::string& parent = {}) {
    if (terms.policies.empty()) terms.policies = {"default"};
    const auto created = commit(
        [&](auto& tx) { return tokens->create(tx, {.terms = terms, .parent = parent}, now); });
    return {std::string(as_text(created.token.expose(Reveal{"test"}))), created.about.accessor};
  }
  Made make(seconds ttl, const std::string& parent = {}) {
    return make(TokenTerms{.ttl = ttl, .renewable = true}, parent);
  }
  std::string create_root() {
    const SecureBytes token = commit([&](auto& tx) { return tokens->create_root(tx, now); });
    return std::string(as_text(token.expose(Reveal{"test"})));
  }
  Result<Identity> identify(std::string_view bearer) {
    return tokens->identify(*begin(), bearer, now);
  }
  bool works(const Made& made) {
    const auto identity = identify(made.token);
    if (!identity.ok()) {
      EXPECT_EQ(identity.error().code, ErrorCode::permission_denied);
      EXPECT_EQ(identity.error().text, "permission denied");
    }
    const bool found = fakes::must(tokens->find_accessor(*begin(), made.accessor, now)).has_value();
    EXPECT_EQ(found, identity.ok());
    return identity.ok();
  }
  Token find(const Made& made) { return *fakes::must(tokens->find(*begin(), made.token, now)); }
  void revoke(const Made& made) {
    commit([&](auto& tx) { return tokens->revoke(tx, find(made), now); });
  }
  Result<Token> renew(const Made& made, seconds increment, seconds limit = hours(768)) {
    auto tx = begin();
    auto renewed = tokens->renew(*tx, find(made), increment, limit, now);
    if (renewed.ok()) {
      EXPECT_TRUE(TestAuth::commit(*tx));
    }
    return renewed;
  }
};

}  // namespace coffer::auth
