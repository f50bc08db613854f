// An anchor as whoever can write the token's data objects would put it there.
#include <cstdlib>

#include "coffer/envelope/anchor.h"
#include "fakes/fake_token.h"

namespace {

using namespace coffer;
using namespace coffer::envelope;

struct Genuine {
  fakes::FakeToken token{{.seed = 1}};
  std::unique_ptr<Keyring> keyring = *Keyring::create(token, Uuid{{1}});
  Bytes stored = *sign_anchor({.node = {{2}}, .counter = 3}, *keyring);
};

}  // namespace

/// The input is taken twice: as an anchor, and as changes (position, value) to a genuine one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Genuine vault;
  Bytes changed = vault.stored;
  for (std::size_t i = 0; i + 1 < size; i += 2) changed[data[i] % changed.size()] ^= data[i + 1];
  if (open_anchor(changed, *vault.keyring).ok() != (changed == vault.stored)) std::abort();
  if (open_anchor(ByteView(data, size), *vault.keyring).ok()) std::abort();
  return 0;
}
