#include "coffer/backup/writer.h"

#include "parts.h"

namespace coffer::backup {

Result<void> BackupWriter::write(ByteView bytes) {
  COFFER_CHECK(sink_(bytes));
  bytes_ += bytes.size();
  return {};
}

Result<void> BackupWriter::begin(const Header& header) {
  vault_ = header.vault;
  sequence_ = header.sequence;
  const Bytes encoded = encode_header(header);
  COFFER_TRY(digest_, first_digest(encoded));
  return write(encoded);
}

Result<void> BackupWriter::add(const Row& row) {
  if (rows_ > 0 && row.key <= last_key_) {
    return make_error(ErrorCode::internal, "the rows of a backup must come in order");
  }
  if (row.version == 0 || row.version > sequence_) {
    return make_error(ErrorCode::internal, "a row is newer than the backup that it is in");
  }
  if (row.key.size() + row.value.size() > kMaxPart / 2) {
    return make_error(ErrorCode::too_large, "a row is too large for a backup");
  }
  chunk_.text(row.key).u64(row.version).text(row.value);
  last_key_ = row.key;
  ++rows_;
  ++chunk_rows_;
  return chunk_.view().size() < kChunkBytes ? Result<void>() : close_chunk();
}

Result<void> BackupWriter::close_chunk() {
  if (chunk_rows_ == 0) return {};
  Writer framed;
  framed.u8(kChunkTag).u32(chunk_rows_).blob(chunk_.view());
  COFFER_TRY(digest_, next_digest(digest_, framed.view()));
  COFFER_CHECK(write(framed.view()));
  COFFER_CHECK(write(digest_));
  ++chunks_;
  chunk_ = Writer();
  chunk_rows_ = 0;
  return {};
}

Result<Summary> BackupWriter::finish(crypto::Signer& signer) {
  COFFER_CHECK(close_chunk());
  Summary summary{.rows = rows_,
                  .chunks = chunks_,
                  .bytes = bytes_,
                  .digest = digest_,
                  .signer = to_bytes(signer.public_key())};
  COFFER_TRY(const Bytes signature, signer.sign(signed_message(vault_, summary, bytes_)));
  Writer trailer;
  trailer.u64(summary.rows).u64(summary.chunks).u64(summary.bytes).raw(summary.digest);
  trailer.blob(summary.signer).blob(signature);
  Writer framed;
  framed.u8(kTrailerTag).blob(trailer.view());
  COFFER_CHECK(write(framed.view()));
  summary.bytes = bytes_;
  return summary;
}

}  // namespace coffer::backup
