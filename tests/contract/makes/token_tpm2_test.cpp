#include "fakes/makes.h"
#include "tests/contract/token_contract.h"

namespace coffer::contract {
namespace {

struct Tpm2Subject {
  static constexpr bool kHoldsNoData = true;
  static constexpr bool kDestroysOnlyAfterReopening = true;
  Result<void> start() {
    COFFER_TRY(make, fakes::SoftwareTpm::create());
    COFFER_TRY(opened, make->open());
    return {};
  }
  Result<void> reopen() {
    opened.reset();
    COFFER_TRY(opened, make->open());
    return {};
  }
  pkcs11::Token& token() { return *opened; }
  std::unique_ptr<fakes::SoftwareTpm> make;
  std::unique_ptr<pkcs11::Token> opened;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Tpm2, TokenContract, Tpm2Subject);

}  // namespace
}  // namespace coffer::contract
