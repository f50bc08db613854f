#include "redis_connection.h"

#include <poll.h>

#include <charconv>

namespace coffer::connectors {
namespace {

constexpr std::string_view kScheme = "redis://";
constexpr std::string_view kNoAclFile = "it has no aclfile: persistence_mode REWRITE is for it";

Error bad_url(std::string_view why) {
  return make_error(ErrorCode::invalid_argument, "field \"connection_url\": " + std::string(why));
}

Error not_reached(std::string_view where) {
  return make_error(ErrorCode::unavailable, "Redis can't be reached", where);
}

timeval time_of(std::chrono::milliseconds time) {
  return {.tv_sec = time.count() / 1000, .tv_usec = (time.count() % 1000) * 1000};
}

/// The first word of an error is its kind: "NOPERM", "WRONGPASS"; the rest may quote what was sent.
Error error_of(std::string_view message) {
  const std::string kind(message.substr(0, message.find(' ')));
  const auto error = [&](ErrorCode code, std::string_view words) {
    return make_error(code, "Redis refused: " + std::string(words) + " (" + kind + ")",
                      "redisCommandArgv: " + kind);
  };
  if (kind == "WRONGPASS" || kind == "NOAUTH") {
    return error(ErrorCode::unauthenticated, "wrong user name or password");
  }
  if (kind == "NOPERM") return error(ErrorCode::precondition, "insufficient privilege");
  // Valkey has its own name in it.
  if (message.find("is not configured to use an ACL file") != std::string_view::npos) {
    return error(ErrorCode::precondition, kNoAclFile);
  }
  for (const std::string_view saying :
       {"ERR Rewriting config file", "ERR There was an error trying"}) {
    if (message.starts_with(saying)) {
      return error(ErrorCode::unavailable, "it can't write its users to its disk");
    }
  }
  for (const std::string_view passing : {"LOADING", "BUSY", "OOM", "MISCONF", "READONLY",
                                         "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS"}) {
    if (kind == passing) return error(ErrorCode::unavailable, "it can't now");
  }
  return error(ErrorCode::precondition, "an error of its own");
}

std::vector<std::string> texts_of(const redisReply& array) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < array.elements; ++i) {
    const redisReply& one = *array.element[i];
    if (one.str != nullptr) texts.emplace_back(one.str, one.len);
  }
  return texts;
}

}  // namespace

bool says_no_acl_file(const Error& error) {
  return error.text.find(kNoAclFile) != std::string::npos;
}

Result<RedisOptions> parse_redis_url(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20) return bad_url("a space or control character in it");
  }
  if (text.starts_with("rediss://")) return bad_url("no TLS to Redis: use a tunnel, or its socket");
  if (!text.starts_with(kScheme)) return bad_url("wanted redis://HOST:PORT or redis:///SOCKET");
  text.remove_prefix(kScheme.size());
  if (const auto sign = text.rfind('@'); sign != std::string_view::npos) {
    const std::string_view user = text.substr(0, sign);
    if (user != "{{username}}:{{password}}") {
      return bad_url("a password in clear: write {{username}}:{{password}}@");
    }
    text = text.substr(sign + 1);
  }
  if (text.find('{') != std::string_view::npos) return bad_url("a placeholder in a wrong place");
  RedisOptions options;
  if (text.starts_with('/')) {
    options.socket = text;
    return options;
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  const auto colon = text.rfind(':');
  options.host = text.substr(0, colon);
  if (options.host.empty() || options.host.find('/') != std::string::npos) {
    return bad_url("wanted redis://HOST:PORT or redis:///SOCKET");
  }
  if (colon == std::string_view::npos) return options;
  const std::string_view port = text.substr(colon + 1);
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (problem != std::errc{} || end != port.data() + port.size() || options.port == 0) {
    return bad_url("wanted a port from 1 to 65535");
  }
  return options;
}

Result<std::unique_ptr<RedisConnection>> RedisConnection::open(const Login& login) {
  const timeval connect = time_of(login.connect_timeout);
  const RedisOptions& options = login.options;
  redisContext* raw = options.socket.empty()
                          ? ::redisConnectWithTimeout(options.host.c_str(), options.port, connect)
                          : ::redisConnectUnixWithTimeout(options.socket.c_str(), connect);
  if (raw == nullptr) return make_error(ErrorCode::resource_exhausted, "no memory for hiredis");
  std::unique_ptr<RedisConnection> made(new RedisConnection(raw));
  if (raw->err != 0) return not_reached("redisConnect");
  if (::redisSetTimeout(raw, time_of(login.command_timeout)) != REDIS_OK) {
    return not_reached("redisSetTimeout");
  }
  if (login.name.empty() && login.password.empty()) return made;
  std::string password(as_text(login.password.expose(Reveal{"Redis' AUTH takes it"})));
  const auto let_in =
      made->command({"AUTH", login.name.empty() ? "default" : login.name, password});
  wipe(password);
  if (!let_in.ok()) return let_in.error();
  return made;
}

bool RedisConnection::alive() const {
  pollfd wanted{.fd = context_->fd, .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 0) == 0;
}

Result<RedisConnection::Reply> RedisConnection::command(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  struct FreeReply {
    void operator()(redisReply* reply) const noexcept { ::freeReplyObject(reply); }
  };
  const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(::redisCommandArgv(
      context_.get(), static_cast<int>(words.size()), texts.data(), sizes.data())));
  if (reply == nullptr) {
    reusable_ = false;
    return not_reached("redisCommandArgv");
  }
  const std::string_view text(reply->str == nullptr ? "" : reply->str,
                              reply->str == nullptr ? 0 : reply->len);
  switch (reply->type) {
    case REDIS_REPLY_ERROR: return error_of(text);
    case REDIS_REPLY_NIL: return Reply{.text = {}, .nil = true};
    case REDIS_REPLY_INTEGER: return Reply{.text = std::to_string(reply->integer)};
    case REDIS_REPLY_ARRAY:
      return Reply{.text = std::to_string(reply->elements), .elements = texts_of(*reply)};
    default: return Reply{.text = std::string(text)};
  }
}

}  // namespace coffer::connectors
