// What is written is what is read, byte for byte, and the golden file stays as it is.
#include <fstream>
#include <sstream>

#include "backup_kit.h"
#include "fakes/rsa_signer.h"

namespace coffer::backup {
namespace {

TEST(Backup, GivesBackRowsHeaderAndCounts) {
  const Bytes file = write_backup(some_rows());
  EXPECT_EQ(read_rows(file), some_rows());
  const auto verified = check(file);
  ASSERT_TRUE(verified.ok()) << describe(verified.error());
  const Header wanted = test_header();
  const Header& header = verified->header;
  EXPECT_EQ(header.vault, wanted.vault);
  EXPECT_EQ(header.node, wanted.node);
  EXPECT_EQ(header.created, wanted.created);
  EXPECT_EQ(header.sequence, wanted.sequence);
  EXPECT_EQ(header.audit_sequence, wanted.audit_sequence);
  EXPECT_EQ(header.audit_hash, wanted.audit_hash);
  EXPECT_EQ(header.program, wanted.program);
  EXPECT_EQ(verified->summary.rows, some_rows().size());
  EXPECT_EQ(verified->summary.chunks, 1U);
  EXPECT_EQ(verified->summary.bytes, file.size());
}

TEST(Backup, OfAnEmptyStoreIsABackupToo) {
  const Bytes file = write_backup({});
  const auto verified = check(file);
  ASSERT_TRUE(verified.ok()) << describe(verified.error());
  EXPECT_EQ(verified->summary.rows, 0U);
  EXPECT_EQ(verified->summary.chunks, 0U);
}

TEST(Backup, IsWrittenInChunksAndReadHoweverItComes) {
  const std::vector<TestRow> rows = many_rows();
  const Bytes file = write_backup(rows);
  const auto verified = check(file);
  ASSERT_TRUE(verified.ok()) << describe(verified.error());
  EXPECT_GE(verified->summary.chunks, 3U);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{65536}}) {
    EXPECT_EQ(read_rows(file, step), rows) << step;
  }
}

/// Tokens without elliptic curves sign so.
TEST(Backup, MayBeSignedByAnRsaKey) {
  const auto signer = fakes::make_rsa_signer();
  Bytes file;
  BackupWriter writer(into(file));
  ASSERT_TRUE(writer.begin(test_header()).ok());
  ASSERT_TRUE(writer.add({"k", 1, "v"}).ok());
  ASSERT_TRUE(writer.finish(*signer).ok());
  const auto verified = verify(from(file), signer->public_key());
  ASSERT_TRUE(verified.ok()) << describe(verified.error());
  EXPECT_FALSE(check(file).ok()) << "another key is pinned";
  for (const std::size_t from_end : {1U, 100U, 256U}) {
    Bytes changed = file;
    changed[changed.size() - from_end] ^= 1U;
    EXPECT_FALSE(verify(from(changed), signer->public_key()).ok()) << from_end;
  }
}

TEST(Backup, TheWriterCountsWhatTheReaderCounts) {
  Bytes file;
  TestSigner signer(3);
  BackupWriter writer(into(file));
  ASSERT_TRUE(writer.begin(test_header()).ok());
  ASSERT_TRUE(writer.add({"k", 1, "v"}).ok());
  const auto summary = writer.finish(signer);
  ASSERT_TRUE(summary.ok());
  const auto verified = check(file);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(summary->digest, verified->summary.digest);
  EXPECT_EQ(summary->bytes, file.size());
  EXPECT_EQ(writer.rows(), 1U);
  EXPECT_EQ(writer.bytes(), file.size());
}

TEST(Backup, TheWriterRefusesRowsThatNoReaderWouldTake) {
  Bytes file;
  BackupWriter writer(into(file));
  ASSERT_TRUE(writer.begin(test_header()).ok());
  ASSERT_TRUE(writer.add({"b", 1, "v"}).ok());
  EXPECT_EQ(writer.add({"b", 1, "v"}).error().code, ErrorCode::internal) << "twice";
  EXPECT_EQ(writer.add({"a", 1, "v"}).error().code, ErrorCode::internal) << "out of order";
  EXPECT_EQ(writer.add({"c", 8, "v"}).error().code, ErrorCode::internal) << "newer than the backup";
  EXPECT_EQ(writer.add({"c", 0, "v"}).error().code, ErrorCode::internal) << "of no version";
  const std::string large(kMaxPart, 'x');
  EXPECT_EQ(writer.add({"c", 1, large}).error().code, ErrorCode::too_large);
}

/// Fails at each write in turn: it is told at once, and never looks like success.
TEST(Backup, AWriteThatFailsIsToldWhereverItIs) {
  int writes = 0;
  for (int failing = 1;; ++failing) {
    int count = 0;
    TestSigner signer(3);
    BackupWriter writer([&](ByteView) -> Result<void> {
      if (++count == failing) return make_error(ErrorCode::unavailable, "disk full");
      return {};
    });
    const auto all = [&]() -> Result<void> {
      COFFER_CHECK(writer.begin(test_header()));
      for (const TestRow& row : many_rows()) {
        COFFER_CHECK(writer.add({row.key, row.version, row.value}));
      }
      COFFER_TRY([[maybe_unused]] const Summary summary, writer.finish(signer));
      return {};
    }();
    if (all.ok()) {
      writes = count;
      break;
    }
    EXPECT_EQ(all.error().code, ErrorCode::unavailable) << failing;
  }
  EXPECT_GE(writes, 8);
}

TEST(Backup, TheGoldenFileIsWrittenAndReadAsEver) {
  const std::string path = std::string(COFFER_TEST_DATA) + "/golden/backup/v1.cfbk";
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  const std::string golden = content.str();
  ASSERT_FALSE(golden.empty()) << path;
  EXPECT_EQ(read_rows(as_bytes(golden)), some_rows());
  EXPECT_TRUE(check(as_bytes(golden)).ok());
  EXPECT_EQ(to_hex(write_backup(some_rows())), to_hex(as_bytes(golden)));
}

}  // namespace
}  // namespace coffer::backup
