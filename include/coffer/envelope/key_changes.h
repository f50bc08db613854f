// What changes the keys of an open vault. Each change makes what it needs on the token, proves it,
// stores the keyring anew in one transaction, and counts from then on: for the next record that is
// sealed, without a pause for those that are under way (docs/keys.md).
#pragma once

#include "coffer/envelope/keyring.h"

namespace coffer::envelope {

/// A further token, as a ceremony at that token wrote it down. RSA alone: what is wrapped to it is
/// wrapped on the host, and it need not be there (docs/decisions).
struct Enrolment {
  Uuid vault;
  std::string serial;
  std::string label;
  std::string algorithm;  ///< kWrapRsaOaep…
  Bytes kek_public_key;
  Bytes sign_public_key;
  Bytes signature;  ///< by the new token's sign key, over enrolment_message()
};
[[nodiscard]] std::string enrolment_message(const Enrolment& enrolment);
/// invalid_argument, naming the part that is wrong.
[[nodiscard]] Result<void> check_enrolment(const Enrolment& enrolment, const Uuid& vault);

/// Thread-safe; one change at a time, another gives `unavailable`. All of them commit by
/// themselves: the caller's request line is on disk before (audit::Ticket::make_durable). After a
/// crash at any step the old keys are in force or the new ones; what was left on the token is taken
/// up by the next change. Each makes rows of before stale: their recipients are completed by a
/// rewrap.
class KeyChanges {
 public:
  virtual ~KeyChanges() = default;

  /// A new version of the kek of the token at hand; gives its number.
  [[nodiscard]] virtual Result<std::uint32_t> rotate_kek(WallTime now) = 0;
  /// invalid_argument for `name`: rows would have to move.
  [[nodiscard]] virtual Result<std::uint32_t> rotate(KeyName name, WallTime now) = 0;
  /// Announced under the signature of the version before.
  [[nodiscard]] virtual Result<std::uint32_t> rotate_sign(WallTime now) = 0;
  /// Destroys an old kek of the token at hand. Precondition: nothing refers to it. `precondition`
  /// if it isn't an old version.
  [[nodiscard]] virtual Result<void> retire_kek(std::uint32_t version, WallTime now) = 0;

  [[nodiscard]] virtual Result<Uuid> enrol(const Enrolment& enrolment, WallTime now) = 0;
  /// Not that at hand. Precondition: nothing depends on it alone.
  [[nodiscard]] virtual Result<void> retire_token(const Uuid& token, WallTime now) = 0;
  /// The token at hand becomes the one that signs. Does nothing if it is.
  [[nodiscard]] virtual Result<void> take_over(WallTime now) = 0;
};

}  // namespace coffer::envelope
