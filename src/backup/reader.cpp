#include "coffer/backup/reader.h"

#include <algorithm>
#include <array>

#include "coffer/crypto/signer.h"
#include "parts.h"

namespace coffer::backup {
namespace {

Error damaged(std::string_view text) { return make_error(ErrorCode::corrupt, text); }

Error too_short() { return damaged("the backup ends too early"); }

}  // namespace

Result<BackupReader> BackupReader::open(Source source) {
  BackupReader reader(std::move(source));
  COFFER_CHECK(reader.read_header());
  return reader;
}

Result<void> BackupReader::read_exactly(MutableByteView out) {
  while (!out.empty()) {
    COFFER_TRY(const std::size_t got, source_(out));
    if (got == 0 || got > out.size()) return too_short();
    bytes_ += got;
    out = out.subspan(got);
  }
  return {};
}

/// Appends its four bytes to `taken`.
Result<std::uint32_t> BackupReader::read_length(Bytes& taken) {
  std::array<std::uint8_t, 4> bytes{};
  COFFER_CHECK(read_exactly(bytes));
  taken.insert(taken.end(), bytes.begin(), bytes.end());
  COFFER_TRY(const std::uint32_t length, Reader(bytes).u32());
  if (length > kMaxPart) return damaged("a part of the backup is longer than one can be");
  return length;
}

Result<void> BackupReader::read_header() {
  Bytes head(kMagic.size() + 1);
  COFFER_CHECK(read_exactly(head));
  if (as_text(ByteView(head).first(kMagic.size())) != kMagic) {
    return damaged("the file is no backup");
  }
  if (head.back() != kFormat) {
    return make_error(ErrorCode::precondition,
                      "the backup has a format that this program does not know",
                      "got " + std::to_string(head.back()));
  }
  COFFER_TRY(const std::uint32_t length, read_length(head));
  const std::size_t before = head.size();
  head.resize(before + length);
  COFFER_CHECK(read_exactly(MutableByteView(head).subspan(before)));
  COFFER_TRY(header_, decode_header(ByteView(head).subspan(before)));
  COFFER_TRY(digest_, first_digest(head));
  return {};
}

Result<std::optional<Row>> BackupReader::next() {
  if (claimed_) return std::optional<Row>();
  if (left_ == 0) {
    COFFER_TRY(const bool more, read_chunk());
    if (!more) return std::optional<Row>();
  }
  COFFER_TRY(Row row, take_row());
  return std::optional<Row>(row);
}

Result<bool> BackupReader::read_chunk() {
  std::array<std::uint8_t, 1> tag{};
  COFFER_CHECK(read_exactly(tag));
  if (tag[0] == kTrailerTag) {
    COFFER_CHECK(read_trailer());
    return false;
  }
  if (tag[0] != kChunkTag) return damaged("a part of the backup is of no known kind");
  std::array<std::uint8_t, 4> count{};
  COFFER_CHECK(read_exactly(count));
  COFFER_TRY(left_, Reader(count).u32());
  chunk_.assign(tag.begin(), tag.end());
  chunk_.insert(chunk_.end(), count.begin(), count.end());
  COFFER_TRY(const std::uint32_t length, read_length(chunk_));
  at_ = chunk_.size();
  chunk_.resize(at_ + length);
  COFFER_CHECK(read_exactly(MutableByteView(chunk_).subspan(at_)));
  crypto::Sha256 stated{};
  COFFER_CHECK(read_exactly(stated));
  COFFER_TRY(digest_, next_digest(digest_, chunk_));
  if (stated != digest_) return damaged("a part of the backup was altered");
  if (left_ == 0) return damaged("a part of the backup is empty");
  ++chunks_;
  return true;
}

Result<Row> BackupReader::take_row() {
  Reader reader(ByteView(chunk_).subspan(at_));
  Row row;
  COFFER_TRY(row.key, reader.text());
  COFFER_TRY(row.version, reader.u64());
  COFFER_TRY(row.value, reader.text());
  at_ = chunk_.size() - reader.remaining();
  --left_;
  if (left_ == 0 && reader.remaining() != 0) return damaged("a part of the backup is too long");
  if (any_row_ && row.key <= last_key_) return damaged("the rows of the backup aren't in order");
  if (row.version == 0 || row.version > header_.sequence) {
    return damaged("a row of the backup is newer than the backup");
  }
  last_key_ = row.key;
  any_row_ = true;
  ++rows_;
  return row;
}

Result<void> BackupReader::read_trailer() {
  const std::uint64_t before = bytes_ - 1;  // its tag
  Bytes length_bytes;
  COFFER_TRY(const std::uint32_t length, read_length(length_bytes));
  Bytes body(length);
  COFFER_CHECK(read_exactly(body));
  Reader reader(body);
  Summary claimed;
  COFFER_TRY(claimed.rows, reader.u64());
  COFFER_TRY(claimed.chunks, reader.u64());
  COFFER_TRY(claimed.bytes, reader.u64());
  COFFER_TRY(const ByteView digest, reader.raw(claimed.digest.size()));
  std::copy(digest.begin(), digest.end(), claimed.digest.begin());
  COFFER_TRY(const ByteView signer, reader.blob());
  claimed.signer = to_bytes(signer);
  COFFER_TRY(const ByteView signature, reader.blob());
  signature_ = to_bytes(signature);
  COFFER_CHECK(reader.finish());
  if (claimed.rows != rows_ || claimed.chunks != chunks_ || claimed.bytes != before ||
      claimed.digest != digest_) {
    return damaged("the backup isn't what its end says");
  }
  claimed_ = std::move(claimed);
  return {};
}

Result<Summary> BackupReader::finish(std::optional<ByteView> pinned) {
  if (!claimed_) return make_error(ErrorCode::internal, "a backup must be read to its end first");
  std::array<std::uint8_t, 1> beyond{};
  COFFER_TRY(const std::size_t trailing, source_(beyond));
  if (trailing != 0) return damaged("the backup goes on after its end");
  if (pinned) COFFER_CHECK(check_signer(*pinned, claimed_->signer));
  const Bytes message = signed_message(header_.vault, *claimed_, claimed_->bytes);
  if (!crypto::verify(claimed_->signer, message, signature_).ok()) {
    return damaged("the backup's signature is wrong");
  }
  Summary whole = *claimed_;
  whole.bytes = bytes_;
  return whole;
}

Result<Verified> verify(Source source, std::optional<ByteView> pinned) {
  COFFER_TRY(BackupReader reader, BackupReader::open(std::move(source)));
  for (;;) {
    COFFER_TRY(const std::optional<Row> row, reader.next());
    if (!row) break;
  }
  COFFER_TRY(Summary summary, reader.finish(pinned));
  return Verified{reader.header(), std::move(summary)};
}

Result<void> check_signer(ByteView pinned, ByteView signer) {
  if (std::equal(pinned.begin(), pinned.end(), signer.begin(), signer.end())) return {};
  return make_error(ErrorCode::corrupt, "the backup was signed by another key than the pinned one");
}

}  // namespace coffer::backup
