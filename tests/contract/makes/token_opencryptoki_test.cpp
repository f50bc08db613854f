#include "fakes/makes.h"
#include "tests/contract/token_contract.h"

namespace coffer::contract {
namespace {

struct OpenCryptokiSubject {
  Result<void> start() {
    COFFER_TRY(make, fakes::OpenCryptokiSlot::create());
    COFFER_TRY(opened, make->open());
    return {};
  }
  Result<void> reopen() {
    opened.reset();
    COFFER_TRY(opened, make->open());
    return {};
  }
  pkcs11::Token& token() { return *opened; }
  std::unique_ptr<fakes::OpenCryptokiSlot> make;
  std::unique_ptr<pkcs11::Token> opened;
};

INSTANTIATE_TYPED_TEST_SUITE_P(OpenCryptoki, TokenContract, OpenCryptokiSubject);

}  // namespace
}  // namespace coffer::contract
