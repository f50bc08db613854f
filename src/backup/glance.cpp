#include "coffer/backup/glance.h"

#include <algorithm>

#include "coffer/backup/reader.h"
#include "parts.h"

namespace coffer::backup {
namespace {

/// Far more than a header has, or a trailer with keys of RSA.
constexpr std::size_t kLook = std::size_t{16} << 10U;
constexpr std::size_t kBeforeBody = 1 + 4;    ///< of a trailer: its tag and a length
constexpr std::size_t kCountsBefore = 8 + 8;  ///< rows and chunks

Result<Bytes> read_part(File& file, std::uint64_t from, std::uint64_t size) {
  Bytes part(std::min<std::uint64_t>(size, kLook));
  std::size_t got = 0;
  while (got < part.size()) {
    COFFER_TRY(const std::size_t more,
               file.read_at(from + got, MutableByteView(part).subspan(got)));
    if (more == 0) break;
    got += more;
  }
  part.resize(got);
  return part;
}

/// A trailer says how many bytes are before it, and goes to the end of the file: no other place
/// does both.
bool is_trailer(ByteView rest, std::uint64_t before) {
  Reader reader(rest);
  const auto tag = reader.u8();
  const auto length = reader.u32();
  if (!tag.ok() || *tag != kTrailerTag || !length.ok() || *length != reader.remaining()) {
    return false;
  }
  if (!reader.raw(kCountsBefore).ok()) return false;
  const auto claimed = reader.u64();
  return claimed.ok() && *claimed == before;
}

bool ends_in_trailer(ByteView end, std::uint64_t size) {
  for (std::size_t at = 0; at + kBeforeBody <= end.size(); ++at) {
    const ByteView rest = end.subspan(at);
    if (is_trailer(rest, size - rest.size())) return true;
  }
  return false;
}

}  // namespace

Result<Glance> glance(File& file) {
  Glance seen;
  COFFER_TRY(seen.bytes, file.size());
  COFFER_TRY(const Bytes head, read_part(file, 0, seen.bytes));
  Source source = [rest = ByteView(head)](MutableByteView out) mutable -> Result<std::size_t> {
    const std::size_t size = std::min(out.size(), rest.size());
    std::copy_n(rest.begin(), size, out.begin());
    rest = rest.subspan(size);
    return size;
  };
  COFFER_TRY(const BackupReader reader, BackupReader::open(std::move(source)));
  seen.header = reader.header();
  const std::uint64_t end_at = seen.bytes - std::min<std::uint64_t>(seen.bytes, kLook);
  COFFER_TRY(const Bytes end, read_part(file, end_at, seen.bytes - end_at));
  if (ends_in_trailer(end, seen.bytes)) return seen;
  return make_error(ErrorCode::corrupt, "the backup's end isn't there: it was cut or changed");
}

}  // namespace coffer::backup
