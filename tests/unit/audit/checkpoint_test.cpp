// Checkpoints as notes: what is written, what is read, and what isn't believed.
#include "coffer/audit/checkpoint.h"

#include <gtest/gtest.h>

#include "fakes/rsa_signer.h"
#include "fakes/soft_signer.h"

namespace coffer::audit::test {
namespace {

const std::string kOrigin = "coffer-audit/00000000-0000-0000-0000-0000000c0ffe";

Checkpoint sample() {
  return {kOrigin, 20852163, *crypto::sha256(as_bytes(std::string_view("root")))};
}

std::vector<NoteKey> keys_of(const crypto::Signer& signer) {
  return {*note_key(kOrigin, signer.public_key())};
}

std::string signed_by(std::uint8_t number) {
  fakes::SoftSigner signer(number);
  return *sign_checkpoint(sample(), signer);
}

TEST(Checkpoint, IsANoteOfFourPartsAndOneSignature) {
  const std::string note = signed_by(7);
  EXPECT_TRUE(note.starts_with(kOrigin + "\n20852163\n" + to_base64(sample().root) +
                               "\n\n\xE2\x80\x94 " + kOrigin + " "));
  const auto parsed = parse_checkpoint(note);
  ASSERT_TRUE(parsed.ok()) << describe(parsed.error());
  EXPECT_EQ(parsed->checkpoint, sample());
  ASSERT_EQ(parsed->signatures.size(), 1U);
  EXPECT_EQ(parsed->text, kOrigin + "\n20852163\n" + to_base64(sample().root) + "\n");
}

TEST(Checkpoint, IsVerifiedByItsKeyAndNoOther) {
  for (std::uint8_t number = 1; number < 40; ++number) {
    const auto parsed = *parse_checkpoint(signed_by(number));
    EXPECT_EQ(*verify_checkpoint(parsed, keys_of(fakes::SoftSigner(number))), 0U) << int{number};
    EXPECT_EQ(verify_checkpoint(parsed, keys_of(fakes::SoftSigner(77))).error().code,
              ErrorCode::not_found);
  }
}

TEST(Checkpoint, OfATokenWithRsaIsVerifiedToo) {
  const auto signer = fakes::make_rsa_signer();
  const auto parsed = *parse_checkpoint(*sign_checkpoint(sample(), *signer));
  EXPECT_TRUE(verify_checkpoint(parsed, keys_of(*signer)).ok());
}

/// A known key under another name is another key: signed-note says to ignore it.
TEST(Checkpoint, OfAKeyUnderAnotherNameIsNotThatKeys) {
  const fakes::SoftSigner signer(7);
  const std::vector<NoteKey> keys = {*note_key("other", signer.public_key())};
  EXPECT_EQ(verify_checkpoint(*parse_checkpoint(signed_by(7)), keys).error().code,
            ErrorCode::not_found);
}

TEST(Checkpoint, WithAnyByteChangedIsNotBelieved) {
  const std::string note = signed_by(7);
  const auto keys = keys_of(fakes::SoftSigner(7));
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto parsed = parse_checkpoint(changed);
    if (!parsed.ok()) continue;
    EXPECT_FALSE(verify_checkpoint(*parsed, keys).ok()) << "byte " << i;
  }
}

TEST(Checkpoint, WithAWrongSignatureOfAKnownKeyIsRefusedThoughAnotherIsGood) {
  const std::string good = signed_by(7);
  const std::string other = signed_by(8);
  const std::string second = other.substr(other.find("\xE2\x80\x94"));
  auto both = *parse_checkpoint(good + second);
  std::vector<NoteKey> keys = keys_of(fakes::SoftSigner(7));
  keys.push_back(keys_of(fakes::SoftSigner(8)).front());
  EXPECT_EQ(*verify_checkpoint(both, keys), 0U);
  both.signatures[1].bytes = both.signatures[0].bytes;
  EXPECT_EQ(verify_checkpoint(both, keys).error().code, ErrorCode::corrupt);
}

TEST(Checkpoint, IsNothingButACheckpoint) {
  const std::string note = signed_by(7);
  const std::string root = to_base64(sample().root);
  const std::string signature = note.substr(note.find("\xE2\x80\x94"));
  EXPECT_TRUE(parse_checkpoint("x\n1\n" + root + "\n\n" + signature).ok());
  for (const std::string& bad :
       {std::string(), std::string("\n"), note.substr(0, note.size() - 1), note + "x", note + "\n",
        "x\n01\n" + root + "\n\n" + signature, "x\n+1\n" + root + "\n\n" + signature,
        "x\n99999999999999999999\n" + root + "\n\n" + signature,
        "x\n1\n" + root + "\nmore\n\n" + signature, "\n1\n" + root + "\n\n" + signature,
        "x\n1\nAAAA\n\n" + signature, "x\n1\n" + root + "\n\n", "x\n1\n" + root + "\n" + signature,
        "x\n1\n" + root + "\n\n\xE2\x80\x94 name AAAA\n", "x\n1\n" + root + "\n\n- name AAAAAAAA\n",
        "x\ty\n1\n" + root + "\n\n" + signature, std::string(kMaxNote + 1, 'x')}) {
    EXPECT_EQ(parse_checkpoint(bad).error().code, ErrorCode::corrupt) << bad.substr(0, 80);
  }
}

TEST(Checkpoint, ManyInAFileAreTakenApart) {
  const std::string a = signed_by(7);
  const std::string b = signed_by(8);
  const std::string file = a + "\n\n" + b + a + "torn\n3";
  const auto notes = split_notes(file);
  ASSERT_EQ(notes.size(), 4U);
  EXPECT_EQ(notes[0], a);
  EXPECT_EQ(notes[1], b);
  EXPECT_EQ(notes[2], a);
  EXPECT_EQ(notes[3], "torn\n3");
  EXPECT_TRUE(split_notes("").empty());
}

/// The id of an ECDSA key is that of its DER alone, as signed-note's type 0x02 says; Sigstore's
/// Rekor names its key so.
TEST(NoteKey, IsNamedAsRekorNamesItsOwn) {
  const auto spki = *from_base64(
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+"
      "2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur"
      "/iy55GhWP/9A/bY2LhC30M9+RYtw==");
  const auto key = note_key("rekor.sigstore.dev", spki);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->id, 0xc0d23d6aU);
}

TEST(NoteKey, ReadsWhatItWrites) {
  const fakes::SoftSigner ec(7);
  const auto rsa = fakes::make_rsa_signer();
  for (const ByteView spki : {ec.public_key(), rsa->public_key()}) {
    const NoteKey key = *note_key(kOrigin, spki);
    const auto again = parse_note_key(to_text(key));
    ASSERT_TRUE(again.ok()) << describe(again.error());
    EXPECT_EQ(again->name, kOrigin);
    EXPECT_EQ(again->id, key.id);
    EXPECT_EQ(again->spki, key.spki);
  }
}

TEST(NoteKey, IsRefusedWithAnyCharacterChanged) {
  const std::string text = to_text(*note_key(kOrigin, fakes::SoftSigner(7).public_key()));
  for (std::size_t i = kOrigin.size(); i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(parse_note_key(changed).ok()) << i;
  }
  for (const char* bad : {"", "a", "a+b", "a+b+", "+00000000+AjBZ", "a b+00000000+AjBZ"}) {
    EXPECT_EQ(parse_note_key(bad).error().code, ErrorCode::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace coffer::audit::test
