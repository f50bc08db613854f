// What the daemon and the supervisor say to a worker, and what it answers: one message a packet,
// docs/formats/worker-protocol.md. Whatever is secret stands last in a message, so that it goes
// from a SecureBytes to the socket, and from the packet to a SecureBytes, without a copy elsewhere.
#pragma once

#include <array>
#include <optional>
#include <variant>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

inline constexpr std::uint16_t kWorkerProtocol = 2;

inline constexpr std::size_t kMaxKeyId = 256;
inline constexpr std::size_t kMaxKeyLabel = 256;
inline constexpr std::size_t kMaxContext = 4096;
/// What a call carries last: a wrapped key, as a rule.
inline constexpr std::size_t kMaxCallData = std::size_t{56} << 10U;
inline constexpr std::size_t kMaxPin = 256;
inline constexpr std::size_t kMaxConfigText = 4096;
inline constexpr std::size_t kMaxErrorText = 1024;

/// Numbers are for ever: they stand in the format.
enum class Verb : std::uint8_t {
  hello = 1,
  open = 2,
  initialise = 3,
  info = 16,
  generate = 17,
  verify = 18,
  describe_kek = 19,
  wrap = 20,
  unwrap = 21,
  sign = 22,
  public_key = 23,
  random = 24,
  destroy = 25,
  read_data = 26,
  write_data = 27,
  attributes = 28,
  list_keys = 29,
};

// Views point into the packet, or at what the caller keeps until the message is sent.

struct Hello {
  std::uint16_t version = kWorkerProtocol;
};

/// Loads the module and logs in. Once in a worker's life.
struct Opening {
  TokenConfig config{};
  ByteView pin{};
};

/// Makes a token out of a blank one; the worker opens none afterwards.
struct Initialising {
  std::string module_path;
  std::string label;
  std::string sync_directory;
  ByteView so_pin{};
  ByteView user_pin{};
};

/// A call of the Token interface: what its verb doesn't need is empty.
struct Call {
  Verb verb = Verb::info;
  KeyRole role = KeyRole::kek;  ///< generate, verify, destroy, attributes
  ByteView key{};               ///< all but info, random, list_keys and those of data
  std::string_view label{};     ///< generate, read_data, write_data
  ByteView context{};           ///< wrap, unwrap
  std::uint32_t size = 0;       ///< random
  ByteView data{};  ///< wrap: the data key; unwrap: the wrapped one; sign: the digest; write_data
};

using Message = std::variant<Hello, Opening, Initialising, Call>;

struct Request {
  std::uint64_t id = 0;
  Message message{};
};

/// The parts of a packet, in order; secrets are views. Keep what was encoded until it is sent.
struct Parts {
  Bytes head;
  std::array<ByteView, 2> tail{};
  [[nodiscard]] std::array<ByteView, 3> all() const { return {head, tail[0], tail[1]}; }
};

/// too_large, or invalid_argument, if a field is over its limit.
[[nodiscard]] Result<Parts> encode(const Request& request);
/// corrupt.
[[nodiscard]] Result<Request> decode_request(ByteView packet);

struct Reply {
  std::uint64_t id = 0;
  std::optional<Error> error{};
  LoginOutcome login = LoginOutcome::not_tried;  ///< with an error
  ByteView body{};                               ///< without; depends on the verb
};

[[nodiscard]] Bytes encode_error(std::uint64_t id, const Error& error,
                                 LoginOutcome login = LoginOutcome::not_tried);
/// The body follows as it is; a secret one from where it lies.
[[nodiscard]] Bytes encode_ok(std::uint64_t id);
/// corrupt. An error's text is cut to its limit and freed of what can't stand in a log.
[[nodiscard]] Result<Reply> decode_reply(ByteView packet);

// Bodies that aren't just bytes.
[[nodiscard]] Bytes encode_info(const TokenInfo& info);
[[nodiscard]] Result<TokenInfo> decode_info(ByteView body);
[[nodiscard]] Bytes encode_attributes(const std::vector<KeyAttribute>& attributes);
[[nodiscard]] Result<std::vector<KeyAttribute>> decode_attributes(ByteView body);
[[nodiscard]] Bytes encode_listed(const ListedKeys& listed);
[[nodiscard]] Result<ListedKeys> decode_listed(ByteView body);
[[nodiscard]] Bytes encode_kek(const KekInfo& kek);
[[nodiscard]] Result<KekInfo> decode_kek(ByteView body);
[[nodiscard]] Bytes encode_data(const std::optional<Bytes>& value);
[[nodiscard]] Result<std::optional<Bytes>> decode_data(ByteView body);

}  // namespace coffer::pkcs11
