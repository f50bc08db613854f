// A child commits and says so over a pipe; it is killed; everything that it said is there.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "store_test_kit.h"

namespace coffer::store {
namespace {

/// Commits pairs of rows ("l" and "r" of one number) until it is killed, each acknowledged.
[[noreturn]] void commit_for_ever(const SqliteConfig& config, int journal) {
  const auto store = open_sqlite_store(config, kNode);
  if (!store.ok()) ::_exit(3);
  for (auto number = static_cast<std::uint32_t>((*store)->sequence());; ++number) {
    const std::string text = std::to_string(number);
    const std::string filler(number % 5000, 'f');
    if (!put(**store, {{"l" + text, filler}, {"r" + text, filler}, {"last", text}}).ok()) {
      ::_exit(4);
    }
    if (::write(journal, &number, sizeof number) != sizeof number) ::_exit(5);
  }
}

/// How many commits the child acknowledged before it died; the last number.
std::optional<std::uint32_t> read_journal(int journal) {
  std::optional<std::uint32_t> last;
  std::uint32_t number = 0;
  while (::read(journal, &number, sizeof number) == sizeof number) last = number;
  return last;
}

std::optional<std::uint32_t> run_and_kill(const SqliteConfig& config,
                                          std::chrono::microseconds after) {
  int ends[2];
  if (::pipe(ends) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    commit_for_ever(config, ends[1]);
  }
  ::close(ends[1]);
  // The pipe holds 16,000 acknowledgements: more than the child makes in this time.
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
  const auto last = read_journal(ends[0]);
  ::close(ends[0]);
  return last;
}

void expect_all_there(const SqliteConfig& config, std::optional<std::uint32_t> acknowledged) {
  const auto store = open_or_fail(config);
  ASSERT_NE(store, nullptr);
  if (acknowledged) {
    ASSERT_GT(store->sequence(), *acknowledged);
  }
  // All that is there is whole, and there are no holes.
  for (std::uint64_t number = 0; number < store->sequence(); ++number) {
    const auto left = get(*store, "l" + std::to_string(number));
    const auto right = get(*store, "r" + std::to_string(number));
    ASSERT_TRUE(left && right) << number;
    ASSERT_EQ(left->version, number + 1);
    ASSERT_EQ(right->version, number + 1);
  }
  EXPECT_EQ(get(*store, "l" + std::to_string(store->sequence())), std::nullopt);
}

void kill_again_and_again(Durability durability) {
  const TempDir dir;
  const SqliteConfig config{dir.file("store.db"), durability, 1U << 16U};
  std::uint32_t acknowledged = 0;
  for (int round = 0; round < 15; ++round) {
    const auto last = run_and_kill(config, std::chrono::microseconds(2000 + 9000 * round));
    if (last) acknowledged = *last;
    expect_all_there(config, last);
    ASSERT_EQ(integrity_of(config.path), "ok");
  }
  EXPECT_GT(acknowledged, 10U);
}

TEST(SqliteCrash, AKilledProcessLosesNoAcknowledgedCommit) {
  kill_again_and_again(Durability::power);
}

TEST(SqliteCrash, AKilledProcessLosesNoneWithCrashDurabilityEither) {
  kill_again_and_again(Durability::crash);
}

}  // namespace
}  // namespace coffer::store
