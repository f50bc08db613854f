// The files: private, never someone else's, never in the place of another.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "backup_kit.h"
#include "coffer/backup/file.h"

namespace coffer::backup {
namespace {

class BackupFile : public ::testing::Test {
 protected:
  BackupFile() {
    std::string pattern = ::testing::TempDir() + "backup_XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~BackupFile() override {
    for (const char* name : {"/a", "/link"}) ::unlink((directory_ + name).c_str());
    ::rmdir(directory_.c_str());
  }
  std::string directory_;
};

TEST_F(BackupFile, IsPrivateWhateverTheUmask) {
  const mode_t before = ::umask(0);
  { ASSERT_TRUE(File::create(directory_ + "/a").ok()); }
  ::umask(before);
  struct stat about {};
  ASSERT_EQ(::stat((directory_ + "/a").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
}

TEST_F(BackupFile, TakesNoPlaceThatIsTaken) {
  { ASSERT_TRUE(File::create(directory_ + "/a").ok()); }
  EXPECT_EQ(File::create(directory_ + "/a").error().code, ErrorCode::conflict);
  ASSERT_EQ(::symlink("nowhere", (directory_ + "/link").c_str()), 0);
  EXPECT_FALSE(File::create(directory_ + "/link").ok());
}

TEST_F(BackupFile, IsOnlyReadIfItIsAFile) {
  EXPECT_EQ(File::open(directory_ + "/none").error().code, ErrorCode::not_found);
  EXPECT_EQ(File::open(directory_).error().code, ErrorCode::precondition);
}

TEST_F(BackupFile, GivesBackWhatWasWritten) {
  auto made = File::create(directory_ + "/a");
  ASSERT_TRUE(made.ok());
  TestSigner signer(3);
  BackupWriter writer(made->sink());
  ASSERT_TRUE(writer.begin(test_header()).ok());
  for (const TestRow& row : many_rows()) {
    ASSERT_TRUE(writer.add({row.key, row.version, row.value}).ok());
  }
  ASSERT_TRUE(writer.finish(signer).ok());
  ASSERT_TRUE(made->sync().ok());
  ASSERT_TRUE(sync_directory(directory_).ok());
  auto read = File::open(directory_ + "/a");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read->size(), writer.bytes());
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(read->rewind().ok());
    EXPECT_TRUE(verify(read->source(), signer.public_key()).ok());
  }
  Bytes magic(4);
  ASSERT_EQ(*read->read_at(0, magic), 4U);
  EXPECT_EQ(as_text(magic), kMagic);
  EXPECT_EQ(*read->read_at(writer.bytes(), magic), 0U);
}

}  // namespace
}  // namespace coffer::backup
