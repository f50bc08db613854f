// A store of before, on a token that has the keys of what came after: none of those serves again.
#include "coffer/envelope/taken_back.h"

#include "coffer/envelope/anchor.h"
#include "world.h"

namespace coffer::envelope {
namespace {

using pkcs11::KeyRole;

const WallTime kNow{std::chrono::hours(1000)};

struct OldWorld : World {
  /// As a later store, which isn't here, left it on the token.
  void later(KeyRole role, std::uint32_t version) {
    const Uuid& vault = keyring->vault();
    const auto ref = role == KeyRole::kek ? kek_ref(vault, version) : sign_ref(vault, version);
    must(token.generate(role, ref, "of later"));
  }
  Renewed renew(bool always_kek = false) {
    return must(renew_keys(*sealed, token, always_kek, kNow));
  }
};

TEST(KeysTakenBack, WithoutAnyOfLaterOnlyTheKekIsMadeAnewWhereThatIsAsked) {
  OldWorld world;
  const Renewed nothing = world.renew();
  EXPECT_EQ(nothing.kek, 0U);
  EXPECT_EQ(nothing.sign, 0U);
  const Renewed kek = world.renew(true);
  EXPECT_EQ(kek.kek, 2U);
  EXPECT_EQ(kek.sign, 0U);
}

TEST(KeysTakenBack, NoneThatIsThereServesAgain) {
  OldWorld world;
  world.later(KeyRole::kek, 2);
  world.later(KeyRole::kek, 5);
  world.later(KeyRole::sign, 3);
  const Bytes theirs = must(world.token.public_key(sign_ref(world.keyring->vault(), 3)));
  const Renewed renewed = world.renew();
  EXPECT_EQ(renewed.kek, 6U);
  EXPECT_EQ(renewed.sign, 4U);
  const EnrolledToken& ours = world.keyring->token();
  EXPECT_EQ(ours.kek_version, 6U);
  EXPECT_EQ(ours.old_keks, std::vector<std::uint32_t>{1});
  EXPECT_EQ(ours.kek_installed, kNow);
  EXPECT_EQ(ours.sign_version, 4U);
  EXPECT_NE(ours.sign_public_key, theirs);
  const Renewed again = world.renew();
  EXPECT_EQ(again.kek, 0U);
  EXPECT_EQ(again.sign, 0U);
  EXPECT_EQ(must(world.sealed->key_changes().rotate_kek(kNow)), 7U);
}

TEST(KeysTakenBack, TheSignKeysOnTheTokenAreTheVaultsAlone) {
  OldWorld world;
  must(world.sealed->key_changes().rotate_sign(kNow));
  must(world.token.generate(KeyRole::sign, sign_ref(id(9), 7), "another vault's"));
  const auto keys = must(sign_keys_on(world.token, world.keyring->vault()));
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys.front(), world.keyring->token().sign_public_key);
}

TEST(KeysTakenBack, AnAnchorThatALaterKeySignedIsReadOffTheToken) {
  OldWorld later;
  const Bytes of_then = must(later.keyring->store());
  const Bytes pinned = to_bytes(later.keyring->public_key());
  must(later.sealed->key_changes().rotate_sign(kNow));
  must(write_anchor(later.token, *later.keyring, {.counter = 1, .epoch = 3}));
  const auto old = must(Keyring::open(later.token, of_then, pinned));
  const AnchorsFound found = must(read_anchors(later.token, *old));
  EXPECT_EQ(found.damaged, 0);
  ASSERT_TRUE(found.newest.has_value());
  EXPECT_EQ(found.newest->epoch, 3U);
}

}  // namespace
}  // namespace coffer::envelope
