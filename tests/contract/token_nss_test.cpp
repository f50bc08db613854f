#include "fakes/makes.h"
#include "token_contract.h"

namespace coffer::contract {
namespace {

struct NssSubject {
  static constexpr bool kHoldsNoData = true;
  Result<void> start() {
    COFFER_TRY(make, fakes::NssDatabase::create());
    COFFER_TRY(opened, make->open());
    return {};
  }
  Result<void> reopen() {
    opened.reset();
    COFFER_TRY(opened, make->open());
    return {};
  }
  pkcs11::Token& token() { return *opened; }
  std::unique_ptr<fakes::NssDatabase> make;
  std::unique_ptr<pkcs11::Token> opened;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Nss, TokenContract, NssSubject);

}  // namespace
}  // namespace coffer::contract
