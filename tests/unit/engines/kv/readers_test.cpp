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

}  // namespace
}  // namespace coffer::engines::kv
