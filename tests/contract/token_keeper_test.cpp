// A kept token is a Token: nothing of what one promises is lost on the way.
#include "coffer/pkcs11/token_keeper.h"

#include "fakes/fake_source.h"
#include "fakes/softhsm.h"
#include "token_contract.h"

namespace coffer::contract {
namespace {

struct KeptSoftHsm {
  Result<void> start() {
    COFFER_TRY(directory, fakes::SoftHsmDirectory::create());
    return reopen();
  }
  Result<void> reopen() {
    keeper.reset();
    COFFER_TRY(auto opened, source->open(directory->config(), directory->pin()));
    COFFER_TRY(keeper, pkcs11::TokenKeeper::make(*source, std::move(opened), system_clock()));
    return {};
  }
  pkcs11::Token& token() { return *keeper; }
  std::unique_ptr<fakes::SoftHsmDirectory> directory;
  std::unique_ptr<pkcs11::TokenSource> source = pkcs11::in_process_source();
  std::unique_ptr<pkcs11::TokenKeeper> keeper;
};

struct KeptFake {
  Result<void> start() { return reopen(); }
  Result<void> reopen() {
    keeper.reset();
    COFFER_TRY(auto opened, source.open({}, {}));
    COFFER_TRY(keeper, pkcs11::TokenKeeper::make(source, std::move(opened), system_clock()));
    return {};
  }
  pkcs11::Token& token() { return *keeper; }
  fakes::FakeSource source{std::make_shared<fakes::FakeToken>()};
  std::unique_ptr<pkcs11::TokenKeeper> keeper;
};

INSTANTIATE_TYPED_TEST_SUITE_P(KeptSoftHsm, TokenContract, KeptSoftHsm);
INSTANTIATE_TYPED_TEST_SUITE_P(KeptFake, TokenContract, KeptFake);

}  // namespace
}  // namespace coffer::contract
