// Which PINs were tried on which token, on disk before each try, so that no number of restarts
// tries a wrong PIN twice. docs/formats/pin-attempts.md; decision 0014 says why.
#pragma once

#include <functional>
#include <vector>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/scrypt.h"
#include "coffer/pkcs11/packet_socket.h"

namespace coffer::token_process {

/// Over a file that others open for us (it is the daemon's), or over memory, which lasts as long as
/// this process. Not thread-safe. Errors: `unavailable`, the file can't be read or made durable:
/// then no PIN may be tried.
class PinAttempts final {
 public:
  [[nodiscard]] static Result<PinAttempts> over(pkcs11::FileDescriptor file);
  [[nodiscard]] static Result<PinAttempts> in_memory();

  enum class Verdict {
    untried,
    unfinished,  ///< tried, and the outcome was never written: it may have been refused
    refused,     ///< or so many were that none more is tried
  };
  /// `token` is a digest of what names the token. What comes after is about this token and PIN.
  /// Takes some 50 ms and 16 MiB for each PIN that is new to this object.
  [[nodiscard]] Result<Verdict> look_up(const crypto::Sha256& token, const SecureBytes& pin);

  void forget_pin() { pin_ = {}; }

  // Durable when they return.
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> refuse();
  /// It wasn't tried after all: as before begin().
  [[nodiscard]] Result<void> withdraw();
  /// It was right: nothing is kept of the token.
  [[nodiscard]] Result<void> clear();

 private:
  using Salt = std::array<std::uint8_t, 16>;
  enum class State : std::uint8_t { begun = 1, refused = 2 };
  struct Record {
    State state = State::begun;
    crypto::ScryptCost cost{};
    Salt salt{};
    crypto::Sha256 token{};
    crypto::Sha256 mark{};
  };

  explicit PinAttempts(pkcs11::FileDescriptor file) : file_(std::move(file)) {}
  [[nodiscard]] static Bytes encode_body(const Record& record);
  [[nodiscard]] static Result<Bytes> encode(const Record& record);
  [[nodiscard]] static Result<Record> decode(ByteView bytes);
  [[nodiscard]] Result<std::vector<Record>> read() const;
  [[nodiscard]] Result<void> write(const std::vector<Record>& records, std::size_t from) const;
  [[nodiscard]] Result<void> append(State state) const;
  [[nodiscard]] Result<void> remove(const std::function<bool(const Record&)>& unwanted) const;
  [[nodiscard]] Result<void> take_mark(const Salt& salt, const crypto::ScryptCost& cost,
                                       const SecureBytes& pin);

  pkcs11::FileDescriptor file_;
  Record current_{};
  SecureBytes pin_;  ///< whose mark `current_` holds
};

}  // namespace coffer::token_process
