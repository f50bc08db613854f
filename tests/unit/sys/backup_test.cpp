// sys/backup and sys/restore as a client sees them. The making itself: unit/core/backups_test.cpp.
#include "coffer/core/restored.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

TEST_F(SysTest, NoBackupWasMadeAtFirst) {
  EXPECT_EQ(text(data(read("backup")), {"state"}), "none");
  EXPECT_EQ(list("backup/").error().code, ErrorCode::not_found);
  EXPECT_EQ(read("backup/20260101t000000z-0000.cfbk").error().code, ErrorCode::not_found);
  EXPECT_EQ(remove("backup/20260101t000000z-0000.cfbk").error().code, ErrorCode::not_found);
}

TEST_F(SysTest, AStartOfABackupIsOnRecordBeforeItIsTried) {
  const std::size_t before = vault.log.lines().size();
  // Nothing serves here: it is refused, but that somebody asked is in the log.
  EXPECT_EQ(write("backup").error().code, ErrorCode::unavailable);
  ASSERT_GT(vault.log.lines().size(), before);
  EXPECT_NE(vault.log.lines()[before].body.find("sys/backup"), std::string::npos);
}

TEST_F(SysTest, APartOfABackupHasAnOffsetThatIsANumber) {
  for (const char* offset : {"-1", "\"x\"", "{}"}) {
    const auto answer = vault.call(Operation::read, "sys/backup/20260101t000000z-0000.cfbk",
                                   R"({"offset":)" + std::string(offset) + "}");
    refused(answer, "offset");
  }
}

TEST_F(SysTest, BackupsTakeSudo) {
  put_policy("most",
             R"(path "sys/*" { capabilities = ["create", "read", "update", "delete", "list"] })");
  const std::string token = token_with("most");
  EXPECT_EQ(vault.call_as(token, Operation::update, "sys/backup").error().code,
            ErrorCode::permission_denied);
  EXPECT_EQ(vault.call_as(token, Operation::read, "sys/backup/x.cfbk").error().code,
            ErrorCode::permission_denied);
  EXPECT_EQ(vault.call_as(token, Operation::update, "sys/restore/release").error().code,
            ErrorCode::permission_denied);
}

TEST_F(SysTest, AVaultThatWasNotRestoredHasNothingToRelease) {
  EXPECT_EQ(text(data(read("restore")), {"restored"}), "false");
  EXPECT_EQ(text(data(read("restore")), {"paused"}), "false");
  EXPECT_EQ(write("restore/release").error().code, ErrorCode::precondition);
}

TEST_F(SysTest, ARestoredVaultIsPausedUntilItIsReleased) {
  vault.commit({{},
                {{core::restore_mark_key(),
                  core::encode_restore_mark({.created = {}, .restored = {}, .sequence = 5})}}});
  const std::string before = std::to_string(vault.store->sequence());
  const auto tx = vault.begin();
  vault.commit(TestVault::must(core::adopt_restore_mark(*vault.store, *tx)));
  vault.open().outside_paused = true;
  EXPECT_EQ(text(data(read("restore")), {"paused"}), "true");
  EXPECT_EQ(text(data(read("restore")), {"sequence"}), before);
  ASSERT_TRUE(write("restore/release").ok());
  EXPECT_FALSE(vault.open().outside_paused);
  EXPECT_EQ(text(data(read("restore")), {"paused"}), "false");
  EXPECT_EQ(text(data(read("restore")), {"restored"}), "true");
  EXPECT_EQ(write("restore/release").error().code, ErrorCode::precondition);
}

}  // namespace
}  // namespace coffer::sys
