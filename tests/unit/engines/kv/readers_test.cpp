#include "src/engines/kv/readers.h"

#include <gtest/gtest.h>

namespace coffer::engines::kv {
namespace {

constexpr WallTime kNow{std::chrono::hours(400'000)};
constexpr Uuid kGone{{1}};
constexpr Uuid kStays{{2}};

/// Each holds one of the places that there are for all.
TEST(Readers, AMountThatIsGoneIsForgotten) {
  Readers readers;
  for (const Uuid& mount : {kGone, kStays}) {
    for (const char* path : {"a", "folder/b"}) {
      readers.count(mount, path, true, kNow);
      readers.note(mount, path, {"accessor", "name", 3, kNow});
    }
  }
  readers.forget(kGone);
  for (const char* path : {"a", "folder/b"}) {
    EXPECT_FALSE(readers.counts(kGone, path));
    EXPECT_TRUE(readers.of(kGone, path).readers.empty());
    EXPECT_EQ(readers.of(kStays, path).readers.size(), 1U);
  }
}

/// Its line in the log took so long that the secret was removed and made anew meanwhile.
TEST(Readers, AReadOfBeforeItWasCountedIsNotNoted) {
  Readers readers;
  readers.count(kStays, "a", true, kNow);
  readers.note(kStays, "a", {"accessor", "name", 5, kNow - std::chrono::nanoseconds(1)});
  EXPECT_TRUE(readers.of(kStays, "a").readers.empty());
  readers.note(kStays, "a", {"accessor", "name", 1, kNow});
  EXPECT_EQ(readers.of(kStays, "a").readers.at(0).version, 1U);
}

}  // namespace
}  // namespace coffer::engines::kv
