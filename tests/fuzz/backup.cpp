// Backups as whoever can write to the file would have them: read whole, once as they come and once
// as changes to a genuine one. Only the untouched one may be taken for whole.
#include <algorithm>
#include <cstdlib>

#include "coffer/backup/reader.h"
#include "coffer/backup/writer.h"
#include "fakes/soft_signer.h"

namespace {

using namespace coffer;
using namespace coffer::backup;

fakes::SoftSigner& signer() {
  static fakes::SoftSigner fixed(5);
  return fixed;
}

const Bytes& genuine() {
  static const Bytes file = [] {
    Bytes out;
    BackupWriter writer([&out](ByteView bytes) -> Result<void> {
      out.insert(out.end(), bytes.begin(), bytes.end());
      return {};
    });
    const bool written =
        writer.begin({.vault = Uuid{{7}}, .node = Uuid{{9}}, .created = {}, .sequence = 9}).ok() &&
        writer.add({"a", 1, "first"}).ok() && writer.add({"b", 9, std::string(200, 'x')}).ok() &&
        writer.finish(signer()).ok();
    if (!written) std::abort();
    return out;
  }();
  return file;
}

bool whole(ByteView bytes) {
  return verify(
             [bytes](MutableByteView out) mutable -> Result<std::size_t> {
               const std::size_t size = std::min(out.size(), bytes.size());
               std::copy_n(bytes.begin(), size, out.begin());
               bytes = bytes.subspan(size);
               return size;
             },
             signer().public_key())
      .ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView plain(data, size);
  const bool same = std::equal(plain.begin(), plain.end(), genuine().begin(), genuine().end());
  if (whole(plain) != same) std::abort();
  Bytes changed = genuine();
  for (std::size_t i = 0; i + 2 < size; i += 3) {
    const std::size_t at = (data[i] * 256U + data[i + 1]) % changed.size();
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ data[i + 2]);
  }
  if (whole(changed) != (changed == genuine())) std::abort();
  return 0;
}
