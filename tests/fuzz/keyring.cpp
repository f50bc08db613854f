// The stored keyring as an attacker with the disk would write it. The signature is checked first in
// the daemon; here the parsers behind it are fed directly as well.
#include <cstdlib>

#include "coffer/envelope/keyring.h"
#include "fakes/fake_token.h"
#include "src/envelope/keyring_format.h"

namespace {

using namespace coffer;
using namespace coffer::envelope;

struct Genuine {
  fakes::FakeToken token{{.seed = 1}};
  std::unique_ptr<Keyring> keyring = *Keyring::create(token, Uuid{{1}});
  Bytes stored = *keyring->store();
};

Genuine& genuine() {
  static Genuine instance;
  return instance;
}

}  // namespace

/// The input is taken twice: as a body, and as changes (position, value) to a genuine keyring.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Genuine& vault = genuine();
  Bytes changed = vault.stored;
  for (std::size_t i = 0; i + 2 < size; i += 3) {
    changed[(data[i] * 256U + data[i + 1]) % changed.size()] ^= data[i + 2];
  }
  const auto opened = Keyring::open(vault.token, changed, vault.keyring->public_key());
  if (opened.ok() != (changed == vault.stored)) std::abort();
  const ByteView input(data, size);
  if (const auto split = split_keyring(input, 64); split.ok()) {
    static_cast<void>(parse_keyring(split->body).ok());
  }
  if (const auto parsed = parse_keyring(input); parsed.ok()) {
    static_cast<void>(open_keys(*parsed, Bytes(kKeyringKeySize, 1)).ok());
  }
  return 0;
}
