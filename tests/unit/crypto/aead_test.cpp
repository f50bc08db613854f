#include "coffer/crypto/aead.h"

#include "coffer/crypto/random.h"
#include "hex.h"

namespace coffer::crypto {
namespace {

struct AeadVector {
  std::string_view key, iv, aad, plaintext, sealed;
};

constexpr std::string_view kZeroKey =
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view kKey =
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view kIv = "cafebabefacedbaddecaf888";

// Cases 13 to 16 of McGrew and Viega's GCM specification, as submitted to NIST, and the first of
// NIST's CAVP gcmEncryptExtIV256.rsp.
const AeadVector kVectors[] = {
    {kZeroKey, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {kZeroKey, "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {kKey, kIv, "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"},
    {kKey, kIv, "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
    {"b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4", "516c33929df5a3284ff463d7",
     "", "", "bdc1ac884d332457a1d2664f168c76f0"},
};

TEST(Aead, SealsAsTheVectorsSay) {
  for (const AeadVector& vector : kVectors) {
    const auto sealed =
        aead_seal(hex(vector.key), hex(vector.iv), hex(vector.aad), hex(vector.plaintext));
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(to_hex(*sealed), vector.sealed);
  }
}

TEST(Aead, OpensAsTheVectorsSay) {
  for (const AeadVector& vector : kVectors) {
    Bytes out(vector.plaintext.size() / 2);
    ASSERT_TRUE(
        aead_open(hex(vector.key), hex(vector.iv), hex(vector.aad), hex(vector.sealed), out).ok());
    EXPECT_EQ(to_hex(out), vector.plaintext);
  }
}

/// What opens in the tests below, and each part of it that they change.
struct Sealed {
  Bytes key = hex(kKey);
  Bytes iv = hex(kIv);
  Bytes aad = hex(kVectors[3].aad);
  Bytes bytes = hex(kVectors[3].sealed);

  /// Opens into memory that isn't zero, to see that it is wiped.
  Result<void> open(Bytes& out) const {
    out.assign(bytes.size() - kAeadTagSize, 0x5a);
    return aead_open(key, iv, aad, bytes, out);
  }
};

void expect_corrupt(const Sealed& sealed, std::string_view what, std::size_t at) {
  Bytes out;
  const auto opened = sealed.open(out);
  ASSERT_FALSE(opened.ok()) << what << " " << at;
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << what << " " << at;
  EXPECT_EQ(out, Bytes(out.size(), 0)) << what << " " << at;
}

void flip_each_bit(Sealed& sealed, Bytes& part, std::string_view what) {
  for (std::size_t bit = 0; bit < 8 * part.size(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    part[bit / 8] ^= mask;
    expect_corrupt(sealed, what, bit);
    part[bit / 8] ^= mask;
  }
}

TEST(Aead, RefusesEveryFlippedBitAndWipesWhatItDecrypted) {
  Sealed sealed;
  flip_each_bit(sealed, sealed.key, "key");
  flip_each_bit(sealed, sealed.iv, "iv");
  flip_each_bit(sealed, sealed.aad, "aad");
  flip_each_bit(sealed, sealed.bytes, "sealed");
  Bytes out;
  EXPECT_TRUE(sealed.open(out).ok());
}

TEST(Aead, RefusesEveryTruncation) {
  const Sealed whole;
  for (std::size_t size = kAeadTagSize; size < whole.bytes.size(); ++size) {
    Sealed cut = whole;
    cut.bytes.resize(size);
    expect_corrupt(cut, "size", size);
  }
  for (std::size_t size = 0; size < kAeadTagSize; ++size) {
    const auto opened =
        aead_open(whole.key, whole.iv, whole.aad, ByteView(whole.bytes).first(size), {});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  }
}

TEST(Aead, RefusesOtherKeyAndIvLengths) {
  for (const std::size_t size : {0U, 16U, 24U, 31U, 33U}) {
    const auto sealed = aead_seal(Bytes(size), Bytes(kAeadIvSize), {}, {});
    ASSERT_FALSE(sealed.ok());
    EXPECT_EQ(sealed.error().code, ErrorCode::invalid_argument);
  }
  for (const std::size_t size : {0U, 8U, 11U, 13U, 16U}) {
    const auto sealed = aead_seal(Bytes(kAeadKeySize), Bytes(size), {}, {});
    ASSERT_FALSE(sealed.ok());
    EXPECT_EQ(sealed.error().code, ErrorCode::invalid_argument);
  }
}

TEST(Aead, RefusesRoomOfAnotherSize) {
  Bytes out(40);
  const Bytes key(kAeadKeySize);
  const Bytes iv(kAeadIvSize);
  EXPECT_EQ(aead_seal_to(key, iv, {}, Bytes(25), out).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(aead_seal_to(key, iv, {}, Bytes(24), out).ok());
  Bytes small(23);
  EXPECT_EQ(aead_open(key, iv, {}, out, small).error().code, ErrorCode::invalid_argument);
}

TEST(Aead, OpensWhatItSealedAtEveryLength) {
  for (std::size_t size = 0; size < 130; ++size) {
    const auto key = random_bytes(kAeadKeySize);
    const auto iv = random_bytes(kAeadIvSize);
    const auto plaintext = random_bytes(size);
    ASSERT_TRUE(key.ok() && iv.ok() && plaintext.ok());
    const auto sealed = aead_seal(*key, *iv, *iv, *plaintext);
    ASSERT_TRUE(sealed.ok());
    Bytes out(size);
    ASSERT_TRUE(aead_open(*key, *iv, *iv, *sealed, out).ok()) << size;
    EXPECT_EQ(out, *plaintext);
  }
}

TEST(Aead, AFailureLeavesTheThreadsContextFitForUse) {
  Sealed sealed;
  sealed.bytes.back() ^= 1U;
  expect_corrupt(sealed, "tag", 0);
  sealed.bytes.back() ^= 1U;
  Bytes out;
  ASSERT_TRUE(sealed.open(out).ok());
  EXPECT_EQ(to_hex(out), kVectors[3].plaintext);
}

}  // namespace
}  // namespace coffer::crypto
