// Cut, altered, extended, of another vault's key: refused, wherever it is.
#include "backup_kit.h"
#include "src/backup/parts.h"

namespace coffer::backup {
namespace {

TEST(DamagedBackup, IsRefusedWhicheverByteIsFlipped) {
  const Bytes whole = write_backup(some_rows());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0x01, 0x80}) {
      Bytes file = whole;
      file[at] ^= static_cast<std::uint8_t>(bit);
      EXPECT_FALSE(check(file).ok()) << at;
      EXPECT_FALSE(verify(from(file), std::nullopt).ok()) << at;
    }
  }
}

TEST(DamagedBackup, IsRefusedWhereverItIsCut) {
  const Bytes whole = write_backup(some_rows());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto verified = check(ByteView(whole).first(size));
    ASSERT_FALSE(verified.ok()) << size;
    EXPECT_EQ(verified.error().code, ErrorCode::corrupt) << size;
  }
}

TEST(DamagedBackup, OfSeveralChunksIsRefusedAtEachFourKilobytes) {
  const Bytes whole = write_backup(many_rows());
  for (std::size_t at = 0; at < whole.size(); at += 4096) {
    EXPECT_FALSE(check(ByteView(whole).first(at)).ok()) << at;
    Bytes file = whole;
    file[at] ^= 0x10;
    EXPECT_FALSE(check(file).ok()) << at;
  }
}

TEST(DamagedBackup, MayNotGoOnAfterItsEnd) {
  Bytes file = write_backup(some_rows());
  file.push_back(0);
  EXPECT_EQ(check(file).error().code, ErrorCode::corrupt);
  const Bytes twice = [&] {
    Bytes both = write_backup(some_rows());
    const Bytes more = both;
    both.insert(both.end(), more.begin(), more.end());
    return both;
  }();
  EXPECT_FALSE(check(twice).ok());
}

/// Whole chunks taken out, doubled or swapped: each is right by itself.
TEST(DamagedBackup, KeepsItsChunksInTheirPlaces) {
  const Bytes whole = write_backup(many_rows());
  std::vector<Bytes> parts;
  std::size_t at = encode_header(test_header()).size();
  const Bytes header(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at));
  while (whole[at] == kChunkTag) {
    const std::uint32_t length = *Reader(ByteView(whole).subspan(at + 5)).u32();
    const std::size_t end = at + 9 + length + 32;
    parts.emplace_back(whole.begin() + static_cast<std::ptrdiff_t>(at),
                       whole.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  const Bytes trailer(whole.begin() + static_cast<std::ptrdiff_t>(at), whole.end());
  ASSERT_GE(parts.size(), 3U);
  const auto joined = [&](const std::vector<std::size_t>& order) {
    Bytes file = header;
    for (const std::size_t part : order) {
      file.insert(file.end(), parts[part].begin(), parts[part].end());
    }
    file.insert(file.end(), trailer.begin(), trailer.end());
    return file;
  };
  std::vector<std::size_t> order(parts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  ASSERT_TRUE(check(joined(order)).ok());
  for (std::size_t i = 0; i < order.size(); ++i) {
    auto without = order;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(check(joined(without)).ok()) << i;
    auto doubled = order;
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), i);
    EXPECT_FALSE(check(joined(doubled)).ok()) << i;
  }
  std::swap(order[0], order[1]);
  EXPECT_FALSE(check(joined(order)).ok());
}

TEST(DamagedBackup, OfAnotherKeyIsRefusedByThePin) {
  const Bytes file = write_backup(some_rows(), 4);
  const auto verified = check(file, 3);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, ErrorCode::corrupt);
  EXPECT_NE(verified.error().text.find("another key"), std::string::npos);
  EXPECT_TRUE(check(file, 4).ok());
}

/// Someone who can't sign puts his own rows under another's trailer, or his own key into it.
TEST(DamagedBackup, CannotBorrowAnotherBackupsEnd) {
  const Bytes genuine = write_backup(some_rows());
  auto rows = some_rows();
  rows[3].value[0] = 'y';
  Bytes forged = write_backup(rows, 5);
  ASSERT_EQ(forged.size(), genuine.size());
  EXPECT_FALSE(check(forged).ok());
  const std::size_t trailer = genuine.size() - 300;
  std::copy(genuine.begin() + static_cast<std::ptrdiff_t>(trailer), genuine.end(),
            forged.begin() + static_cast<std::ptrdiff_t>(trailer));
  EXPECT_FALSE(check(forged).ok());
}

TEST(DamagedBackup, OfAFormatThatIsNotKnownIsToldApart) {
  Bytes file = write_backup(some_rows());
  file[kMagic.size()] = 2;
  EXPECT_EQ(check(file).error().code, ErrorCode::precondition);
  const Bytes other(100, 'x');
  EXPECT_EQ(check(other).error().code, ErrorCode::corrupt);
}

/// A length is no reason to allocate: one beyond the limit is refused unread.
TEST(DamagedBackup, CannotMakeAReaderAllocateWhatItSays) {
  for (const std::size_t at : {kMagic.size() + 1, encode_header(test_header()).size() + 5}) {
    Bytes file = write_backup(some_rows());
    for (std::size_t i = 0; i < 4; ++i) file[at + i] = 0xff;
    std::size_t largest = 0;
    const auto verified = verify(
        [&, inner = from(file)](MutableByteView out) mutable {
          largest = std::max(largest, out.size());
          return inner(out);
        },
        std::nullopt);
    EXPECT_EQ(verified.error().code, ErrorCode::corrupt);
    EXPECT_LT(largest, std::size_t{1} << 20U);
  }
}

TEST(DamagedBackup, IsNeverWholeBeforeItsEnd) {
  const Bytes file = write_backup(some_rows());
  auto reader = BackupReader::open(from(file));
  ASSERT_TRUE(reader.ok());
  EXPECT_FALSE(reader->finish(std::nullopt).ok());
  ASSERT_TRUE(reader->next().ok());
  EXPECT_FALSE(reader->finish(std::nullopt).ok());
}

TEST(DamagedBackup, AReadThatFailsIsTold) {
  const Bytes file = write_backup(many_rows());
  std::size_t given = 0;
  const auto verified = verify(
      [&, inner = from(file, 4096)](MutableByteView out) mutable -> Result<std::size_t> {
        if (given > 500000) return make_error(ErrorCode::unavailable, "disk");
        auto got = inner(out);
        if (got.ok()) given += *got;
        return got;
      },
      std::nullopt);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace coffer::backup
