#include "coffer/pkcs11/token_server.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/pkcs11/worker_protocol.h"

namespace coffer::pkcs11 {
namespace {

/// The calling side gave up long before.
constexpr std::chrono::seconds kSendPatience{30};

/// What goes out: a head, and behind it bytes that stay where they are until it is sent.
struct Outgoing {
  Bytes head;
  Bytes body{};
  SecureBytes secret{};
};

Outgoing failure(std::uint64_t id, const Error& error) { return {.head = encode_error(id, error)}; }

Outgoing reply(std::uint64_t id, const Result<void>& result) {
  if (!result.ok()) return failure(id, result.error());
  return {.head = encode_ok(id)};
}
Outgoing reply(std::uint64_t id, Result<Bytes> result) {
  if (!result.ok()) return failure(id, result.error());
  return {.head = encode_ok(id), .body = *std::move(result)};
}
Outgoing reply(std::uint64_t id, Result<SecureBytes> result) {
  if (!result.ok()) return failure(id, result.error());
  return {.head = encode_ok(id), .secret = *std::move(result)};
}

Outgoing wrap(Token& token, std::uint64_t id, const Call& call, const KeyRef& key) {
  const Result<SecureBytes> data_key = SecureBytes::copy_of(call.data);
  if (!data_key.ok()) return failure(id, data_key.error());
  return reply(id, token.wrap(key, *data_key, call.context));
}

Outgoing sign(Token& token, std::uint64_t id, const Call& call, const KeyRef& key) {
  crypto::Sha256 digest{};
  if (call.data.size() != digest.size()) {
    return failure(id, make_error(ErrorCode::corrupt, "what is to be signed is no SHA-256"));
  }
  std::copy(call.data.begin(), call.data.end(), digest.begin());
  return reply(id, token.sign_digest(key, digest));
}

Outgoing answer(Token& token, std::uint64_t id, const Call& call) {
  const KeyRef key{to_bytes(call.key)};
  switch (call.verb) {
    case Verb::info: {
      const Result<TokenInfo> info = token.info();
      if (!info.ok()) return failure(id, info.error());
      return {.head = encode_ok(id), .body = encode_info(*info)};
    }
    case Verb::describe_kek: {
      const Result<KekInfo> kek = token.describe_kek(key);
      if (!kek.ok()) return failure(id, kek.error());
      return {.head = encode_ok(id), .body = encode_kek(*kek)};
    }
    case Verb::read_data: {
      const Result<std::optional<Bytes>> value = token.read_data(call.label);
      if (!value.ok()) return failure(id, value.error());
      return {.head = encode_ok(id), .body = encode_data(*value)};
    }
    case Verb::write_data: return reply(id, token.write_data(call.label, call.data));
    case Verb::attributes: {
      const auto read = token.attributes(call.role, key);
      if (!read.ok()) return failure(id, read.error());
      return {.head = encode_ok(id), .body = encode_attributes(*read)};
    }
    case Verb::list_keys: {
      const Result<ListedKeys> listed = token.list_keys();
      if (!listed.ok()) return failure(id, listed.error());
      return {.head = encode_ok(id), .body = encode_listed(*listed)};
    }
    case Verb::generate: return reply(id, token.generate(call.role, key, call.label));
    case Verb::verify: return reply(id, token.verify(call.role, key));
    case Verb::destroy: return reply(id, token.destroy(call.role, key));
    case Verb::wrap: return wrap(token, id, call, key);
    case Verb::unwrap: return reply(id, token.unwrap(key, call.data, call.context));
    case Verb::sign: return sign(token, id, call, key);
    case Verb::public_key: return reply(id, token.public_key(key));
    case Verb::random: return reply(id, token.random(call.size));
    case Verb::hello:
    case Verb::open:
    case Verb::initialise: break;
  }
  return failure(id, make_error(ErrorCode::internal, "not a call of a token"));
}

/// Each thread reads for itself: the kernel wakes one of those that wait for each message, which
/// costs less than any queue between a reader and the others, and a call that hangs holds up none.
class Server final {
 public:
  Server(Token& token, const PacketSocket& socket, const std::function<void()>& ending)
      : token_(token), socket_(socket), ending_(ending) {}

  void run(SecureBytes buffer) {
    const MutableByteView room =
        buffer.expose_mutable(Reveal{"calls to the token come in here and are wiped"});
    for (;;) {
      const Result<std::size_t> size = socket_.receive(room);
      if (!size.ok()) return end(size.error());
      if (*size == 0) return end();
      const Result<void> served = serve(room.first(*size));
      wipe(room.first(*size));
      if (!served.ok()) return end(served.error());
    }
  }

  Result<void> outcome() {
    const MutexLock lock(mutex_);
    return failure_ ? Result<void>(*failure_) : Result<void>();
  }

 private:
  Result<void> serve(ByteView packet) {
    COFFER_TRY(const Request request, decode_request(packet));
    const Call* const call = std::get_if<Call>(&request.message);
    if (call == nullptr) {
      return make_error(ErrorCode::corrupt, "the token is open: only calls are answered");
    }
    const Outgoing out = answer(token_, request.id, *call);
    const ByteView parts[] = {out.head, out.body,
                              out.secret.expose(Reveal{"what was unwrapped goes to the vault"})};
    return socket_.send(parts, std::chrono::steady_clock::now() + kSendPatience);
  }

  void end(const Error& error) {
    {
      const MutexLock lock(mutex_);
      if (!failure_ && !socket_.hung_up()) failure_ = error;
    }
    end();
  }

  void end() {
    socket_.shut();
    const MutexLock lock(mutex_);
    if (!ended_ && ending_) ending_();
    ended_ = true;
  }

  Token& token_;
  const PacketSocket& socket_;
  const std::function<void()>& ending_;
  Mutex mutex_;
  bool ended_ COFFER_GUARDED_BY(mutex_) = false;
  std::optional<Error> failure_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace

Result<void> serve_token(Token& token, const PacketSocket& socket, std::size_t threads,
                         const std::function<void()>& ending) {
  std::vector<SecureBytes> buffers;
  for (std::size_t i = 0; i < threads; ++i) {
    COFFER_TRY(SecureBytes buffer, SecureBytes::allocate(kMaxPacket));
    buffers.push_back(std::move(buffer));
  }
  Server server(token, socket, ending);
  std::vector<std::thread> running;
  running.reserve(threads);
  for (SecureBytes& buffer : buffers) {
    running.emplace_back([&server, &buffer] { server.run(std::move(buffer)); });
  }
  for (std::thread& thread : running) thread.join();
  return server.outcome();
}

}  // namespace coffer::pkcs11
