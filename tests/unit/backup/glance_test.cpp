// What a file says of itself: none that is empty, cut, longer or something else passes for one.
#include "coffer/backup/glance.h"

#include <unistd.h>

#include <cstdlib>

#include "backup_kit.h"

namespace coffer::backup {
namespace {

class GlanceTest : public ::testing::Test {
 protected:
  GlanceTest() {
    std::string pattern = ::testing::TempDir() + "glance_XXXXXX";
    descriptor_ = ::mkstemp(pattern.data());
    ::unlink(pattern.c_str());
  }
  ~GlanceTest() override { ::close(descriptor_); }
  Result<Glance> look(ByteView bytes) {
    File file = File::borrow(descriptor_);
    EXPECT_EQ(::ftruncate(descriptor_, 0), 0);
    EXPECT_TRUE(file.rewind().ok());
    EXPECT_TRUE(file.write(bytes).ok());
    return glance(file);
  }
  int descriptor_ = -1;
};

TEST_F(GlanceTest, SeesWhenAWholeOneWasMade) {
  for (const auto& rows : {std::vector<TestRow>(), some_rows(), many_rows()}) {
    const Bytes whole = write_backup(rows);
    const auto seen = look(whole);
    ASSERT_TRUE(seen.ok()) << describe(seen.error());
    EXPECT_EQ(seen->header.created, test_header().created);
    EXPECT_EQ(seen->header.vault, test_header().vault);
    EXPECT_EQ(seen->bytes, whole.size());
  }
}

TEST_F(GlanceTest, OneThatWasCutAnywhereIsNone) {
  const Bytes whole = write_backup(some_rows());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto seen = look(ByteView(whole).first(size));
    ASSERT_FALSE(seen.ok()) << size;
    EXPECT_EQ(seen.error().code, ErrorCode::corrupt) << size;
  }
  const Bytes large = write_backup(many_rows());
  for (const std::size_t cut : {std::size_t{1}, std::size_t{100}, large.size() / 2}) {
    EXPECT_FALSE(look(ByteView(large).first(large.size() - cut)).ok()) << cut;
  }
}

TEST_F(GlanceTest, NorIsWhatGoesOnOrIsSomethingElse) {
  Bytes longer = write_backup(some_rows());
  longer.push_back(0);
  EXPECT_FALSE(look(longer).ok());
  EXPECT_FALSE(look(Bytes(100000, 0)).ok());
  EXPECT_FALSE(look(Bytes(100000, 2)).ok());
  // Of the two halves neither knows of the other.
  Bytes joined = write_backup(many_rows());
  joined.erase(joined.begin() + 5000, joined.begin() + 6000);
  EXPECT_FALSE(look(joined).ok());
  Bytes later = write_backup(some_rows());
  later[kMagic.size()] = kFormat + 1;
  EXPECT_EQ(look(later).error().code, ErrorCode::precondition);
}

}  // namespace
}  // namespace coffer::backup
