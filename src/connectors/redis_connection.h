// One connection to Redis, by hiredis. Its timeout bounds each command. One thread at a time.
#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/secure_bytes.h"
#include "deadline.h"

namespace coffer::connectors {

struct RedisOptions {
  std::string host{};
  std::uint16_t port = 6379;
  std::string socket{};  ///< a path, instead of both
};

/// "redis://host:port" or "redis:///path/of/socket", with {{username}}:{{password}}@ or without.
[[nodiscard]] Result<RedisOptions> parse_redis_url(std::string_view text);

class RedisConnection final {
 public:
  struct Login {
    const RedisOptions& options;
    std::string name;  ///< empty: no AUTH at all
    const SecureBytes& password;
    std::chrono::milliseconds connect_timeout;
    std::chrono::milliseconds command_timeout;
  };
  /// What came back: an integer as digits, an array as its length; `nil` for none.
  struct Reply {
    std::string text{};
    bool nil = false;
    std::vector<std::string> elements{};  ///< those of an array that are text
  };

  [[nodiscard]] static Result<std::unique_ptr<RedisConnection>> open(const Login& login);
  [[nodiscard]] bool alive() const;
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }
  /// Words are sent with their lengths: no character of theirs has a meaning.
  [[nodiscard]] Result<Reply> command(const std::vector<std::string>& words);

 private:
  struct Free {
    void operator()(redisContext* context) const noexcept { ::redisFree(context); }
  };
  explicit RedisConnection(redisContext* context) : context_(context) {}

  const std::unique_ptr<redisContext, Free> context_;
  bool reusable_ = true;
};

/// The answer to ACL SAVE of a server that keeps no users in an aclfile.
[[nodiscard]] bool says_no_acl_file(const Error& error);

}  // namespace coffer::connectors
