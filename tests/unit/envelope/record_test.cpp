#include "../../../src/envelope/record.h"

#include <algorithm>

#include "../../../src/envelope/contexts.h"
#include "coffer/crypto/digest.h"
#include "golden.h"
#include "world.h"

namespace coffer::envelope {
namespace {

/// The parts of the worked example, for tests that change some of them.
struct Example {
  FreshRecord fresh;
  Uuid vault = golden_id("vault");
  SecretContext secret{golden_id("mount"), golden_text("record_path"), 3};
  Bytes bind = golden("bind_key");
  Bytes data_key = golden("record_data_key");
  Bytes wrapped = golden("record_wrapped");
  std::vector<Recipient> recipients = {{golden_id("token"), 1, pkcs11::kWrapAesGcm, wrapped}};
  std::string value = golden_text("record_value");

  Example() {
    fresh.id = golden_id("record_id");
    std::copy_n(golden("record_salt").begin(), fresh.salt.size(), fresh.salt.begin());
    std::copy_n(golden("record_iv").begin(), fresh.iv.size(), fresh.iv.begin());
  }

  Result<std::string> seal() const {
    return seal_record(fresh, vault, {1, bind, data_key}, recipients, secret, value);
  }
  Result<std::string> open(std::string_view bytes) const {
    COFFER_TRY(const Record record, parse_record(as_bytes(bytes)));
    COFFER_CHECK(authenticate(record, bind));
    return open_record(record, bind, data_key, secret);
  }
};

TEST(SealedRecord, MakesTheWorkedExample) {
  EXPECT_EQ(to_hex(as_bytes(must(Example().seal()))), to_hex(golden("record")));
}

TEST(SealedRecord, OpensTheWorkedExample) {
  EXPECT_EQ(must(Example().open(golden_text("record"))), golden_text("record_value"));
}

TEST(SealedRecord, MakesTheContextsOfTheWorkedExample) {
  const Example example;
  EXPECT_EQ(to_hex(as_bytes(content_context(example.vault, example.fresh.id, 1, example.secret))),
            to_hex(golden("record_content_context")));
  EXPECT_EQ(
      to_hex(as_bytes(record_wrap_context(example.vault, example.fresh.id, golden_id("token"), 1))),
      to_hex(golden("record_wrap_context")));
  EXPECT_EQ(to_hex(as_bytes(keyring_wrap_context(example.vault, golden_id("token"), 1))),
            to_hex(golden("keyring_wrap_context")));
}

TEST(SealedRecord, EveryFlippedBitIsCorrupt) {
  const Example example;
  std::string bytes = golden_text("record");
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<char>(1U << (bit % 8));
    bytes[bit / 8] ^= mask;
    EXPECT_EQ(code_of(example.open(bytes)), ErrorCode::corrupt) << bit;
    bytes[bit / 8] ^= mask;
  }
  EXPECT_TRUE(example.open(bytes).ok());
}

TEST(SealedRecord, EveryTruncationIsCorrupt) {
  const Example example;
  const std::string whole = golden_text("record");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(code_of(example.open(std::string_view(whole).substr(0, size))), ErrorCode::corrupt);
  }
  EXPECT_EQ(code_of(example.open(whole + '\0')), ErrorCode::corrupt);
}

TEST(SealedRecord, NoiseIsCorrupt) {
  const Example example;
  const std::string start = golden_text("record").substr(0, 43);  // up to the recipients
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string noise(as_text(must(crypto::random_bytes(size))));
    EXPECT_EQ(code_of(example.open(noise)), ErrorCode::corrupt);
    EXPECT_EQ(code_of(example.open(start + noise)), ErrorCode::corrupt);
  }
}

TEST(SealedRecord, OpensAtEveryLengthOfValue) {
  for (std::size_t size = 0; size < 100; ++size) {
    Example example;
    example.value.assign(size, 'v');
    EXPECT_EQ(must(example.open(must(example.seal()))), example.value);
  }
}

TEST(SealedRecord, ShowsNothingOfTheValueOrItsPath) {
  Example example;
  example.value = "a value that is looked for";
  example.secret.path = "a/path/that/is/looked/for";
  const std::string bytes = must(example.seal());
  EXPECT_EQ(bytes.find(example.value), std::string::npos);
  EXPECT_EQ(bytes.find(example.secret.path), std::string::npos);
}

/// Sealed in one place, opened with the example changed by `change`.
void expect_bound(const std::function<void(Example&)>& change) {
  const std::string bytes = must(Example().seal());
  Example other;
  change(other);
  EXPECT_EQ(code_of(other.open(bytes)), ErrorCode::corrupt);
}

TEST(SealedRecord, IsBoundToItsPlaceAndKeys) {
  expect_bound([](Example& e) { e.secret.path = "app/dc"; });
  expect_bound([](Example& e) { e.secret.path = "app/db/"; });
  expect_bound([](Example& e) { e.secret.path.clear(); });
  expect_bound([](Example& e) { e.secret.version = 2; });
  expect_bound([](Example& e) { e.secret.version += std::uint64_t{1} << 32U; });
  expect_bound([](Example& e) { e.secret.mount = id(7); });
  expect_bound([](Example& e) { e.data_key[31] ^= 1U; });
  expect_bound([](Example& e) { e.bind[0] ^= 1U; });
  expect_bound([](Example& e) { e.data_key.resize(16); });
  expect_bound([](Example& e) { e.data_key.clear(); });
}

TEST(SealedRecord, IsBoundToItsVault) {
  const std::string bytes = must(Example().seal());
  Record record = must(parse_record(as_bytes(bytes)));
  record.vault = id(7);
  const Example example;
  EXPECT_EQ(code_of(open_record(record, example.bind, example.data_key, example.secret)),
            ErrorCode::corrupt);
}

TEST(SealedRecord, AnotherDataKeyFailsAtTheCommitmentAlready) {
  // The content of the second key's record behind the first one's commitment.
  Example example;
  const std::string first = must(example.seal());
  Example second;
  second.data_key[0] ^= 1U;
  const std::string other = must(second.seal());
  const Record record = must(parse_record(as_bytes(first)));
  Record mixed = record;
  mixed.content = must(parse_record(as_bytes(other))).content;
  EXPECT_EQ(code_of(open_record(mixed, second.bind, second.data_key, second.secret)),
            ErrorCode::corrupt);
  mixed.commitment = must(parse_record(as_bytes(other))).commitment;
  EXPECT_TRUE(open_record(mixed, second.bind, second.data_key, second.secret).ok());
}

TEST(SealedRecord, ARewrapLeavesCommitmentAndContentAlone) {
  Example rewrapped;
  rewrapped.recipients[0].kek_version = 2;
  const std::string before = must(Example().seal());
  const std::string after = must(rewrapped.seal());
  const Record a = must(parse_record(as_bytes(before)));
  const Record b = must(parse_record(as_bytes(after)));
  EXPECT_EQ(to_hex(a.commitment), to_hex(b.commitment));
  EXPECT_EQ(to_hex(a.content), to_hex(b.content));
  EXPECT_NE(to_hex(a.mac), to_hex(b.mac));
}

/// Offset of the MAC, and so the end of the recipients, in the worked example.
constexpr std::size_t kMacAt = 43 + 16 + 4 + (4 + 7) + (4 + 60);
constexpr std::size_t kCountAt = 42;

std::string with_count(std::string bytes, char count) {
  bytes[kCountAt] = count;
  return bytes;
}

TEST(SealedRecord, ARecipientAddedIsCorrupt) {
  const std::string bytes = golden_text("record");
  const std::string recipient = bytes.substr(43, kMacAt - 43);
  std::string added = with_count(bytes, 2);
  added.insert(kMacAt, recipient);
  EXPECT_EQ(code_of(Example().open(added)), ErrorCode::corrupt);
  added = with_count(bytes, 2);
  added.insert(43, recipient);
  EXPECT_EQ(code_of(Example().open(added)), ErrorCode::corrupt);
}

TEST(SealedRecord, ARecipientStrippedIsCorrupt) {
  Example example;
  example.recipients.push_back({id(3), 1, pkcs11::kWrapAesGcm, example.wrapped});
  const std::string two = must(example.seal());
  EXPECT_TRUE(example.open(two).ok());
  const std::size_t size = kMacAt - 43;
  for (const std::size_t at : {std::size_t{43}, std::size_t{43} + size}) {
    std::string one = with_count(two, 1);
    one.erase(at, size);
    EXPECT_EQ(code_of(example.open(one)), ErrorCode::corrupt);
  }
  std::string none = with_count(golden_text("record"), 0);
  none.erase(43, size);
  EXPECT_EQ(code_of(example.open(none)), ErrorCode::corrupt);
}

TEST(SealedRecord, HasOneToEightRecipients) {
  Example example;
  const Recipient one = example.recipients.front();
  example.recipients.assign(8, one);
  EXPECT_TRUE(example.open(must(example.seal())).ok());
  example.recipients.assign(9, one);
  EXPECT_EQ(code_of(example.seal()), ErrorCode::internal);
  example.recipients.clear();
  EXPECT_EQ(code_of(example.seal()), ErrorCode::internal);
}

TEST(SealedRecord, PartsOfTwoRecordsDontMakeAThird) {
  Example first;
  Example second;
  second.fresh.id = id(4);
  second.fresh.salt.fill(5);
  second.fresh.iv.fill(6);
  second.value.back() = '!';
  const std::string a = must(first.seal());
  const std::string b = must(second.seal());
  ASSERT_EQ(a.size(), b.size());
  const std::size_t cuts[] = {0,           22,          38,           kMacAt,  kMacAt + 32,
                              kMacAt + 64, kMacAt + 96, kMacAt + 108, a.size()};
  for (std::size_t i = 0; i + 1 < std::size(cuts); ++i) {
    std::string mixed = a;
    mixed.replace(cuts[i], cuts[i + 1] - cuts[i], b, cuts[i], cuts[i + 1] - cuts[i]);
    if (mixed == a) continue;  // the part is the same in both
    EXPECT_EQ(code_of(first.open(mixed)), ErrorCode::corrupt) << i;
  }
}

TEST(SealedRecord, WithoutTheBindKeyNobodyMakesOne) {
  // Who has the disk, the public keys, and even a data key of his own that the token wrapped.
  Example attacker;
  attacker.bind.assign(32, 0);
  const std::string made = must(attacker.seal());
  EXPECT_EQ(code_of(Example().open(made)), ErrorCode::corrupt);
  // And the recipients' MAC alone of a true record doesn't help.
  std::string spliced = made;
  const std::string honest = golden_text("record");
  spliced.replace(0, kMacAt + 32, honest, 0, kMacAt + 32);
  EXPECT_EQ(code_of(Example().open(spliced)), ErrorCode::corrupt);
}

}  // namespace
}  // namespace coffer::envelope
