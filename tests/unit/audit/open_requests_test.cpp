// The set of open requests, and that any run of changes can be taken back.
#include "src/audit/open_requests.h"

#include "log_kit.h"

namespace coffer::audit {
namespace {

using test::id_of;

TEST(OpenRequestsTest, LowestIsTheFirstThatIsOpen) {
  OpenRequests open;
  EXPECT_EQ(open.lowest(), 0U);
  open.open(id_of(9), 3);
  open.open(id_of(1), 5);
  EXPECT_EQ(open.lowest(), 3U);
  EXPECT_EQ(open.close(id_of(9)), 3U);
  EXPECT_EQ(open.lowest(), 5U);
  EXPECT_EQ(open.close(id_of(9)), std::nullopt);
  EXPECT_EQ(open.close(id_of(1)), 5U);
  EXPECT_EQ(open.lowest(), 0U);
  EXPECT_EQ(open.size(), 0U);
}

TEST(OpenRequestsTest, OpenedTwiceKeepsItsFirstSequence) {
  OpenRequests open;
  open.open(id_of(1), 3);
  open.open(id_of(1), 4);
  EXPECT_EQ(open.size(), 1U);
  EXPECT_EQ(open.close(id_of(1)), 3U);
}

TEST(OpenRequestsTest, EveryRunOfChangesCanBeTakenBack) {
  // Each step opens or closes one of three requests; all runs of six steps.
  constexpr std::uint64_t kSteps = 6;
  constexpr std::uint64_t kChoices = 6;
  std::uint64_t runs = 1;
  for (std::uint64_t i = 0; i < kSteps; ++i) runs *= kChoices;
  for (std::uint64_t run = 0; run < runs; ++run) {
    OpenRequests open;
    open.open(id_of(0), 1);
    open.open(id_of(1), 2);
    const auto before = open.all();
    open.begin();
    std::uint64_t rest = run;
    for (std::uint64_t i = 0; i < kSteps; ++i, rest /= kChoices) {
      const Uuid id = id_of(rest % kChoices / 2);
      if (rest % 2 == 0) {
        open.open(id, 10 + i);
      } else {
        (void)open.close(id);
      }
    }
    open.roll_back();
    ASSERT_EQ(open.all(), before) << run;
    // Both indexes agree again.
    ASSERT_EQ(open.close(id_of(0)), 1U);
    ASSERT_EQ(open.close(id_of(1)), 2U);
    ASSERT_EQ(open.close(id_of(2)), std::nullopt);
  }
}

TEST(OpenRequestsTest, CommittedChangesStay) {
  OpenRequests open;
  open.open(id_of(1), 1);
  open.begin();
  EXPECT_EQ(open.close(id_of(1)), 1U);
  open.open(id_of(2), 2);
  open.commit();
  open.roll_back();
  EXPECT_EQ(open.lowest(), 2U);
  EXPECT_EQ(open.size(), 1U);
}

}  // namespace
}  // namespace coffer::audit
