#include "coffer/envelope/anchor.h"

#include "golden.h"
#include "world.h"

namespace coffer::envelope {
namespace {

constexpr const char* kObject = "coffer/01010101-0101-0101-0101-010101010101/anchor/";

Anchor anchor_of(std::uint64_t counter) {
  Anchor anchor{.node = id(9),
                .incarnation = id(4),
                .counter = counter,
                .epoch = 3,
                .log_lines = 77,
                .written = WallTime(std::chrono::seconds(1'767'225'600))};
  anchor.store.sequence = 12;
  anchor.store.commitment.fill(0xAA);
  anchor.log_root.fill(0xBB);
  return anchor;
}

std::string object(std::uint64_t number) { return kObject + std::to_string(number); }

void expect_corrupt(const Result<Anchor>& opened, std::string_view text) {
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_NE(opened.error().text.find(text), std::string::npos) << opened.error().text;
}

TEST(AnchorFormat, IsReadBackAsItWas) {
  World world;
  const Anchor anchor = anchor_of(7);
  const Bytes stored = must(sign_anchor(anchor, *world.keyring));
  EXPECT_LE(stored.size() + 512, pkcs11::kMaxDataSize);  // RSA of 4096 bits fits too
  EXPECT_EQ(must(open_anchor(stored, *world.keyring)), anchor);
}

TEST(AnchorFormat, NoByteOfItCanBeChangedAddedOrTakenAway) {
  World world;
  const Bytes stored = must(sign_anchor(anchor_of(7), *world.keyring));
  for (std::size_t at = 0; at < stored.size(); ++at) {
    Bytes changed = stored;
    changed[at] ^= 1U;
    const auto opened = open_anchor(changed, *world.keyring);
    ASSERT_FALSE(opened.ok()) << at;
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << at;
  }
  for (std::size_t size = 0; size < stored.size(); ++size) {
    EXPECT_FALSE(open_anchor(ByteView(stored).first(size), *world.keyring).ok()) << size;
  }
  Bytes longer = stored;
  longer.push_back(0);
  EXPECT_FALSE(open_anchor(longer, *world.keyring).ok());
}

TEST(AnchorFormat, IsOfOneVault) {
  World world;
  World other({}, id(2));
  const Bytes stored = must(sign_anchor(anchor_of(1), *world.keyring));
  expect_corrupt(open_anchor(stored, *other.keyring), "another vault's");
}

TEST(AnchorFormat, IsTheTokensOwnWhileItSignsWithThatKey) {
  World world;
  const Bytes stored = must(sign_anchor(anchor_of(1), *world.keyring));
  EXPECT_EQ(must(open_own_anchor(stored, *world.keyring)), anchor_of(1));
  must(world.sealed->key_changes().rotate_sign(world.clock.wall()));
  EXPECT_TRUE(open_anchor(stored, *world.keyring).ok());
  expect_corrupt(open_own_anchor(stored, *world.keyring), "isn't signed by a key of this vault");
}

TEST(AnchorFormat, IsBelievedFromAKeyOfTheVaultAlone) {
  World world;
  World other;  // same vault id, other keys
  const Bytes stored = must(sign_anchor(anchor_of(1), *other.keyring));
  expect_corrupt(open_anchor(stored, *world.keyring), "isn't signed by a key of this vault");
}

TEST(AnchorFormat, IsStillBelievedOnceItsKeyWasRotated) {
  World world;
  const Bytes before = must(sign_anchor(anchor_of(1), *world.keyring));
  must(world.sealed->key_changes().rotate_sign(world.clock.wall()));
  EXPECT_EQ(must(open_anchor(before, *world.keyring)), anchor_of(1));
  const Bytes after = must(sign_anchor(anchor_of(2), *world.keyring));
  EXPECT_EQ(must(open_anchor(after, *world.keyring)), anchor_of(2));
}

TEST(AnchorFormat, IsTheOneThatTheDocumentShows) {
  const auto token = golden_token();
  const auto keyring = golden_keyring(*token);
  const Anchor anchor = must(open_anchor(golden("anchor"), *keyring));
  EXPECT_EQ(anchor.node, golden_id("anchor_node"));
  EXPECT_EQ(anchor.incarnation, golden_id("anchor_incarnation"));
  EXPECT_EQ(anchor.counter, 7U);
  EXPECT_EQ(anchor.epoch, 1U);
  EXPECT_EQ(anchor.store.sequence, 1234U);
  EXPECT_EQ(anchor.log_lines, 5678U);
  EXPECT_EQ(to_rfc3339(anchor.written), "2026-01-01T00:00:00Z");
  // Up to the signature, of which there is more than one that is good.
  const Bytes again = must(sign_anchor(anchor, *keyring));
  const std::size_t body = again.size() - 64;
  EXPECT_EQ(to_hex(ByteView(again).first(body)), to_hex(ByteView(golden("anchor")).first(body)));
}

TEST(Anchors, AreWrittenInTurnAndTheNewestCounts) {
  World world;
  EXPECT_EQ(must(read_anchors(world.token, *world.keyring)).newest, std::nullopt);
  for (std::uint64_t counter = 1; counter <= 5; ++counter) {
    must(write_anchor(world.token, *world.keyring, anchor_of(counter)));
    const AnchorsFound found = must(read_anchors(world.token, *world.keyring));
    EXPECT_EQ(found.newest, anchor_of(counter));
    EXPECT_EQ(found.damaged, 0);
  }
  EXPECT_TRUE(must(world.token.read_data(object(0))).has_value());
  EXPECT_TRUE(must(world.token.read_data(object(1))).has_value());
}

TEST(Anchors, OneThatIsDamagedLeavesTheOther) {
  World world;
  must(write_anchor(world.token, *world.keyring, anchor_of(1)));
  must(write_anchor(world.token, *world.keyring, anchor_of(2)));
  must(world.token.write_data(object(0), as_bytes("rubbish")));
  AnchorsFound found = must(read_anchors(world.token, *world.keyring));
  EXPECT_EQ(found.newest, anchor_of(1));
  EXPECT_EQ(found.damaged, 1);
  world.token.forget_data(object(1));
  found = must(read_anchors(world.token, *world.keyring));
  EXPECT_EQ(found.newest, std::nullopt);
  EXPECT_EQ(found.damaged, 1);
}

TEST(Anchors, OneThatStandsThereTwiceLeavesTheOther) {
  World world;
  must(write_anchor(world.token, *world.keyring, anchor_of(1)));
  must(write_anchor(world.token, *world.keyring, anchor_of(2)));
  for (const ErrorCode code : {ErrorCode::conflict, ErrorCode::corrupt}) {
    world.token.fail_nth(fakes::FakeToken::Method::read_data, 1, make_error(code, "unusable"));
    const AnchorsFound found = must(read_anchors(world.token, *world.keyring));
    EXPECT_EQ(found.newest, anchor_of(1));
    EXPECT_EQ(found.damaged, 1);
  }
}

TEST(Anchors, ATokenThatFailsIsNoTokenWithoutAnchors) {
  World world;
  must(write_anchor(world.token, *world.keyring, anchor_of(1)));
  for (const std::size_t nth : {1U, 2U}) {
    world.token.fail_nth(fakes::FakeToken::Method::read_data, nth,
                         make_error(ErrorCode::unavailable, "away"));
    EXPECT_EQ(code_of(read_anchors(world.token, *world.keyring)), ErrorCode::unavailable);
  }
  world.token.fail_nth(fakes::FakeToken::Method::sign, 1,
                       make_error(ErrorCode::unavailable, "away"));
  EXPECT_FALSE(write_anchor(world.token, *world.keyring, anchor_of(2)).ok());
  EXPECT_EQ(must(read_anchors(world.token, *world.keyring)).newest, anchor_of(1));
}

}  // namespace
}  // namespace coffer::envelope
