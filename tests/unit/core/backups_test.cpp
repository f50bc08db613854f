// Backups are made beside the requests, one at a time, and leave a whole file or none.
#include "coffer/core/backups.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "coffer/backup/file.h"
#include "coffer/backup/reader.h"
#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using fakes::TestVault;

class BackupsTest : public testing::Test {
 protected:
  BackupsTest() {
    EXPECT_NE(::mkdtemp(root_.data()), nullptr);
    backups_ = std::make_unique<Backups>(
        Backups::Parts{*vault_.store, vault_.log, *vault_.state, system_clock()}, directory());
  }
  ~BackupsTest() override {
    backups_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  [[nodiscard]] std::string directory() const { return root_ + "/backups"; }
  void serve() {
    backups_->serve([this](std::string_view event, const std::string& detail) {
      const std::lock_guard lock(mutex_);
      ends_.push_back(std::string(event) + " " + detail);
      ended_.notify_all();
    });
  }
  /// Its line, once it is over.
  std::string make() {
    const auto started = backups_->start();
    if (!started.ok()) return started.error().text;
    return wait();
  }
  std::string wait() {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, std::chrono::seconds(30), [&] { return !ends_.empty(); });
    std::string end = ends_.empty() ? "never" : ends_.front();
    ends_.clear();
    return end;
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory())) {
      count += entry.is_regular_file() ? 1U : 0U;
    }
    return count;
  }
  Result<backup::Verified> verify(const std::string& name) {
    COFFER_TRY(auto file, backup::File::open(directory() + "/" + name));
    return backup::verify(file.source(), vault_.open().keyring->public_key());
  }

  std::string root_ = testing::TempDir() + "coffer-backups-XXXXXX";
  TestVault vault_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<std::string> ends_;
  std::unique_ptr<Backups> backups_;
};

TEST_F(BackupsTest, HoldsEveryRowAndIsSignedByTheVault) {
  serve();
  const std::string end = make();
  EXPECT_TRUE(end.starts_with("backup_done ")) << end;
  const Backups::Status status = backups_->status();
  ASSERT_TRUE(status.summary);
  const auto verified = verify(status.name);
  ASSERT_TRUE(verified.ok()) << describe(verified.error());
  EXPECT_EQ(verified->summary.digest, status.summary->digest);
  EXPECT_EQ(verified->header.sequence, vault_.store->sequence());
  EXPECT_EQ(verified->header.node, vault_.store->node());
  EXPECT_EQ(verified->header.vault, *vault_.state->vault());
  std::size_t rows = 0;
  auto snapshot = TestVault::must(vault_.store->snapshot());
  TestVault::must(snapshot->scan({}, [&](const store::Key&, const store::Row&) {
    ++rows;
    return true;
  }));
  EXPECT_EQ(verified->summary.rows, rows);
  EXPECT_NE(end.find(to_hex(status.summary->digest)), std::string::npos);
}

TEST_F(BackupsTest, ALookSaysOfWhenOneIsAndFindsWhatIsNone) {
  serve();
  make();
  const Backups::Status status = backups_->status();
  const auto seen = backups_->look(status.name);
  ASSERT_TRUE(seen.ok()) << describe(seen.error());
  EXPECT_EQ(seen->header.created, status.header.created);
  EXPECT_EQ(seen->bytes, status.summary->bytes);
  std::ofstream(directory() + "/20270101t000000z-aaaa.cfbk");
  EXPECT_EQ(backups_->list()->size(), 2U);
  EXPECT_EQ(backups_->look("20270101t000000z-aaaa.cfbk").error().code, ErrorCode::corrupt);
  EXPECT_EQ(backups_->look("../x.cfbk").error().code, ErrorCode::not_found);
  // Byte 9 is the first of the vault's id.
  std::fstream file(directory() + "/" + status.name, std::ios::in | std::ios::out);
  const int first = file.seekg(9).peek();
  file.seekp(9).put(static_cast<char>(first ^ 1));
  file.close();
  EXPECT_EQ(backups_->look(status.name).error().text, "the backup is another vault's");
}

TEST_F(BackupsTest, IsForTheDaemonsUserAlone) {
  serve();
  const mode_t before = ::umask(0);
  make();
  ::umask(before);
  struct stat about {};
  ASSERT_EQ(::stat(directory().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0700U);
  ASSERT_EQ(::stat((directory() + "/" + backups_->status().name).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
}

TEST_F(BackupsTest, RefusesADirectoryThatOthersCanReach) {
  ASSERT_EQ(::mkdir(directory().c_str(), 0700), 0);
  ASSERT_EQ(::chmod(directory().c_str(), 0770), 0);
  serve();
  EXPECT_TRUE(make().starts_with("backup_failed ")) << "others could write into it";
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(backups_->status().failure->code, ErrorCode::precondition);
}

TEST_F(BackupsTest, ASealedVaultMakesNone) {
  serve();
  vault_.state->seal();
  EXPECT_EQ(backups_->start().error().code, ErrorCode::sealed);
}

TEST_F(BackupsTest, NoneIsMadeBeforeAndAfterServing) {
  EXPECT_EQ(backups_->start().error().code, ErrorCode::unavailable);
  serve();
  backups_->stop();
  EXPECT_EQ(backups_->start().error().code, ErrorCode::unavailable);
}

TEST_F(BackupsTest, ATokenThatCannotSignLeavesNothing) {
  serve();
  vault_.token.pull();
  EXPECT_TRUE(make().starts_with("backup_failed "));
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(backups_->status().failure->code, ErrorCode::unavailable);
}

TEST_F(BackupsTest, WhatACrashLeftHalfMadeGoesAtTheStart) {
  ASSERT_EQ(::mkdir(directory().c_str(), 0700), 0);
  std::ofstream(directory() + "/20260101t000000z-0000.cfbk.part") << "half";
  std::ofstream(directory() + "/20260101t000000z-0000.cfbk") << "whole";
  serve();
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(*backups_->list(), std::vector<std::string>{"20260101t000000z-0000.cfbk"});
}

TEST_F(BackupsTest, AreReadInPartsAndRemoved) {
  serve();
  make();
  const std::string name = backups_->status().name;
  std::uint64_t offset = 0;
  for (;;) {
    const auto chunk = backups_->read(name, offset);
    ASSERT_TRUE(chunk.ok());
    EXPECT_EQ(chunk->size, backups_->status().bytes);
    if (chunk->bytes.empty()) break;
    offset += chunk->bytes.size();
  }
  EXPECT_EQ(offset, backups_->status().bytes);
  EXPECT_EQ(backups_->read(name, offset + 1).error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(backups_->remove(name).ok());
  EXPECT_EQ(backups_->remove(name).error().code, ErrorCode::not_found);
  EXPECT_EQ(backups_->read(name, 0).error().code, ErrorCode::not_found);
  EXPECT_TRUE(backups_->list()->empty());
}

TEST_F(BackupsTest, NoNameLeadsOutOfTheDirectory) {
  ASSERT_EQ(::mkdir(directory().c_str(), 0700), 0);
  std::ofstream(root_ + "/outside.cfbk") << "no";
  std::ofstream(directory() + "/secret") << "no";
  for (const char* name : {"../outside.cfbk", "..", ".", "", ".cfbk", "secret", "a/b.cfbk",
                           "A.cfbk", "/etc/passwd", "..cfbk"}) {
    EXPECT_EQ(backups_->read(name, 0).error().code, ErrorCode::not_found) << name;
    EXPECT_EQ(backups_->remove(name).error().code, ErrorCode::not_found) << name;
  }
  EXPECT_TRUE(std::filesystem::exists(root_ + "/outside.cfbk"));
}

TEST_F(BackupsTest, NamesSortByTimeAndDiffer) {
  serve();
  make();
  const std::string first = backups_->status().name;
  make();
  EXPECT_NE(backups_->status().name, first);
  EXPECT_EQ(backups_->list()->size(), 2U);
  EXPECT_EQ(first.size(), std::string("20261127t030405z-1f2e.cfbk").size());
}

}  // namespace
}  // namespace coffer::core
