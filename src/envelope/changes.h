// KeyChanges over one open keyring. Private to the room.
#pragma once

#include "coffer/base/mutex.h"
#include "sealing.h"

namespace coffer::envelope {

class Changes final : public KeyChanges {
 public:
  struct Parts {
    Keyring& keyring;
    pkcs11::Token& token;
    store::Store& store;
    Sealings& sealings;
  };
  explicit Changes(const Parts& parts) : parts_(parts) {}

  Result<std::uint32_t> rotate_kek(WallTime now) override;
  Result<std::uint32_t> rotate(KeyName name, WallTime now) override;
  Result<std::uint32_t> rotate_sign(WallTime now) override;
  Result<void> retire_kek(std::uint32_t version, WallTime now) override;
  Result<Uuid> enrol(const Enrolment& enrolment, WallTime now) override;
  Result<void> retire_token(const Uuid& token, WallTime now) override;
  Result<void> take_over(WallTime now) override;
  void end() COFFER_EXCLUDES(committing_);

  /// As rotate_kek() and rotate_sign(), onto a version above `past`, of a key that is made now.
  [[nodiscard]] Result<std::uint32_t> rotate_kek_past(std::uint32_t past, WallTime now);
  [[nodiscard]] Result<std::uint32_t> rotate_sign_past(std::uint32_t past, WallTime now);
  [[nodiscard]] const Keyring& keyring() const noexcept { return parts_.keyring; }

 private:
  using Next = std::unique_ptr<KeyringState>;
  class Turn;

  /// A new version of a key of the token at hand, or one that a change which was cut short left
  /// there: in both cases it is proven before this returns.
  [[nodiscard]] Result<void> make_key(pkcs11::KeyRole role, const pkcs11::KeyRef& key,
                                      const std::string& label);
  /// Never one that is there. Gives its version, which is above `past`.
  [[nodiscard]] Result<std::uint32_t> make_fresh(pkcs11::KeyRole role, std::uint32_t past);
  [[nodiscard]] Result<std::uint32_t> put_kek(Next next, std::uint32_t version, WallTime now);
  [[nodiscard]] Result<std::uint32_t> put_sign(Next next, std::uint32_t version, WallTime now);
  [[nodiscard]] Result<void> prove_kek(std::uint32_t version);
  /// Seals, stores, and puts it in force. `counter`: of a kek that is new with it.
  [[nodiscard]] Result<void> commit(Next next, WallTime now,
                                    std::optional<WrapCounter::Fresh> counter = std::nullopt);
  [[nodiscard]] Result<void> put(store::Transaction transaction) COFFER_EXCLUDES(committing_);

  const Parts parts_;
  std::atomic<bool> busy_{false};
  Mutex committing_;
  bool ended_ COFFER_GUARDED_BY(committing_) = false;
};

}  // namespace coffer::envelope
