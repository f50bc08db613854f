#include "coffer/crypto/digest.h"

#include <thread>
#include <vector>

#include "hex.h"

namespace coffer::crypto {
namespace {

struct DigestVector {
  std::string_view message;
  std::string_view digest;
};

// FIPS 180-4 examples, and the one-byte message of NIST's CAVP SHA256ShortMsg.rsp.
const DigestVector kDigests[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"\xd3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
};

TEST(Sha256, MatchesTheStandardsExamples) {
  for (const DigestVector& vector : kDigests) {
    const auto digest = sha256(as_bytes(vector.message));
    ASSERT_TRUE(digest.ok());
    EXPECT_EQ(to_hex(*digest), vector.digest);
  }
}

TEST(Sha256, HashesAMillionBytes) {
  const std::string million(1'000'000, 'a');
  const auto digest = sha256(as_bytes(million));
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(to_hex(*digest), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAPrefixAndDataIsThatOfBothJoined) {
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto digest = sha256(as_bytes(std::string_view(text).substr(0, cut)),
                               as_bytes(std::string_view(text).substr(cut)));
    ASSERT_TRUE(digest.ok());
    EXPECT_EQ(to_hex(*digest), kDigests[2].digest);
  }
}

struct MacVector {
  std::string key;
  std::string message;
  std::string_view mac;
};

std::string bytes_up_to(char last) {
  std::string out;
  for (char c = 1; c <= last; ++c) out.push_back(c);
  return out;
}

// RFC 4231 sections 4.2 to 4.8 (4.6 truncates, which we never do).
std::vector<MacVector> mac_vectors() {
  return {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {bytes_up_to(25), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
}

TEST(HmacSha256, MatchesRfc4231) {
  for (const MacVector& vector : mac_vectors()) {
    const auto mac = hmac_sha256(as_bytes(vector.key), as_bytes(vector.message));
    ASSERT_TRUE(mac.ok());
    EXPECT_EQ(to_hex(*mac), vector.mac);
  }
}

TEST(HmacSha256, OfPartsIsThatOfThePartsJoined) {
  for (const MacVector& vector : mac_vectors()) {
    const ByteView message = as_bytes(vector.message);
    const std::size_t third = message.size() / 3;
    const auto mac =
        hmac_sha256(as_bytes(vector.key), {message.first(third), message.subspan(third, third),
                                           ByteView(), message.subspan(2 * third)});
    ASSERT_TRUE(mac.ok());
    EXPECT_EQ(to_hex(*mac), vector.mac);
  }
}

TEST(HmacSha256, OfAnEmptyKeyIsThatOfAZeroBlock) {
  const auto empty = hmac_sha256({}, as_bytes("message"));
  const auto zeros = hmac_sha256(Bytes(64, 0), as_bytes("message"));
  ASSERT_TRUE(empty.ok() && zeros.ok());
  EXPECT_EQ(*empty, *zeros);
}

TEST(HmacSha256, GivesEachThreadTheSameResult) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([t, &wrong] {
      const std::vector<MacVector> vectors = mac_vectors();
      for (std::size_t i = 0; i < 2000; ++i) {
        const MacVector& vector = vectors[(i + t) % vectors.size()];
        const auto mac = hmac_sha256(as_bytes(vector.key), as_bytes(vector.message));
        if (!mac.ok() || to_hex(*mac) != vector.mac) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

struct KdfVector {
  Bytes key;
  Bytes salt;
  Bytes info;
  std::string_view out;
};

Bytes counting(std::uint8_t from, std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(from + i);
  return out;
}

// The inputs of RFC 5869 appendix A, which gives SHA-256 and SHA-1 results only. Those for SHA-512
// were computed twice, by Python's hmac and hashlib after the RFC's text and by pyca/cryptography's
// HKDF, which agree.
std::vector<KdfVector> kdf_vectors() {
  return {
      {Bytes(22, 0x0b), counting(0x00, 13), counting(0xf0, 10),
       "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb"},
      {counting(0x00, 80), counting(0x60, 80), counting(0xb0, 80),
       "ce6c97192805b346e6161e821ed165673b84f400a2b514b2fe23d84cd189ddf1b695b48cbd1c8388441137b3ce2"
       "8"
       "f16aa64ba33ba466b24df6cfcb021ecff235f6a2056ce3af1de44d572097a8505d9e7a93"},
      {Bytes(22, 0x0b),
       {},
       {},
       "f5fa02b18298a72a8c23898a8703472c6eb179dc204c03425c970e3b164bf90fff22d04836d0e2343bac"},
      {Bytes(22, 0x0c),
       {},
       {},
       "1407d46013d98bc6decefcfee55f0f90b0c7f63d68eb1a80eaf07e953cfc0a3a5240a155d6e4daa965bb"},
  };
}

TEST(HkdfSha512, MatchesIndependentImplementations) {
  for (const KdfVector& vector : kdf_vectors()) {
    Bytes out(vector.out.size() / 2);
    ASSERT_TRUE(hkdf_sha512(vector.key, vector.salt, vector.info, out).ok());
    EXPECT_EQ(to_hex(out), vector.out);
  }
}

TEST(HkdfSha512, OfAKeyInPartsIsThatOfThePartsJoined) {
  for (const KdfVector& vector : kdf_vectors()) {
    Bytes out(vector.out.size() / 2);
    const ByteView key(vector.key);
    ASSERT_TRUE(
        hkdf_sha512({key.first(7), ByteView(), key.subspan(7)}, vector.salt, vector.info, out)
            .ok());
    EXPECT_EQ(to_hex(out), vector.out);
  }
}

TEST(HkdfSha512, ShorterOutputIsAPrefixOfLonger) {
  const Bytes key = counting(1, 64);
  Bytes longest(300);
  ASSERT_TRUE(hkdf_sha512(key, key, key, longest).ok());
  for (const std::size_t size : {1U, 63U, 64U, 65U, 128U, 129U, 299U}) {
    Bytes out(size);
    ASSERT_TRUE(hkdf_sha512(key, key, key, out).ok());
    EXPECT_TRUE(std::equal(out.begin(), out.end(), longest.begin())) << size;
  }
}

TEST(HkdfSha512, GivesAtMost255Blocks) {
  Bytes out(255 * 64);
  EXPECT_TRUE(hkdf_sha512(counting(1, 32), {}, {}, out).ok());
  out.resize(255 * 64 + 1);
  const auto too_much = hkdf_sha512(counting(1, 32), {}, {}, out);
  ASSERT_FALSE(too_much.ok());
  EXPECT_EQ(too_much.error().code, ErrorCode::invalid_argument);
}

TEST(EqualConstantTime, ComparesContentAndLength) {
  const Bytes a = counting(0, 32);
  Bytes b = a;
  EXPECT_TRUE(equal_constant_time(a, b));
  EXPECT_TRUE(equal_constant_time({}, {}));
  for (std::size_t i = 0; i < b.size(); ++i) {
    b[i] ^= 0x80U;
    EXPECT_FALSE(equal_constant_time(a, b)) << i;
    b[i] ^= 0x80U;
  }
  EXPECT_FALSE(equal_constant_time(a, ByteView(b).first(31)));
  EXPECT_FALSE(equal_constant_time(a, {}));
}

}  // namespace
}  // namespace coffer::crypto
