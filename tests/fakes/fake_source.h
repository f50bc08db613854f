// A TokenSource over a FakeToken that stands for the device: what it opens are connections to it,
// which can die while the device is well, as sessions and modules do.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "coffer/pkcs11/token_source.h"
#include "fakes/fake_token.h"

namespace coffer::fakes {

/// Thread-safe.
class FakeSource final : public pkcs11::TokenSource {
 public:
  explicit FakeSource(std::shared_ptr<FakeToken> device) : device_(std::move(device)) {}

  Result<std::unique_ptr<pkcs11::Token>> open(const pkcs11::TokenConfig& config,
                                              const SecureBytes& pin) override;
  Result<std::unique_ptr<pkcs11::Token>> reopen() override;
  void forget() override;

  /// The nth reopen() from now (1 is the next) fails with `error`, once.
  void fail_reopen(std::size_t n, Error error);
  /// All that is open is dead from now on; a reopening gives a live one.
  void cut();
  /// As cut(), with this error.
  void cut(Error error);
  /// Another device answers from the next reopen() on.
  void exchange(std::shared_ptr<FakeToken> device);
  /// Refuses to open while a token that it gave is alive, as a module in this process does.
  void one_at_a_time() { exclusive_ = true; }

  [[nodiscard]] std::size_t reopenings() const { return reopens_; }  ///< attempts
  [[nodiscard]] int alive() const { return *alive_; }

 private:
  class Connection;
  /// Between a connection and the device.
  class Wire {
   public:
    [[nodiscard]] Result<void> carries() const {
      const MutexLock lock(mutex_);
      return error_ ? Result<void>(*error_) : Result<void>();
    }
    void cut(Error error) {
      const MutexLock lock(mutex_);
      error_ = std::move(error);
    }

   private:
    mutable Mutex mutex_;
    std::optional<Error> error_ COFFER_GUARDED_BY(mutex_);
  };
  struct Fault {
    std::size_t at = 0;
    Error error;
  };
  Result<std::unique_ptr<pkcs11::Token>> connect() COFFER_REQUIRES(mutex_);

  Mutex mutex_;
  std::shared_ptr<FakeToken> device_ COFFER_GUARDED_BY(mutex_);
  std::shared_ptr<Wire> wire_ COFFER_GUARDED_BY(mutex_) = std::make_shared<Wire>();
  std::vector<Fault> faults_ COFFER_GUARDED_BY(mutex_);
  bool forgotten_ COFFER_GUARDED_BY(mutex_) = false;
  std::atomic<bool> exclusive_{false};
  std::atomic<std::size_t> reopens_{0};
  const std::shared_ptr<std::atomic<int>> alive_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace coffer::fakes
