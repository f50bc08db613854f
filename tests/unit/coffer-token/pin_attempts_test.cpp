#include "src/coffer-token/pin_attempts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace coffer::token_process {
namespace {

using Verdict = PinAttempts::Verdict;

constexpr std::size_t kRecord = 121;

SecureBytes pin(std::string_view digits) { return *SecureBytes::copy_of(as_bytes(digits)); }

class PinAttemptsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// As after a restart: nothing is remembered but the file.
  PinAttempts attempts() {
    pkcs11::FileDescriptor file(::open(path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    auto made = PinAttempts::over(std::move(file));
    EXPECT_TRUE(made.ok());
    return *std::move(made);
  }
  Verdict verdict(std::string_view digits) {
    const auto found = attempts().look_up(token_, pin(digits));
    EXPECT_TRUE(found.ok());
    return *found;
  }
  void refuse(std::string_view digits) {
    PinAttempts tried = attempts();
    ASSERT_EQ(*tried.look_up(token_, pin(digits)), Verdict::untried);
    ASSERT_TRUE(tried.begin().ok());
    ASSERT_TRUE(tried.refuse().ok());
  }
  std::string path() const { return directory_ + "/pin-attempts"; }
  std::uintmax_t size() const { return std::filesystem::file_size(path()); }
  std::string content() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(std::string_view bytes) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string directory_ = "/tmp/pin-attempts-XXXXXX";
  crypto::Sha256 token_{1};
};

TEST_F(PinAttemptsTest, ANewPinIsUntried) {
  EXPECT_EQ(verdict("1234"), Verdict::untried);
  EXPECT_EQ(size(), 0U);
}

TEST_F(PinAttemptsTest, AnAttemptIsOnDiskBeforeItIsMade) {
  PinAttempts trying = attempts();
  ASSERT_TRUE(trying.look_up(token_, pin("1234")).ok());
  ASSERT_TRUE(trying.begin().ok());
  EXPECT_EQ(size(), kRecord);
  EXPECT_EQ(verdict("1234"), Verdict::unfinished);
  EXPECT_EQ(verdict("4321"), Verdict::untried);
}

TEST_F(PinAttemptsTest, ARefusedPinStaysRefusedAndAnotherMayBeTried) {
  refuse("1234");
  refuse("1235");
  for (const auto* const wrong : {"1234", "1235"}) EXPECT_EQ(verdict(wrong), Verdict::refused);
  EXPECT_EQ(verdict("1236"), Verdict::untried);
}

TEST_F(PinAttemptsTest, TheRightPinClearsWhatThereWasOfItsToken) {
  refuse("1234");
  const crypto::Sha256 other{2};
  PinAttempts elsewhere = attempts();
  ASSERT_EQ(*elsewhere.look_up(other, pin("1234")), Verdict::untried) << "of another token";
  ASSERT_TRUE(elsewhere.begin().ok());
  PinAttempts right = attempts();
  ASSERT_TRUE(right.look_up(token_, pin("9999")).ok());
  ASSERT_TRUE(right.begin().ok());
  ASSERT_TRUE(right.clear().ok());
  EXPECT_EQ(verdict("1234"), Verdict::untried);
  EXPECT_EQ(*attempts().look_up(other, pin("1234")), Verdict::unfinished);
  EXPECT_EQ(size(), kRecord);
}

TEST_F(PinAttemptsTest, AnAttemptThatWasntMadeIsWithdrawnAndNoOther) {
  refuse("1234");
  PinAttempts other = attempts();
  ASSERT_EQ(*other.look_up(token_, pin("9999")), Verdict::untried);
  ASSERT_TRUE(other.begin().ok());
  ASSERT_TRUE(other.withdraw().ok());
  EXPECT_EQ(verdict("9999"), Verdict::untried);
  EXPECT_EQ(verdict("1234"), Verdict::refused);
}

TEST_F(PinAttemptsTest, TheFileHoldsNeitherPinNorItsPlainHash) {
  refuse("12345678");
  const std::string stored = content();
  EXPECT_EQ(stored.find("12345678"), std::string::npos);
  const auto plain = crypto::sha256(as_bytes("12345678"));
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(stored.find(as_text(*plain)), std::string::npos);
}

/// A record that is cut short was being written when the power went: its attempt wasn't made. What
/// stood before it counts.
TEST_F(PinAttemptsTest, EveryTruncationLeavesWhatWasWhole) {
  refuse("1234");
  const std::string whole = content();
  ASSERT_EQ(whole.size(), 2 * kRecord);
  for (const std::size_t cut : {std::size_t{1}, std::size_t{60}, kRecord - 1}) {
    write(whole.substr(0, cut));
    EXPECT_EQ(verdict("1234"), Verdict::untried) << cut;
    write(whole.substr(0, kRecord + cut));
    EXPECT_EQ(verdict("1234"), Verdict::unfinished) << cut;
  }
}

TEST_F(PinAttemptsTest, NoFlippedByteIsTakenForARecord) {
  PinAttempts trying = attempts();
  ASSERT_TRUE(trying.look_up(token_, pin("1234")).ok());
  ASSERT_TRUE(trying.begin().ok());
  const std::string whole = content();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    write(flipped);
    // The same object: it needs no new hash, which would take a while a hundred times over.
    EXPECT_EQ(*trying.look_up(token_, pin("1234")), Verdict::untried) << i;
  }
}

TEST_F(PinAttemptsTest, AfterThirtyWrongPinsNoneIsTriedAnyMore) {
  PinAttempts trying = attempts();
  ASSERT_TRUE(trying.look_up(token_, pin("1234")).ok());
  for (int i = 0; i < 63; ++i) ASSERT_TRUE(trying.refuse().ok());
  EXPECT_EQ(verdict("9999"), Verdict::refused);
}

TEST_F(PinAttemptsTest, WithoutAFileItRemembersAsLongAsItLives) {
  auto memory = PinAttempts::in_memory();
  ASSERT_TRUE(memory.ok());
  ASSERT_EQ(*memory->look_up(token_, pin("1234")), Verdict::untried);
  ASSERT_TRUE(memory->begin().ok());
  ASSERT_TRUE(memory->refuse().ok());
  EXPECT_EQ(*memory->look_up(token_, pin("1234")), Verdict::refused);
}

TEST_F(PinAttemptsTest, WhatCantBeWrittenIsNotTried) {
  refuse("1234");
  pkcs11::FileDescriptor file(::open(path().c_str(), O_RDONLY | O_CLOEXEC));
  auto read_only = PinAttempts::over(std::move(file));
  ASSERT_TRUE(read_only.ok());
  ASSERT_TRUE(read_only->look_up(token_, pin("1")).ok());
  const auto begun = read_only->begin();
  ASSERT_FALSE(begun.ok());
  EXPECT_EQ(begun.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace coffer::token_process
