#include "coffer/crypto/signer.h"

#include "hex.h"

namespace coffer::crypto {
namespace {

// RFC 6979 appendix A.2.5: the key, and its signatures with SHA-256.
constexpr std::string_view kX = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
constexpr std::string_view kY = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr std::string_view kR = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
constexpr std::string_view kS = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
constexpr std::string_view kTestR =
    "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367";
constexpr std::string_view kTestS =
    "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";

// The order of the group.
constexpr std::string_view kN = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr std::string_view kZero =
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view kOne =
    "0000000000000000000000000000000000000000000000000000000000000001";
constexpr std::string_view kOnes =
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

// The same key as `openssl ec -pubout` writes it.
constexpr std::string_view kPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
    "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
    "-----END PUBLIC KEY-----\n";

// A P-384 key (7 times the generator), by pyca/cryptography.
constexpr std::string_view kP384 =
    "3076301006072a8648ce3d020106052b8104002203620004283c1d7365ce4788f29f8ebf234edffead6fe997fbea5f"
    "fa2d58cc9dfa7b1c508b05526f55b9ebb2040f05b48fb6d0e19475c99061e41b88ba52efdb8c1690471a61d867ed79"
    "9729d9c92cd01dbd225630d84ede32a78f9e64664cdac512ef8c";

std::string join(std::string_view a, std::string_view b) { return std::string(a).append(b); }

Bytes key() {
  auto spki = spki_from_p256_point(hex(join("04", join(kX, kY))));
  EXPECT_TRUE(spki.ok());
  return spki.ok() ? *std::move(spki) : Bytes();
}

ErrorCode code_of(const Result<void>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::internal : result.error().code;
}

TEST(VerifyP256, AcceptsRfc6979Signatures) {
  EXPECT_TRUE(verify_p256(key(), as_bytes("sample"), hex(join(kR, kS))).ok());
  EXPECT_TRUE(verify_p256(key(), as_bytes("test"), hex(join(kTestR, kTestS))).ok());
}

TEST(VerifyP256, RefusesASignatureOfAnotherMessage) {
  EXPECT_EQ(code_of(verify_p256(key(), as_bytes("test"), hex(join(kR, kS)))), ErrorCode::corrupt);
  EXPECT_EQ(code_of(verify_p256(key(), {}, hex(join(kR, kS)))), ErrorCode::corrupt);
}

TEST(VerifyP256, RefusesEveryFlippedBitOfTheSignature) {
  Bytes signature = hex(join(kR, kS));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    signature[bit / 8] ^= mask;
    EXPECT_EQ(code_of(verify_p256(key(), as_bytes("sample"), signature)), ErrorCode::corrupt);
    signature[bit / 8] ^= mask;
  }
}

TEST(VerifyP256, RefusesEveryOtherLength) {
  const Bytes whole = hex(join(join(kR, kS), kZero));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    if (size == 64) continue;
    EXPECT_EQ(code_of(verify_p256(key(), as_bytes("sample"), ByteView(whole).first(size))),
              ErrorCode::corrupt)
        << size;
  }
}

// The edge cases that Wycheproof's suites for this curve look at: r and s of 0, of 1, of the
// group's order, and out of range.
TEST(VerifyP256, RefusesRAndSOutOfRange) {
  for (const std::string_view r : {kZero, kOne, kN, kOnes, kR}) {
    for (const std::string_view s : {kZero, kOne, kN, kOnes}) {
      EXPECT_EQ(code_of(verify_p256(key(), as_bytes("sample"), hex(join(r, s)))),
                ErrorCode::corrupt)
          << r << s;
    }
  }
  for (const std::string_view r : {kZero, kOne, kN, kOnes}) {
    EXPECT_EQ(code_of(verify_p256(key(), as_bytes("sample"), hex(join(r, kS)))),
              ErrorCode::corrupt);
  }
}

TEST(VerifyP256, RefusesASignatureInDer) {
  const Bytes der = hex(join(join("3046022100", kR), join("022100", kS)));
  EXPECT_EQ(code_of(verify_p256(key(), as_bytes("sample"), der)), ErrorCode::corrupt);
}

TEST(VerifyP256, RefusesAnotherKey) {
  // The negated point: on the curve, but another key.
  const auto other = spki_from_p256_point(hex(
      join("04", join(kX, "86fc01eef74743675be51616a9d7439b0d0e4df4d28160ae885c3d6b2bb9dd66"))));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(code_of(verify_p256(*other, as_bytes("sample"), hex(join(kR, kS)))),
            ErrorCode::corrupt);
}

TEST(VerifyP256, RefusesKeysThatArentP256) {
  const Bytes signature = hex(join(kR, kS));
  EXPECT_EQ(code_of(verify_p256({}, as_bytes("sample"), signature)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(verify_p256(hex(kP384), as_bytes("sample"), signature)),
            ErrorCode::invalid_argument);
  Bytes longer = key();
  longer.push_back(0);
  EXPECT_EQ(code_of(verify_p256(longer, as_bytes("sample"), signature)),
            ErrorCode::invalid_argument);
}

TEST(SpkiFromP256Point, RefusesWhatIsntAPointOfTheCurve) {
  Bytes point = hex(join("04", join(kX, kY)));
  EXPECT_FALSE(spki_from_p256_point(ByteView(point).first(64)).ok());
  EXPECT_FALSE(spki_from_p256_point({}).ok());
  point.back() ^= 1U;
  EXPECT_FALSE(spki_from_p256_point(point).ok());
  point.back() ^= 1U;
  point.front() = 0x02;
  EXPECT_FALSE(spki_from_p256_point(point).ok());
  point.front() = 0x06;  // X9.62's hybrid form
  EXPECT_FALSE(spki_from_p256_point(point).ok());
}

TEST(Pem, IsWhatOtherToolsWrite) {
  EXPECT_EQ(pem_from_spki(key()), kPem);
  const auto spki = spki_from_pem(kPem);
  ASSERT_TRUE(spki.ok());
  EXPECT_EQ(*spki, key());
}

TEST(Pem, AllowsBlanksAroundTheLines) {
  std::string text(kPem);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
    text.replace(at, 1, "\r\n");
  }
  const auto spki = spki_from_pem("\n " + text + "\n\n");
  ASSERT_TRUE(spki.ok());
  EXPECT_EQ(*spki, key());
}

TEST(Pem, RefusesEverythingElse) {
  const std::string pem(kPem);
  const std::string body = pem.substr(27, pem.size() - 53);
  for (const std::string& text :
       {std::string(), std::string("-----BEGIN PUBLIC KEY-----"), body, "x" + pem, pem + "x",
        pem + pem, std::string("-----END PUBLIC KEY-----\n-----BEGIN PUBLIC KEY-----\n"),
        std::string("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"),
        std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")}) {
    const auto spki = spki_from_pem(text);
    ASSERT_FALSE(spki.ok()) << text;
    EXPECT_EQ(spki.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace coffer::crypto
