// Backups in memory, signed by a key of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "coffer/backup/reader.h"
#include "coffer/backup/writer.h"
#include "fakes/soft_signer.h"

namespace coffer::backup {

using TestSigner = fakes::SoftSigner;

struct TestRow {
  std::string key;
  std::uint64_t version = 1;
  std::string value;
  bool operator==(const TestRow&) const = default;
};

inline Header test_header() {
  return {.vault = Uuid{{1, 2, 3}},
          .node = Uuid{{9}},
          .created = WallTime(std::chrono::seconds(1764211200)),
          .sequence = 7,
          .audit_sequence = 42,
          .audit_hash = std::string(64, 'a'),
          .program = "0.1.0"};
}

inline Sink into(Bytes& out) {
  return [&out](ByteView bytes) -> Result<void> {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  };
}

/// Gives at most `step` bytes at a time.
inline Source from(ByteView bytes, std::size_t step = 1U << 20U) {
  return [bytes, step](MutableByteView out) mutable -> Result<std::size_t> {
    const std::size_t size = std::min({out.size(), bytes.size(), step});
    std::copy_n(bytes.begin(), size, out.begin());
    bytes = bytes.subspan(size);
    return size;
  };
}

inline Bytes write_backup(const std::vector<TestRow>& rows, std::uint8_t signer_number = 3,
                          const Header& header = test_header()) {
  Bytes file;
  TestSigner signer(signer_number);
  BackupWriter writer(into(file));
  EXPECT_TRUE(writer.begin(header).ok());
  for (const TestRow& row : rows) {
    EXPECT_TRUE(writer.add({row.key, row.version, row.value}).ok());
  }
  EXPECT_TRUE(writer.finish(signer).ok());
  return file;
}

inline Result<Verified> check(ByteView file, std::uint8_t pinned = 3) {
  const TestSigner signer(pinned);
  return verify(from(file), signer.public_key());
}

/// What a reader that believes nothing gives out before it is sure; nullopt: refused.
inline std::optional<std::vector<TestRow>> read_rows(ByteView file, std::size_t step = 1U << 20U) {
  auto reader = BackupReader::open(from(file, step));
  if (!reader.ok()) return std::nullopt;
  std::vector<TestRow> rows;
  for (;;) {
    const auto row = reader->next();
    if (!row.ok()) return std::nullopt;
    if (!*row) break;
    rows.push_back({std::string((*row)->key), (*row)->version, std::string((*row)->value)});
  }
  if (!reader->finish(std::nullopt).ok()) return std::nullopt;
  return rows;
}

inline const std::vector<TestRow>& some_rows() {
  static const std::vector<TestRow> rows = {{"", 1, "empty key"},
                                            {"a", 2, ""},
                                            {std::string("a\0b", 3), 7, "zero in the key"},
                                            {"b", 3, std::string(300, 'x')}};
  return rows;
}

/// Several chunks.
inline std::vector<TestRow> many_rows() {
  std::vector<TestRow> rows;
  for (int i = 0; i < 1500; ++i) {
    const std::string number = std::to_string(100000 + i);
    rows.push_back({number, static_cast<std::uint64_t>(i % 7 + 1), std::string(600, 'v') + number});
  }
  return rows;
}

}  // namespace coffer::backup
