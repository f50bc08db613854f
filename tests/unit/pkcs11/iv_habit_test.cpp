// Tokens that choose the IV of AES-GCM themselves: what comes out is the same kind of wrap.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "coffer/pkcs11/token.h"
#include "fakes/faulty_module.h"
#include "fakes/softhsm.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::size_t kIvBytes = 12;
constexpr std::size_t kTagBytes = 16;

struct Habit {
  const char* profile;
  const char* module;  ///< the rule by which the module behaves so
};

class ChosenIv : public testing::Test {
 protected:
  void SetUp() override {
    auto made = fakes::SoftHsmDirectory::create();
    ASSERT_TRUE(made.ok()) << describe(made.error());
    directory_ = *std::move(made);
  }
  void TearDown() override {
    token_.reset();
    faults_.set({});
  }
  /// What generate() says: it proves the key by a round trip.
  std::string open(const std::string& profile, const std::string& rules) {
    faults_.set(rules);
    TokenConfig config = directory_->config();
    config.module_path = faults_.path();
    config.profile = profile;
    auto opened = open_token(config, directory_->pin());
    if (!opened.ok()) return describe(opened.error());
    token_ = *std::move(opened);
    const auto made = token_->generate(KeyRole::kek, kek_, "kek");
    return made.ok() ? "ok" : std::string(to_string(made.error().code));
  }
  Result<Bytes> wrap() {
    const auto key = SecureBytes::copy_of(as_bytes("a data key"));
    return token_->wrap(kek_, *key, aad_);
  }

  fakes::FaultyModule& faults_ = fakes::FaultyModule::get();
  std::unique_ptr<fakes::SoftHsmDirectory> directory_;
  std::unique_ptr<Token> token_;
  const KeyRef kek_{{1, 2, 3}};
  const Bytes aad_ = to_bytes(as_bytes("context"));
};

class IvHabitTest : public ChosenIv, public testing::WithParamInterface<Habit> {};

TEST_P(IvHabitTest, AWrapIsIvCiphertextAndTagWhoeverMadeTheIv) {
  ASSERT_EQ(open(GetParam().profile, GetParam().module), "ok");
  std::set<Bytes> ivs;
  for (int i = 0; i < 8; ++i) {
    const auto wrapped = wrap();
    ASSERT_TRUE(wrapped.ok()) << describe(wrapped.error());
    ASSERT_EQ(wrapped->size(), kIvBytes + std::string("a data key").size() + kTagBytes);
    const Bytes iv(wrapped->begin(), wrapped->begin() + kIvBytes);
    EXPECT_TRUE(std::any_of(iv.begin(), iv.end(), [](std::uint8_t byte) { return byte != 0; }));
    EXPECT_TRUE(ivs.insert(iv).second) << "an IV came twice";
    const auto opened = token_->unwrap(kek_, *wrapped, aad_);
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
    EXPECT_EQ(as_text(opened->expose(Reveal{"a test compares"})), "a data key");
  }
}

/// What was wrapped one way opens the other: records outlive a token's firmware.
TEST_P(IvHabitTest, AWrapOpensUnderEveryHabit) {
  ASSERT_EQ(open(GetParam().profile, GetParam().module), "ok");
  const auto wrapped = wrap();
  ASSERT_TRUE(wrapped.ok());
  token_.reset();
  faults_.set({});
  auto plain = directory_->open();
  ASSERT_TRUE(plain.ok()) << describe(plain.error());
  EXPECT_TRUE((*plain)->unwrap(kek_, *wrapped, aad_).ok());
}

TEST_P(IvHabitTest, EveryByteCounts) {
  ASSERT_EQ(open(GetParam().profile, GetParam().module), "ok");
  const auto wrapped = wrap();
  ASSERT_TRUE(wrapped.ok());
  for (std::size_t i = 0; i < wrapped->size(); ++i) {
    Bytes changed = *wrapped;
    changed[i] ^= 1U;
    const auto opened = token_->unwrap(kek_, changed, aad_);
    ASSERT_FALSE(opened.ok()) << i;
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Habits, IvHabitTest,
                         testing::Values(Habit{"generic-gcm", ""},
                                         Habit{"generic-gcm-written-back", "*: iv-written-back"},
                                         Habit{"generic-gcm-appended", "*: iv-appended"}));

/// A wrong profile must show when the key is made, not when a secret is lost: with zeros for an IV,
/// or the IV of a token thrown away.
TEST_F(ChosenIv, AProfileThatIsNotTheTokensIsNoticedAtTheFirstKey) {
  EXPECT_NE(open("generic-gcm-written-back", ""), "ok") << "it left the zeros that it was given";
  token_.reset();
  EXPECT_NE(open("generic-gcm-appended", ""), "ok");
  token_.reset();
  EXPECT_NE(open("generic-gcm", "*: iv-appended"), "ok");
  token_.reset();
  EXPECT_NE(open("generic-gcm", "*: iv-written-back"), "ok");
}

}  // namespace
}  // namespace coffer::pkcs11
