// Cosignatures of witnesses: what another implementation signed, and what isn't believed.
#include "coffer/audit/cosignature.h"

#include <gtest/gtest.h>

#include "coffer/audit/known.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/ed25519.h"
#include "fakes/soft_signer.h"

namespace coffer::audit::test {
namespace {

using namespace std::chrono_literals;

/// Made by Go's transparency-dev/formats v0.1.1 (package note, NewSignerForCosignatureV1) over the
/// checkpoint of the specification's example, with the key of the seed 00 01 … 1f.
constexpr std::string_view kKey =
    "witness.example/w1+e75f6532+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const std::string kNote =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\xE2\x80\x94 witness.example/w1 519lMgAAAABrCeiDTTol71vhKAn3iLm3t6Dg0BWsCl7qQe3HAbc2GbbdPkj40/"
    "qWR3cE+WnQTezklaZcGVENNF+T2kYP/jPkWl/2Bg==\n";
/// A key of the public network of witnesses, in the tests of the same package.
constexpr std::string_view kPublicKey =
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
/// The example of tlog-cosignature; the witness' key isn't published.
const std::string kExample =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\xE2\x80\x94 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\xE2\x80\x94 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/"
    "zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

std::vector<Cosigner> known() { return {*parse_cosigner(kKey)}; }

Error refused(const std::string& note, std::span<const Cosigner> keys) {
  const auto read = parse_checkpoint(note);
  return read.ok() ? verify_cosignatures(*read, keys).error() : read.error();
}

TEST(Cosigner, OfAnotherImplementationIsRead) {
  const auto key = parse_cosigner(kPublicKey);
  ASSERT_TRUE(key.ok()) << describe(key.error());
  EXPECT_EQ(key->name, "remora.n621.de");
  EXPECT_EQ(key->id, 0xDA77ADE7U);
  EXPECT_EQ(key->key.size(), 32U);
}

TEST(Cosigner, SpeltOtherwiseOrOfAnotherTypeIsRefused) {
  const std::string key(kKey);
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string changed = key;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(parse_cosigner(changed).ok()) << changed;
    EXPECT_FALSE(parse_cosigner(key.substr(0, i)).ok()) << i;
  }
  EXPECT_FALSE(parse_cosigner(key + "\n").ok());
  // A log's key, type 1, and the vault's own kind.
  EXPECT_FALSE(parse_cosigner("TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6").ok());
  EXPECT_FALSE(parse_cosigner(to_text(*note_key("a", fakes::SoftSigner(7).public_key()))).ok());
}

TEST(Cosigner, ThatAnybodyCanSignAsIsRefused) {
  // As another would write it, with the id of its own.
  const std::string typed = std::string("\x04\x01").append(31, '\0');
  const auto id = *crypto::sha256(as_bytes("w\n" + typed));
  const auto key =
      parse_cosigner("w+" + to_hex(ByteView(id).first(4)) + "+" + to_base64(as_bytes(typed)));
  ASSERT_FALSE(key.ok());
  EXPECT_NE(key.error().text.find("small order"), std::string::npos) << key.error().text;
}

TEST(Cosigner, FilesHoldOneALine) {
  const auto both = parse_cosigners("\n" + std::string(kKey) + "\n" + std::string(kPublicKey));
  ASSERT_TRUE(both.ok()) << describe(both.error());
  EXPECT_EQ(both->size(), 2U);
  EXPECT_FALSE(parse_cosigners("").ok());
  EXPECT_FALSE(parse_cosigners(std::string(kKey) + "\nnonsense\n").ok());
}

TEST(Cosignature, OfAnotherImplementationIsVerifiedAndTellsItsTime) {
  const auto found = verify_cosignatures(*parse_checkpoint(kNote), known());
  ASSERT_TRUE(found.ok()) << describe(found.error());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().name, "witness.example/w1");
  EXPECT_EQ(found->front().at.time_since_epoch(), 1795811459s);
  EXPECT_TRUE(kNote.ends_with("\n\n" + to_line(found->front().signature)));
}

TEST(Cosignature, WithAnyByteChangedIsNotBelieved) {
  for (std::size_t i = 0; i < kNote.size(); ++i) {
    std::string changed = kNote;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(parse_checkpoint(changed).ok() &&
                 verify_cosignatures(*parse_checkpoint(changed), known()).ok())
        << "byte " << i;
  }
}

TEST(Cosignature, OfAKnownNameAndIdByAnotherKeyIsCorrupt) {
  auto keys = known();
  keys[0].key[0] ^= 1U;
  EXPECT_EQ(refused(kNote, keys).code, ErrorCode::corrupt);
}

TEST(Cosignature, OfAnotherLengthIsCorrupt) {
  SignedCheckpoint note = *parse_checkpoint(kNote);
  Bytes& bytes = note.signatures.front().bytes;
  for (const std::size_t size : {std::size_t{64}, std::size_t{71}, std::size_t{73}}) {
    bytes.resize(size);
    EXPECT_EQ(verify_cosignatures(note, known()).error().code, ErrorCode::corrupt) << size;
  }
}

/// 2^63 - 1 is the largest that the specification allows; no clock of ours gets there.
TEST(Cosignature, OfATimeThatNoClockHasIsCorrupt) {
  SignedCheckpoint note = *parse_checkpoint(kNote);
  note.signatures.front().bytes[0] = 0x7F;
  const Error why = verify_cosignatures(note, known()).error();
  EXPECT_EQ(why.code, ErrorCode::corrupt);
  EXPECT_NE(why.text.find("out of range"), std::string::npos);
}

TEST(Cosignature, OfWitnessesThatAreNotKnownIsPassedOver) {
  EXPECT_EQ(refused(kNote, {}).code, ErrorCode::not_found);
  const std::vector<Cosigner> other = {*parse_cosigner(kPublicKey)};
  EXPECT_EQ(refused(kNote, other).code, ErrorCode::not_found);
  EXPECT_EQ(refused(kExample, known()).code, ErrorCode::not_found);
}

TEST(Cosignature, OfTheSpecificationsExampleIsFramedAsItSays) {
  const auto read = parse_checkpoint(kExample);
  ASSERT_TRUE(read.ok()) << describe(read.error());
  const NoteSignature& witness = read->signatures.at(1);
  EXPECT_EQ(witness.id, 0x8D66CF3FU);
  EXPECT_EQ(witness.bytes.size(), 72U);
  // "time 1679315147"
  EXPECT_EQ(to_hex(ByteView(witness.bytes).first(8)), "00000000641850cb");
  EXPECT_TRUE(kExample.ends_with(to_line(witness)));
}

TEST(Cosignature, OfEachNoteOfAFileMustBeThere) {
  std::vector<Checkpoint> checkpoints;
  const auto one = add_cosigned(checkpoints, kNote + "\n" + kNote, known());
  ASSERT_TRUE(one.ok()) << describe(one.error());
  EXPECT_EQ(one->size(), 2U);
  EXPECT_EQ(one->front().lines, 20852163U);
  EXPECT_EQ(checkpoints.size(), 2U);
  EXPECT_EQ(add_cosigned(checkpoints, kNote + "\n" + kExample, known()).error().code,
            ErrorCode::not_found);
  EXPECT_EQ(add_cosigned(checkpoints, "", known()).error().code, ErrorCode::corrupt);
  EXPECT_EQ(checkpoints.size(), 2U) << "none of a file that isn't good";
}

}  // namespace
}  // namespace coffer::audit::test
