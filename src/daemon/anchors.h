// Keeps the vault's anchor on its token: written at a bounded rate while the vault is open, and
// looked at before each write, for a second copy of the vault would write it too. docs/keys.md,
// docs/formats/anchor.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "coffer/audit/log.h"
#include "coffer/base/mutex.h"
#include "coffer/core/anchor_status.h"
#include "coffer/core/unsealed.h"
#include "coffer/envelope/anchor.h"

namespace coffer::daemon {

/// Thread-safe. Store, log and clock outlive it.
class Anchors final {
 public:
  struct Parts {
    store::Store& store;
    audit::Log& log;
    const Clock& clock;
    /// Lines that the log took survive a power cut; if not, anchors don't tell of it.
    bool log_survives = true;
  };
  /// nullptr: the vault is sealed, and nothing is written.
  using Source = std::function<std::shared_ptr<core::Unsealed>()>;
  /// Called on the thread; it may seal the vault.
  using OnSecondCopy = std::function<void(const Error&)>;
  enum class Threads : std::uint8_t { own, none };

  static constexpr std::chrono::seconds kAuthorityPause{10};
  static constexpr std::chrono::minutes kPause{5};
  static constexpr std::chrono::seconds kRetryPause{10};

  /// `incarnation`: random, of this process.
  Anchors(const Parts& parts, const Uuid& incarnation);
  /// Ends the thread, which writes a last time.
  ~Anchors();
  Anchors(const Anchors&) = delete;
  Anchors& operator=(const Anchors&) = delete;

  /// What the token has, before the vault is served: what is there now is no second copy's later.
  /// Of a make of token that holds none: nothing.
  [[nodiscard]] Result<envelope::AnchorsFound> look(pkcs11::Token& token,
                                                    const envelope::Keyring& keyring)
      COFFER_EXCLUDES(mutex_);
  /// The store that is there is the one from now on, whatever the token has.
  [[nodiscard]] Result<void> replace(core::Unsealed& vault) COFFER_EXCLUDES(mutex_);

  /// From now on anchors are written by themselves. Without a thread of its own (tests) somebody
  /// calls round().
  void start(Source source, OnSecondCopy on_second_copy, Threads threads = Threads::own);
  /// The vault was sealed: writes a last time, and lets go of it. False: it isn't done within
  /// `patience`; it will be all the same.
  bool part(std::shared_ptr<core::Unsealed> sealed, std::chrono::milliseconds patience)
      COFFER_EXCLUDES(mutex_);
  /// What look() found, or what was written since. Waits for a write that is under way.
  [[nodiscard]] std::optional<envelope::Anchor> known() const COFFER_EXCLUDES(mutex_);
  /// The newest that is known; 0: of none.
  [[nodiscard]] std::uint64_t epoch() const COFFER_EXCLUDES(mutex_);
  [[nodiscard]] core::AnchorStatus status() const COFFER_EXCLUDES(mutex_);
  /// One round of the thread.
  void round() COFFER_EXCLUDES(mutex_);

 private:
  /// How far what an anchor tells of had come.
  struct Mark {
    std::uint64_t sequence = 0;
    std::uint64_t lines = 0;
    std::uint64_t authority = 0;
    bool operator==(const Mark&) const = default;
  };
  void run();
  [[nodiscard]] bool wait() COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<bool> is_due(const core::Unsealed& vault, bool last) COFFER_EXCLUDES(mutex_);
  void attend(core::Unsealed& vault, bool last) COFFER_EXCLUDES(mutex_);
  void found(const Error& error) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> write(core::Unsealed& vault, bool whatever_is_there)
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> put(core::Unsealed& vault, std::uint64_t counter)
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> expect_ours(const envelope::AnchorsFound& found)
      COFFER_REQUIRES(mutex_);
  [[nodiscard]] bool tell(const envelope::Anchor& anchor, ByteView stored);
  [[nodiscard]] Result<Mark> mark_of(const core::Unsealed& vault) const COFFER_EXCLUDES(mutex_);

  const Parts parts_;
  const Uuid incarnation_;
  Source source_;
  OnSecondCopy on_second_copy_;

  mutable Mutex writing_;  ///< one writer at a time; taken before mutex_
  mutable Mutex mutex_;
  CondVar wake_;
  CondVar parted_;
  /// The newest that is known to be on the token.
  std::optional<envelope::Anchor> known_ COFFER_GUARDED_BY(mutex_);
  /// Lines that told of anchors: they make none due, or an idle vault would write for ever.
  std::uint64_t own_lines_ COFFER_GUARDED_BY(mutex_) = 0;
  std::optional<Mark> written_ COFFER_GUARDED_BY(mutex_);  ///< since the vault was opened
  std::chrono::nanoseconds tried_ COFFER_GUARDED_BY(mutex_){0};
  core::AnchorStatus status_ COFFER_GUARDED_BY(mutex_);
  bool lost_ COFFER_GUARDED_BY(mutex_) = false;  ///< to a second copy
  std::shared_ptr<core::Unsealed> parting_ COFFER_GUARDED_BY(mutex_);
  std::uint64_t parts_asked_ COFFER_GUARDED_BY(mutex_) = 0;
  std::uint64_t parts_done_ COFFER_GUARDED_BY(mutex_) = 0;
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace coffer::daemon
