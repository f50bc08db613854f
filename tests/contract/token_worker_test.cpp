#include "coffer/pkcs11/supervisor.h"
#include "fakes/softhsm.h"
#include "token_contract.h"

namespace coffer::contract {
namespace {

/// A real worker, started by a real supervisor.
struct WorkerSubject {
  Result<void> start() {
    COFFER_TRY(directory, fakes::SoftHsmDirectory::create());
    pkcs11::SupervisorConfig config;
    COFFER_TRY(config.program, pkcs11::program_beside_this("coffer-token"));
    COFFER_TRY(supervisor, pkcs11::Supervisor::start(config));
    source = supervisor->source();
    COFFER_TRY(opened, source->open(directory->config(), directory->pin()));
    return {};
  }
  Result<void> reopen() {
    opened.reset();
    COFFER_TRY(opened, source->open(directory->config(), directory->pin()));
    return {};
  }
  pkcs11::Token& token() { return *opened; }
  std::unique_ptr<fakes::SoftHsmDirectory> directory;
  std::unique_ptr<pkcs11::Supervisor> supervisor;
  std::unique_ptr<pkcs11::TokenSource> source;
  std::unique_ptr<pkcs11::Token> opened;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Worker, TokenContract, WorkerSubject);

}  // namespace
}  // namespace coffer::contract
