#include "coffer/pkcs11/remote_token.h"

#include "call_table.h"
#include "coffer/pkcs11/data.h"
#include "coffer/pkcs11/worker_protocol.h"

namespace coffer::pkcs11 {
namespace {

/// Of generate() and write_data(): a token made of files syncs its file system.
constexpr int kSlowFactor = 12;

Error malformed() {
  return make_error(ErrorCode::internal, "the token's worker gave an answer that can't be read");
}

class OverSocket final : public RemoteToken {
 public:
  OverSocket(PacketSocket socket, SecureBytes buffer, std::chrono::milliseconds deadline)
      : socket_(std::move(socket)), calls_(socket_, std::move(buffer)), call_deadline_(deadline) {}
  ~OverSocket() override { socket_.shut(); }

  Result<TokenInfo> info() override {
    COFFER_TRY(const Answer answer, ask({.verb = Verb::info}));
    return readable(decode_info(answer.body));
  }
  Result<void> generate(KeyRole role, const KeyRef& key, std::string_view label) override {
    return ask_nothing({.verb = Verb::generate, .role = role, .key = key.id, .label = label});
  }
  Result<void> verify(KeyRole role, const KeyRef& key) override {
    return ask_nothing({.verb = Verb::verify, .role = role, .key = key.id});
  }
  Result<std::vector<KeyAttribute>> attributes(KeyRole role, const KeyRef& key) override {
    COFFER_TRY(const Answer answer, ask({.verb = Verb::attributes, .role = role, .key = key.id}));
    return readable(decode_attributes(answer.body));
  }
  Result<ListedKeys> list_keys() override {
    COFFER_TRY(const Answer answer, ask({.verb = Verb::list_keys}));
    return readable(decode_listed(answer.body));
  }
  Result<void> destroy(KeyRole role, const KeyRef& key) override {
    return ask_nothing({.verb = Verb::destroy, .role = role, .key = key.id});
  }
  Result<KekInfo> describe_kek(const KeyRef& kek) override {
    COFFER_TRY(const Answer answer, ask({.verb = Verb::describe_kek, .key = kek.id}));
    return readable(decode_kek(answer.body));
  }
  Result<Bytes> wrap(const KeyRef& kek, const SecureBytes& data_key, ByteView aad) override {
    const ByteView data = data_key.expose(Reveal{"a data key goes to the token to be wrapped"});
    return ask_bytes({.verb = Verb::wrap, .key = kek.id, .context = aad, .data = data});
  }
  Result<SecureBytes> unwrap(const KeyRef& kek, ByteView wrapped, ByteView aad) override {
    // As the token would say, did it get to see it.
    if (wrapped.size() > kMaxCallData) {
      return make_error(ErrorCode::corrupt, "a wrapped key is longer than any that was wrapped");
    }
    return ask_secret({.verb = Verb::unwrap, .key = kek.id, .context = aad, .data = wrapped});
  }
  Result<Bytes> sign_digest(const KeyRef& key, const crypto::Sha256& digest) override {
    return ask_bytes({.verb = Verb::sign, .key = key.id, .data = digest});
  }
  Result<Bytes> public_key(const KeyRef& key) override {
    return ask_bytes({.verb = Verb::public_key, .key = key.id});
  }
  Result<SecureBytes> random(std::size_t size) override {
    if (size > kMaxRandomSize) {
      return make_error(ErrorCode::too_large, "too many random bytes asked of a token");
    }
    return ask_secret({.verb = Verb::random, .size = static_cast<std::uint32_t>(size)});
  }
  // Checked here too: what is over the protocol's limits would be refused with another code.
  Result<std::optional<Bytes>> read_data(std::string_view label) override {
    COFFER_CHECK(check_data_label(label));
    COFFER_TRY(const Answer answer, ask({.verb = Verb::read_data, .label = label}));
    return readable(decode_data(answer.body));
  }
  Result<void> write_data(std::string_view label, ByteView value) override {
    COFFER_CHECK(check_data(label, value));
    return ask_nothing({.verb = Verb::write_data, .label = label, .data = value});
  }
  bool dead() const override { return calls_.dead(); }

 private:
  struct Answer {
    SecureBytes packet;
    ByteView body;
  };

  /// From here until finish() the waiter stands in the table, whatever happens.
  Result<SecureBytes> exchange(CallTable::Waiter& waiter, const Call& call) {
    const bool slow = call.verb == Verb::generate || call.verb == Verb::write_data;
    const Instant deadline =
        std::chrono::steady_clock::now() + (slow ? call_deadline_ * kSlowFactor : call_deadline_);
    COFFER_TRY(const Parts parts, encode({waiter.id(), call}));
    if (const auto sent = socket_.send(parts.all(), deadline); !sent.ok()) {
      calls_.die(sent.error());
      return make_error(ErrorCode::unavailable, sent.error().text, sent.error().cause);
    }
    return calls_.await(waiter, deadline);
  }

  Result<Answer> ask(const Call& call) {
    COFFER_TRY(CallTable::Waiter* const waiter, calls_.begin());
    Result<SecureBytes> packet = exchange(*waiter, call);
    calls_.finish(*waiter);
    if (!packet.ok()) return std::move(packet).error();
    Answer answer{std::move(*packet), {}};
    Result<Reply> reply =
        decode_reply(answer.packet.expose(Reveal{"the answer of the token's worker is read"}));
    if (!reply.ok()) {
      calls_.die(malformed());
      return malformed();
    }
    if (reply->error) return *std::move(reply->error);
    answer.body = reply->body;
    return answer;
  }

  Result<void> ask_nothing(const Call& call) {
    COFFER_TRY(const Answer answer, ask(call));
    if (!answer.body.empty()) return malformed();
    return {};
  }
  Result<Bytes> ask_bytes(const Call& call) {
    COFFER_TRY(const Answer answer, ask(call));
    return to_bytes(answer.body);
  }
  Result<SecureBytes> ask_secret(const Call& call) {
    COFFER_TRY(const Answer answer, ask(call));
    return SecureBytes::copy_of(answer.body);
  }
  template <typename T>
  static Result<T> readable(Result<T> decoded) {
    if (!decoded.ok()) return malformed();
    return decoded;
  }

  const PacketSocket socket_;
  CallTable calls_;
  const std::chrono::milliseconds call_deadline_;
};

}  // namespace

Result<std::unique_ptr<RemoteToken>> RemoteToken::make(PacketSocket socket,
                                                       std::chrono::milliseconds call_deadline) {
  COFFER_TRY(SecureBytes buffer, SecureBytes::allocate(kMaxPacket));
  return std::unique_ptr<RemoteToken>(
      std::make_unique<OverSocket>(std::move(socket), std::move(buffer), call_deadline));
}

}  // namespace coffer::pkcs11
