#include "coffer/crypto/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <set>
#include <thread>

namespace coffer::crypto {
namespace {

int bits_set(ByteView bytes) {
  int count = 0;
  for (const std::uint8_t byte : bytes) count += std::popcount(byte);
  return count;
}

// 1600 fair bits: below 600 or above 1000 has a chance under 10^-22.
TEST(Random, FillsAllOfTheMemory) {
  const auto bytes = random_bytes(200);
  ASSERT_TRUE(bytes.ok());
  ASSERT_EQ(bytes->size(), 200U);
  EXPECT_GT(bits_set(*bytes), 600);
  EXPECT_LT(bits_set(*bytes), 1000);
}

TEST(Random, SecretsHaveTheirSizeAndDiffer) {
  const auto a = random_secret(32);
  const auto b = random_secret(32);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->size(), 32U);
  EXPECT_NE(to_hex(a->expose(Reveal{"test"})), to_hex(b->expose(Reveal{"test"})));
}

TEST(Random, GivesNothingWhenAskedForNothing) {
  const auto bytes = random_bytes(0);
  ASSERT_TRUE(bytes.ok());
  EXPECT_TRUE(bytes->empty());
  EXPECT_TRUE(random_secret(0).ok());
}

// What is drawn ahead is 512 bytes: these sizes end within, at and beyond its end.
TEST(Random, HandsOutNothingTwice) {
  std::set<std::string> seen;
  for (int round = 0; round < 300; ++round) {
    for (const std::size_t size : {12U, 16U, 32U, 64U, 65U}) {
      const auto bytes = random_bytes(size);
      ASSERT_TRUE(bytes.ok());
      EXPECT_TRUE(seen.insert(to_hex(ByteView(*bytes).first(12))).second);
      EXPECT_TRUE(seen.insert(to_hex(ByteView(*bytes).last(12))).second || size == 12);
    }
  }
}

TEST(Random, ThreadsDrawTheirOwn) {
  Result<Uuid> there = Uuid{};
  std::thread other([&] { there = random_uuid(); });
  const auto here = random_uuid();
  other.join();
  ASSERT_TRUE(here.ok() && there.ok());
  EXPECT_NE(*here, *there);
}

TEST(Random, AForkedChildDoesntRepeatItsParent) {
  ASSERT_TRUE(random_uuid().ok());  // drawn ahead now, in this thread
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto id = random_uuid();
    const bool told = id.ok() && ::write(ends[1], id->bytes.data(), 16) == 16;
    ::_exit(told ? 0 : 1);
  }
  Uuid theirs;
  ASSERT_EQ(::read(ends[0], theirs.bytes.data(), 16), 16);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const auto ours = random_uuid();
  ASSERT_TRUE(ours.ok());
  EXPECT_NE(*ours, theirs);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(RandomUuid, IsOfVersion4AndNeverTheSame) {
  std::set<Uuid> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = random_uuid();
    ASSERT_TRUE(id.ok());
    EXPECT_EQ(id->bytes[6] >> 4U, 4);
    EXPECT_EQ(id->bytes[8] >> 6U, 2);
    EXPECT_TRUE(seen.insert(*id).second);
  }
}

}  // namespace
}  // namespace coffer::crypto
