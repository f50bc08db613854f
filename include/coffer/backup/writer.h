// Writes a backup front to back; holds one chunk in memory.
#pragma once

#include "coffer/backup/format.h"
#include "coffer/base/codec.h"
#include "coffer/crypto/signer.h"

namespace coffer::backup {

/// One thread. After a failure the file is of no use.
class BackupWriter final {
 public:
  /// The sink outlives what is called on this.
  explicit BackupWriter(Sink sink) : sink_(std::move(sink)) {}

  /// First.
  [[nodiscard]] Result<void> begin(const Header& header);
  /// In order of their keys, each once. too_large: a row that no reader would take.
  [[nodiscard]] Result<void> add(const Row& row);
  /// Last: the trailer, signed.
  [[nodiscard]] Result<Summary> finish(crypto::Signer& signer);

  /// So far.
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  [[nodiscard]] Result<void> write(ByteView bytes);
  [[nodiscard]] Result<void> close_chunk();

  const Sink sink_;
  Uuid vault_;
  Writer chunk_;
  std::uint32_t chunk_rows_ = 0;
  std::string last_key_;
  std::uint64_t sequence_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t bytes_ = 0;
  crypto::Sha256 digest_{};
};

}  // namespace coffer::backup
