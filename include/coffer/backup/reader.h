// Reads a backup front to back and believes nothing: lengths are bounded, each chunk is held
// against the running hash before its rows are given out, and only the signed trailer makes it
// whole. Until finish() said so, no row that came out of it may be put to use.
#pragma once

#include <optional>

#include "coffer/backup/format.h"

namespace coffer::backup {

/// One thread.
class BackupReader final {
 public:
  /// Reads the header. corrupt: no backup; precondition: of a format that this program doesn't
  /// know.
  [[nodiscard]] static Result<BackupReader> open(Source source);

  /// Not believed before finish().
  [[nodiscard]] const Header& header() const noexcept { return header_; }

  /// The next row, whose views stay until the next call; nullopt: the trailer is reached. corrupt
  /// for whatever isn't as it was written.
  [[nodiscard]] Result<std::optional<Row>> next();

  /// After next() gave nullopt: holds counts, length, hash and signature against what was read, and
  /// refuses whatever follows. `pinned`: the public key (SubjectPublicKeyInfo) that must have
  /// signed; without one the file is only shown to be as its own key signed it.
  [[nodiscard]] Result<Summary> finish(std::optional<ByteView> pinned);

 private:
  explicit BackupReader(Source source) : source_(std::move(source)) {}
  [[nodiscard]] Result<void> read_exactly(MutableByteView out);
  [[nodiscard]] Result<std::uint32_t> read_length(Bytes& taken);
  [[nodiscard]] Result<void> read_header();
  /// False: the trailer.
  [[nodiscard]] Result<bool> read_chunk();
  [[nodiscard]] Result<void> read_trailer();
  [[nodiscard]] Result<Row> take_row();

  Source source_;
  Header header_;
  Bytes chunk_;
  std::size_t at_ = 0;      ///< in chunk_
  std::uint32_t left_ = 0;  ///< rows of chunk_ that weren't given yet
  std::string last_key_;
  bool any_row_ = false;
  std::uint64_t rows_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t bytes_ = 0;
  crypto::Sha256 digest_{};
  std::optional<Summary> claimed_{};  ///< by the trailer
  Bytes signature_{};
};

/// Reads all of it. What finish() gives, and the header.
struct Verified {
  Header header;
  Summary summary;
};
[[nodiscard]] Result<Verified> verify(Source source, std::optional<ByteView> pinned);

/// Whether a backup signed by `signer` counts for who pinned `pinned`. corrupt if not.
[[nodiscard]] Result<void> check_signer(ByteView pinned, ByteView signer);

}  // namespace coffer::backup
