// A real file whose nth call fails, writes less than it was given, or loses what wasn't synced.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "coffer/audit/file.h"

namespace coffer::audit::test {

/// What shall go wrong, and what has been done. Shared with the test, which outlives the log.
struct Faults {
  enum class Call : std::uint8_t { write, sync, truncate, facts };
  struct Fault {
    int from = 0;  ///< the nth call from now on, from 1; 0: never
    int times = 1 << 30;
    std::string cause = "pwrite: ENOSPC";
  };
  Fault write;
  Fault sync;
  Fault truncate;
  Fault facts;
  std::size_t most_at_once = 1U << 30U;  ///< bytes that one write takes
  std::size_t before_failure = 0;        ///< bytes that a failing write leaves behind

  int writes = 0;
  int syncs = 0;
  int truncates = 0;
  std::uint64_t size = 0;
  std::uint64_t synced_size = 0;
};

class FaultyFile final : public File {
 public:
  FaultyFile(std::unique_ptr<File> file, Faults& faults) : file_(std::move(file)), faults_(faults) {
    faults_.size = file_->facts()->size;
    faults_.synced_size = faults_.size;
  }

  Result<std::size_t> write(std::uint64_t offset, ByteView bytes) override {
    ++faults_.writes;
    if (due(faults_.write)) {
      const std::size_t some = std::min(faults_.before_failure, bytes.size());
      if (some != 0) (void)pass(offset, bytes.first(some));
      return failure(faults_.write, "the disk is full");
    }
    return pass(offset, bytes.first(std::min(bytes.size(), faults_.most_at_once)));
  }
  Result<void> sync() override {
    ++faults_.syncs;
    if (due(faults_.sync)) return failure(faults_.sync, "the disk reports an error");
    faults_.synced_size = faults_.size;
    return file_->sync();
  }
  Result<void> truncate(std::uint64_t size) override {
    ++faults_.truncates;
    if (due(faults_.truncate)) return failure(faults_.truncate, "the disk reports an error");
    faults_.size = size;
    faults_.synced_size = std::min(faults_.synced_size, size);
    return file_->truncate(size);
  }
  Result<FileFacts> facts() const override {
    if (due(faults_.facts)) return failure(faults_.facts, "the disk reports an error");
    return file_->facts();
  }
  Result<FileFacts> facts_at_path() const override { return file_->facts_at_path(); }

 private:
  static bool due(Faults::Fault& fault) {
    if (fault.from == 0) return false;
    if (fault.from > 1) {
      --fault.from;
      return false;
    }
    if (fault.times == 0) return false;
    --fault.times;
    return true;
  }
  static Error failure(const Faults::Fault& fault, std::string_view text) {
    return make_error(ErrorCode::unavailable, text, fault.cause);
  }
  Result<std::size_t> pass(std::uint64_t offset, ByteView bytes) {
    faults_.size = std::max(faults_.size, offset + bytes.size());
    return file_->write(offset, bytes);
  }

  std::unique_ptr<File> file_;
  Faults& faults_;
};

inline FileOpener faulty(Faults& faults) {
  return [&faults](const std::string& path) -> Result<std::unique_ptr<File>> {
    COFFER_TRY(auto file, open_file(path));
    return std::unique_ptr<File>(std::make_unique<FaultyFile>(std::move(file), faults));
  };
}

}  // namespace coffer::audit::test
