#include "fakes/fake_source.h"

#include <algorithm>

namespace coffer::fakes {

using pkcs11::KeyRef;
using pkcs11::KeyRole;

class FakeSource::Connection final : public pkcs11::Token {
 public:
  Connection(std::shared_ptr<FakeToken> device, std::shared_ptr<Wire> wire,
             std::shared_ptr<std::atomic<int>> alive)
      : device_(std::move(device)), wire_(std::move(wire)), alive_(std::move(alive)) {
    ++*alive_;
  }
  ~Connection() override { --*alive_; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<pkcs11::TokenInfo> info() override {
    COFFER_CHECK(wire_->carries());
    return device_->info();
  }
  Result<void> generate(KeyRole role, const KeyRef& key, std::string_view label) override {
    COFFER_CHECK(wire_->carries());
    return device_->generate(role, key, label);
  }
  Result<void> verify(KeyRole role, const KeyRef& key) override {
    COFFER_CHECK(wire_->carries());
    return device_->verify(role, key);
  }
  Result<std::vector<pkcs11::KeyAttribute>> attributes(KeyRole role, const KeyRef& key) override {
    COFFER_CHECK(wire_->carries());
    return device_->attributes(role, key);
  }
  Result<pkcs11::ListedKeys> list_keys() override {
    COFFER_CHECK(wire_->carries());
    return device_->list_keys();
  }
  Result<void> destroy(KeyRole role, const KeyRef& key) override {
    COFFER_CHECK(wire_->carries());
    return device_->destroy(role, key);
  }
  Result<pkcs11::KekInfo> describe_kek(const KeyRef& kek) override {
    COFFER_CHECK(wire_->carries());
    return device_->describe_kek(kek);
  }
  Result<Bytes> wrap(const KeyRef& kek, const SecureBytes& data_key, ByteView aad) override {
    COFFER_CHECK(wire_->carries());
    return device_->wrap(kek, data_key, aad);
  }
  Result<SecureBytes> unwrap(const KeyRef& kek, ByteView wrapped, ByteView aad) override {
    COFFER_CHECK(wire_->carries());
    return device_->unwrap(kek, wrapped, aad);
  }
  Result<Bytes> sign_digest(const KeyRef& key, const crypto::Sha256& digest) override {
    COFFER_CHECK(wire_->carries());
    return device_->sign_digest(key, digest);
  }
  Result<Bytes> public_key(const KeyRef& key) override {
    COFFER_CHECK(wire_->carries());
    return device_->public_key(key);
  }
  Result<SecureBytes> random(std::size_t size) override {
    COFFER_CHECK(wire_->carries());
    return device_->random(size);
  }
  Result<std::optional<Bytes>> read_data(std::string_view label) override {
    COFFER_CHECK(wire_->carries());
    return device_->read_data(label);
  }
  Result<void> write_data(std::string_view label, ByteView value) override {
    COFFER_CHECK(wire_->carries());
    return device_->write_data(label, value);
  }

 private:
  const std::shared_ptr<FakeToken> device_;
  const std::shared_ptr<Wire> wire_;
  const std::shared_ptr<std::atomic<int>> alive_;
};

Result<std::unique_ptr<pkcs11::Token>> FakeSource::connect() {
  if (exclusive_ && *alive_ > 0) {
    return make_error(ErrorCode::conflict, "the token's module is already in use");
  }
  wire_ = std::make_shared<Wire>();
  auto connection = std::make_unique<Connection>(device_, wire_, alive_);
  COFFER_CHECK(connection->info());  // a device that was pulled can't be opened
  return std::unique_ptr<pkcs11::Token>(std::move(connection));
}

Result<std::unique_ptr<pkcs11::Token>> FakeSource::open(const pkcs11::TokenConfig& /*config*/,
                                                        const SecureBytes& /*pin*/) {
  const MutexLock lock(mutex_);
  forgotten_ = false;
  return connect();
}

Result<std::unique_ptr<pkcs11::Token>> FakeSource::reopen() {
  const std::size_t call = ++reopens_;
  const MutexLock lock(mutex_);
  const auto fault = std::find_if(faults_.begin(), faults_.end(),
                                  [call](const Fault& each) { return each.at == call; });
  if (fault != faults_.end()) return fault->error;
  if (forgotten_) {
    return make_error(ErrorCode::precondition, "there is no PIN to open the token again with");
  }
  return connect();
}

void FakeSource::forget() {
  const MutexLock lock(mutex_);
  forgotten_ = true;
}

void FakeSource::fail_reopen(std::size_t n, Error error) {
  const MutexLock lock(mutex_);
  faults_.push_back({reopens_ + n, std::move(error)});
}

void FakeSource::cut() {
  cut(make_error(ErrorCode::unavailable, "the token is away or doesn't answer",
                 "C_Decrypt: CKR_DEVICE_REMOVED"));
}

void FakeSource::cut(Error error) {
  const MutexLock lock(mutex_);
  wire_->cut(std::move(error));
}

void FakeSource::exchange(std::shared_ptr<FakeToken> device) {
  const MutexLock lock(mutex_);
  device_ = std::move(device);
}

}  // namespace coffer::fakes
