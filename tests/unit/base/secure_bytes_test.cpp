#include "coffer/base/secure_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <type_traits>
#include <vector>

namespace coffer {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COFFER_PLAIN_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COFFER_PLAIN_HEAP 1
#endif
#endif

template <typename T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};
template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::is_copy_constructible_v<SecureBytes>);
static_assert(!std::is_copy_assignable_v<SecureBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecureBytes>);
static_assert(std::is_nothrow_move_assignable_v<SecureBytes>);
static_assert(!Comparable<SecureBytes>, "comparison belongs to crypto, in constant time");
static_assert(!Printable<SecureBytes>);

constexpr Reveal kTest{"test"};

SecureBytes secret(std::string_view text) {
  auto made = SecureBytes::copy_of(as_bytes(text));
  EXPECT_TRUE(made);
  return *std::move(made);
}

std::string text_of(const SecureBytes& bytes) { return std::string(as_text(bytes.expose(kTest))); }

TEST(SecureBytes, AllocatesZeroes) {
  const auto made = SecureBytes::allocate(64);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), 64U);
  const ByteView view = made->expose(kTest);
  EXPECT_TRUE(std::all_of(view.begin(), view.end(), [](std::uint8_t b) { return b == 0; }));
}

TEST(SecureBytes, AllocatesZeroesWhereASecretWas) {
  for (int i = 0; i < 100; ++i) {
    auto made = SecureBytes::allocate(48);
    ASSERT_TRUE(made);
    const MutableByteView view = made->expose_mutable(kTest);
    ASSERT_TRUE(std::all_of(view.begin(), view.end(), [](std::uint8_t b) { return b == 0; }));
    std::fill(view.begin(), view.end(), std::uint8_t{0xA5});
  }
}

TEST(SecureBytes, OfNothingIsEmptyAndCostsNothing) {
  const auto made = SecureBytes::allocate(0);
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->empty());
  EXPECT_TRUE(made->expose(kTest).empty());
  const auto copied = SecureBytes::copy_of({});
  ASSERT_TRUE(copied);
  EXPECT_TRUE(copied->empty());
  const auto cloned = copied->clone();
  ASSERT_TRUE(cloned);
  EXPECT_TRUE(cloned->empty());
}

TEST(SecureBytes, CloneIsACopyOfItsOwn) {
  SecureBytes first = secret("hunter2");
  auto second = first.clone();
  ASSERT_TRUE(second);
  first.expose_mutable(kTest)[0] = 'X';
  EXPECT_EQ(text_of(first), "Xunter2");
  EXPECT_EQ(text_of(*second), "hunter2");
}

TEST(SecureBytes, MoveLeavesTheSourceEmpty) {
  SecureBytes first = secret("hunter2");
  SecureBytes second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the header promises it
  EXPECT_EQ(text_of(second), "hunter2");
  SecureBytes third = secret("old");
  third = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(text_of(third), "hunter2");
}

TEST(SecureBytes, MoveToItselfKeepsTheSecret) {
  SecureBytes bytes = secret("hunter2");
  SecureBytes& same = bytes;
  bytes = std::move(same);
  EXPECT_EQ(text_of(bytes), "hunter2");
}

TEST(SecureBytes, ShrinkWipesWhatItCutsOff) {
  SecureBytes bytes = secret("hunter2-and-more");
  const std::uint8_t* data = bytes.expose(kTest).data();
  bytes.shrink(7);
  EXPECT_EQ(text_of(bytes), "hunter2");
  // Still the same block, so these bytes may be looked at.
  EXPECT_TRUE(std::all_of(data + 7, data + 16, [](std::uint8_t b) { return b == 0; }));
}

TEST(SecureBytes, ShrinkToMoreChangesNothing) {
  SecureBytes bytes = secret("hunter2");
  bytes.shrink(7);
  bytes.shrink(100);
  EXPECT_EQ(text_of(bytes), "hunter2");
}

TEST(SecureBytes, ShrinkToNothingAndClearGiveTheMemoryBack) {
  SecureBytes bytes = secret("hunter2");
  bytes.shrink(0);
  EXPECT_TRUE(bytes.empty());
  bytes.shrink(0);
  bytes = secret("hunter2");
  bytes.clear();
  bytes.clear();
  EXPECT_TRUE(bytes.empty());
}

TEST(Wipe, OverwritesBytesAndText) {
  Bytes bytes{1, 2, 3};
  wipe(MutableByteView(bytes));
  EXPECT_EQ(bytes, (Bytes{0, 0, 0}));
  wipe(MutableByteView());

  std::string text = "a secret that is too long for the string's own buffer";
  const char* data = text.data();
  const std::size_t size = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  // clear() keeps the buffer, and the bytes in it are ours to look at after a resize within it.
  text.resize(size);
  EXPECT_EQ(text.data(), data);
  EXPECT_EQ(text, std::string(size, '\0'));
}

#if !defined(COFFER_PLAIN_HEAP)
TEST(SecureHeap, FullIsAnErrorAndNeverOrdinaryMemory) {
  std::vector<SecureBytes> taken;
  Result<SecureBytes> last = SecureBytes::allocate(32768);
  while (last.ok() && taken.size() < 4096) {
    taken.push_back(*std::move(last));
    last = SecureBytes::allocate(32768);
  }
  ASSERT_FALSE(last.ok()) << "the heap never filled: is it the ordinary one?";
  EXPECT_EQ(last.error().code, ErrorCode::resource_exhausted);
  EXPECT_FALSE(taken.front().clone()) << "a full heap has no room for a copy either";
  taken.clear();
  EXPECT_TRUE(SecureBytes::allocate(32768)) << "what was given back can be taken again";
}

TEST(SecureHeap, RefusesMoreThanItHas) {
  const auto made = SecureBytes::allocate(std::size_t{1} << 30U);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::resource_exhausted);
}

TEST(SecureHeap, DestroyWipes) {
  const volatile std::uint8_t* data = nullptr;
  {
    const SecureBytes bytes = secret("hunter2 hunter2 hunter2 hunter2 hunter2 hunter2 hunter2 ...");
    data = bytes.expose(kTest).data();
  }
  // The heap's pages stay mapped; its free list may write its links into the first bytes.
  for (std::size_t i = 32; i < 59; ++i) EXPECT_EQ(data[i], 0) << i;
}
#endif

}  // namespace
}  // namespace coffer
