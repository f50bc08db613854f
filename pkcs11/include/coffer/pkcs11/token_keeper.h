// A token that heals: it notices that the open token died, opens it again behind its callers'
// backs, and tells how it is. docs/tokens.md, "When a token fails".
#pragma once

#include <atomic>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/mutex.h"
#include "coffer/pkcs11/token_source.h"

namespace coffer::pkcs11 {

enum class TokenState : std::uint8_t {
  up,        ///< works
  degraded,  ///< works, but failed a short while ago, is slow, or has few PIN tries left
  down,      ///< every call fails at once
};
[[nodiscard]] std::string_view to_string(TokenState state) noexcept;

struct TokenHealth {
  TokenState state = TokenState::up;
  std::string reason{};          ///< for people; empty when up
  WallTime since{};              ///< of this state
  bool trying = false;           ///< down, and being opened again by itself
  std::uint64_t reopenings = 0;  ///< that succeeded, since the vault was unsealed
  std::string wrap{};            ///< how the watched kek wraps (kWrap…)
  std::string last_error{};  ///< "CKR_DEVICE_REMOVED"; empty if none failed, or for another cause
};

struct KeeperOptions {
  std::chrono::milliseconds canary_every{1000};
  std::chrono::milliseconds slow{500};        ///< a canary that took longer: degraded
  std::chrono::milliseconds stalled{3000};    ///< one that is still out after this: down
  std::chrono::milliseconds first_pause{50};  ///< between attempts to open; doubles
  std::chrono::milliseconds longest_pause{2000};
  std::chrono::seconds recent{60};  ///< after a failure: degraded for so long
  std::chrono::minutes verify_every{60};
  std::chrono::seconds pin_tries_every{60};  ///< how often it is asked for those
  /// How long calls that are under way in a token that died may take to come back before it is
  /// opened again all the same.
  std::chrono::milliseconds drain{1000};
  /// Callers inside of the token at once. One more waits for `patience`, and not at all if none
  /// came back for so long: so a token that hangs doesn't hold up every worker of the daemon.
  std::size_t most_inside = 64;
  std::chrono::milliseconds patience{250};
};

/// Thread-safe. While the token is down every call gives `unavailable` with the reason at once and
/// nothing waits. What fails for the request's own sake is passed through; any other failure wakes
/// the keeper's thread, which asks the canary: if it opens, the token is well. Never does a caller
/// open the token, and never is a key that was there before `not_found`, nor a data object nullopt.
class TokenKeeper final : public Token {
 public:
  enum class Threads : std::uint8_t { own, none };
  struct Watched {
    KeyRole role{};
    KeyRef key;
  };

  /// `token` is what `source` opened last; `source` and `clock` outlive this. Without a thread of
  /// its own (tests) somebody calls tick(). Errors as Token::info().
  [[nodiscard]] static Result<std::unique_ptr<TokenKeeper>> make(TokenSource& source,
                                                                 std::unique_ptr<Token> token,
                                                                 const Clock& clock,
                                                                 const KeeperOptions& options = {},
                                                                 Threads threads = Threads::own);
  /// Waits for what its thread is doing: a canary, or an attempt to open.
  ~TokenKeeper() override;
  TokenKeeper(const TokenKeeper&) = delete;
  TokenKeeper& operator=(const TokenKeeper&) = delete;

  /// The keys that must be there, in place of those before: verified at each opening and every
  /// hour. The first kek wraps the canary, once. Before the first call the canary is info().
  [[nodiscard]] Result<void> watch(std::vector<Watched> keys) COFFER_EXCLUDES(mutex_);

  [[nodiscard]] TokenHealth health() const COFFER_EXCLUDES(mutex_);
  /// Of the token as it was when it was opened first.
  [[nodiscard]] const TokenInfo& identity() const noexcept { return identity_; }
  /// Whether what was read a while ago may still be served: always but when the token has been down
  /// for longer than `grace`. Takes no lock.
  [[nodiscard]] bool alive_within(std::chrono::nanoseconds grace) const noexcept;

  /// The vault was sealed: from now on the token isn't opened again, for it may be another's by
  /// then (its source has one at a time). Takes no lock.
  void let_go() const noexcept { let_go_ = true; }

  /// One round of the keeper's thread; gives how long it may sleep.
  std::chrono::nanoseconds tick() COFFER_EXCLUDES(mutex_);

  Result<TokenInfo> info() override;
  Result<void> generate(KeyRole role, const KeyRef& key, std::string_view label) override;
  Result<void> verify(KeyRole role, const KeyRef& key) override;
  Result<std::vector<KeyAttribute>> attributes(KeyRole role, const KeyRef& key) override;
  Result<ListedKeys> list_keys() override;
  Result<void> destroy(KeyRole role, const KeyRef& key) override;
  Result<KekInfo> describe_kek(const KeyRef& kek) override;
  Result<Bytes> wrap(const KeyRef& kek, const SecureBytes& data_key, ByteView aad) override;
  Result<SecureBytes> unwrap(const KeyRef& kek, ByteView wrapped, ByteView aad) override;
  Result<Bytes> sign_digest(const KeyRef& key, const crypto::Sha256& digest) override;
  Result<Bytes> public_key(const KeyRef& key) override;
  Result<SecureBytes> random(std::size_t size) override;
  Result<std::optional<Bytes>> read_data(std::string_view label) override;
  Result<void> write_data(std::string_view label, ByteView value) override;

 private:
  using TokenPointer = std::shared_ptr<Token>;
  using Key = std::pair<KeyRole, Bytes>;
  /// What a kek wrapped and must open for as long as it is the same key on a token that works.
  struct Canary {
    KeyRef kek;
    std::string algorithm;
    Bytes wrapped;
    SecureBytes plain;
  };
  class Condition;
  /// A caller inside of the token.
  class Lease final {
   public:
    Lease(TokenKeeper& keeper, TokenPointer token) : keeper_(&keeper), token_(std::move(token)) {}
    Lease(Lease&& other) noexcept
        : keeper_(std::exchange(other.keeper_, nullptr)), token_(std::move(other.token_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    [[nodiscard]] const TokenPointer& token() const noexcept { return token_; }

   private:
    TokenKeeper* keeper_;
    TokenPointer token_;
  };

  TokenKeeper(TokenSource& source, TokenPointer token, TokenInfo identity, const Clock& clock,
              const KeeperOptions& options);
  void run();

  [[nodiscard]] Result<Lease> lease() COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> wait_for_room() COFFER_REQUIRES(mutex_);
  void leave() COFFER_EXCLUDES(mutex_);
  template <typename Operation>
  auto with_token(Operation operation) -> decltype(operation(std::declval<Token&>()));
  template <typename Operation>
  auto with_key(KeyRole role, const KeyRef& key, Operation operation)
      -> decltype(operation(std::declval<Token&>()));
  [[nodiscard]] Error judge(const TokenPointer& token, Error error) COFFER_EXCLUDES(mutex_);
  void note_data(std::string_view label) COFFER_EXCLUDES(mutex_);
  void note_known(KeyRole role, const KeyRef& key) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] bool stalled() const noexcept;

  [[nodiscard]] std::chrono::nanoseconds watch_over(const TokenPointer& token);
  [[nodiscard]] std::chrono::nanoseconds heal();
  [[nodiscard]] Result<void> ask_canary(Token& token);
  void probe(const TokenPointer& token);
  void verify_all(Token& token);
  void look_at_pin_tries(Token& token) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> check_watched(Token& token);
  [[nodiscard]] Result<TokenPointer> open_again();
  /// `for_good`: what it was, if opening again can't help.
  void fall(const Error& error, std::string_view for_good = {}) COFFER_EXCLUDES(mutex_);
  void drain();

  TokenSource& source_;
  const TokenInfo identity_;
  const Clock& clock_;
  const KeeperOptions options_;

  mutable Mutex mutex_;
  CondVar wake_;
  TokenPointer token_ COFFER_GUARDED_BY(mutex_);  ///< null while down
  std::unique_ptr<Condition> condition_ COFFER_GUARDED_BY(mutex_);
  std::vector<Watched> watched_ COFFER_GUARDED_BY(mutex_);
  std::shared_ptr<const Canary> canary_ COFFER_GUARDED_BY(mutex_);
  std::set<Key> known_ COFFER_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> known_data_ COFFER_GUARDED_BY(mutex_);
  std::size_t inside_ COFFER_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point last_left_ COFFER_GUARDED_BY(mutex_);
  CondVar room_;
  bool suspected_ COFFER_GUARDED_BY(mutex_) = false;
  bool stopping_ COFFER_GUARDED_BY(mutex_) = false;
  // In nanoseconds of the clock's boottime; 0: not so.
  std::atomic<std::int64_t> down_since_{0};
  mutable std::atomic<bool> let_go_{false};
  std::atomic<std::int64_t> canary_out_since_{0};
  std::atomic<std::uint64_t> successes_{0};

  // Of the keeper's thread alone.
  TokenPointer retired_;  ///< died, may still have callers inside
  std::chrono::nanoseconds next_canary_{};
  std::chrono::nanoseconds next_verify_{};
  std::chrono::nanoseconds next_pin_tries_{};
  std::uint64_t successes_seen_ = 0;
  int exhausted_ = 0;  ///< canaries in a row that found no room on the token
  std::thread thread_;
};

}  // namespace coffer::pkcs11
