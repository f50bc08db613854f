#include "coffer/base/mutex.h"
#include "coffer/pkcs11/token_source.h"

namespace coffer::pkcs11 {
namespace {

class InProcessSource final : public TokenSource {
 public:
  Result<std::unique_ptr<Token>> open(const TokenConfig& config, const SecureBytes& pin) override {
    const MutexLock lock(mutex_);
    COFFER_TRY(auto token, open_token(config, pin));
    COFFER_TRY(pin_, SecureBytes::copy_of(pin.expose(Reveal{"kept to open the token again"})));
    config_ = config;
    return token;
  }

  Result<std::unique_ptr<Token>> reopen() override {
    const MutexLock lock(mutex_);
    if (pin_.empty()) {
      return make_error(ErrorCode::precondition, "there is no PIN to open the token again with");
    }
    auto token = open_token(config_, pin_);
    if (!token.ok() && token.error().code == ErrorCode::permission_denied) pin_ = {};
    return token;
  }

  void forget() override {
    const MutexLock lock(mutex_);
    pin_ = {};
  }

 private:
  Mutex mutex_;
  TokenConfig config_ COFFER_GUARDED_BY(mutex_);
  SecureBytes pin_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<TokenSource> in_process_source() { return std::make_unique<InProcessSource>(); }

}  // namespace coffer::pkcs11
