#include "fakes/softhsm.h"
#include "token_contract.h"

namespace coffer::contract {
namespace {

struct SoftHsmSubject {
  Result<void> start() {
    COFFER_TRY(directory, fakes::SoftHsmDirectory::create());
    COFFER_TRY(opened, directory->open());
    return {};
  }
  pkcs11::Token& token() { return *opened; }
  std::unique_ptr<fakes::SoftHsmDirectory> directory;
  std::unique_ptr<pkcs11::Token> opened;
};

INSTANTIATE_TYPED_TEST_SUITE_P(SoftHsm, TokenContract, SoftHsmSubject);

}  // namespace
}  // namespace coffer::contract
