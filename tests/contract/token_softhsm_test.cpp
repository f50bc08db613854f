#include "fakes/softhsm.h"
#include "token_contract.h"

namespace coffer::contract {
namespace {

template <const std::string_view& profile>
struct SoftHsmSubject {
  Result<void> start() {
    COFFER_TRY(directory, fakes::SoftHsmDirectory::create());
    return reopen();
  }
  Result<void> reopen() {
    opened.reset();
    pkcs11::TokenConfig config = directory->config();
    config.profile = profile;
    COFFER_TRY(opened, pkcs11::open_token(config, directory->pin()));
    return {};
  }
  pkcs11::Token& token() { return *opened; }
  std::unique_ptr<fakes::SoftHsmDirectory> directory;
  std::unique_ptr<pkcs11::Token> opened;
};

constexpr std::string_view kAuto = "auto";
constexpr std::string_view kOaep = "generic-oaep-sha1";
INSTANTIATE_TYPED_TEST_SUITE_P(SoftHsm, TokenContract, SoftHsmSubject<kAuto>);
INSTANTIATE_TYPED_TEST_SUITE_P(SoftHsmOaep, TokenContract, SoftHsmSubject<kOaep>);

}  // namespace
}  // namespace coffer::contract
