// Secrets through a SealedTransaction: the token, the cache, and whoever can write the disk.
#include <algorithm>
#include <chrono>
#include <set>

#include "../../../src/envelope/record.h"
#include "world.h"

namespace coffer::envelope {
namespace {

using fakes::FakeToken;
using Method = FakeToken::Method;

const Uuid kMount = id(3);

RowName row_of(const SecretContext& context) {
  return {{context.mount, 3}, context.path, std::to_string(context.version)};
}

SecretContext secret(std::string path, std::uint64_t version = 1, const Uuid& mount = kMount) {
  return {mount, std::move(path), version};
}

struct Secrets : World {
  using World::World;
  void seal(const SecretContext& context, std::string_view value) {
    put_secret(row_of(context), context, value);
  }
  Result<std::string> open_at(const SecretContext& context) {
    return get_secret(row_of(context), context);
  }
  std::size_t unwraps() const { return token.calls(Method::unwrap); }
};

const CacheConfig kNoCache{.entries = 0, .max_age = std::chrono::seconds(0)};

TEST(Secret, OpensToWhatWasSealed) {
  Secrets world;
  world.seal(secret("app/db"), "one");
  world.seal(secret("app/db", 2), "two");
  EXPECT_EQ(must(world.open_at(secret("app/db"))), "one");
  EXPECT_EQ(must(world.open_at(secret("app/db", 2))), "two");
  EXPECT_EQ(code_of(world.open_at(secret("app/db", 3))), ErrorCode::not_found);
}

TEST(Secret, OpensInTheTransactionThatSealedIt) {
  Secrets world;
  const SecretContext context = secret("app/db");
  auto tx = world.begin();
  must(tx->seal_secret(row_of(context), context, "staged"));
  EXPECT_EQ(must(tx->open_secret(row_of(context), context)), "staged");
  tx->erase(row_of(context), Expect::anything());
  EXPECT_EQ(code_of(tx->open_secret(row_of(context), context)), ErrorCode::not_found);
}

TEST(Secret, AnErasedOneLeavesStoreAndCache) {
  Secrets world;
  const SecretContext context = secret("app/db");
  world.seal(context, "value");
  world.seal(secret("app/db", 2), "stays");
  must(world.open_at(context));
  must(world.open_at(secret("app/db", 2)));
  auto tx = world.begin();
  must(tx->erase_secret(row_of(context)));
  const std::size_t unwraps = world.unwraps();
  // Until the erasure is committed the secret opens, but by the token.
  EXPECT_EQ(must(world.open_at(context)), "value");
  EXPECT_EQ(must(world.open_at(context)), "value");
  EXPECT_EQ(world.unwraps(), unwraps + 2);
  EXPECT_EQ(must(world.open_at(secret("app/db", 2))), "stays");
  EXPECT_EQ(world.unwraps(), unwraps + 2);
  EXPECT_EQ(code_of(tx->open_secret(row_of(context), context)), ErrorCode::not_found);
  world.commit(*tx);
  EXPECT_EQ(code_of(world.open_at(context)), ErrorCode::not_found);
}

TEST(Secret, OneThatCannotBeReadIsErasedToo) {
  Secrets world;
  world.seal(secret("app/db"), "value");
  const auto key = must(world.begin()->place(row_of(secret("app/db"))));
  world.overwrite(key, "no record");
  auto tx = world.begin();
  must(tx->erase_secret(row_of(secret("app/db"))));
  must(tx->erase_secret(row_of(secret("not/there"))));
  world.commit(*tx);
  EXPECT_EQ(code_of(world.open_at(secret("app/db"))), ErrorCode::not_found);
}

TEST(Secret, OpensAfterARestart) {
  Secrets world;
  world.seal(secret("app/db"), "value");
  const Bytes stored = must(world.keyring->store());
  const Bytes signer = to_bytes(world.keyring->public_key());
  world.sealed.reset();
  world.keyring = must(Keyring::open(world.token, stored, signer));
  world.open();
  EXPECT_EQ(must(world.open_at(secret("app/db"))), "value");
}

TEST(Secret, EachHasADataKeyOfItsOwn) {
  Secrets world(kNoCache);
  std::set<std::string> keys;
  for (std::uint64_t version = 1; version <= 20; ++version) world.seal(secret("a", version), "v");
  for (const auto& [key, value] : world.raw_rows()) {
    if (key.size() != 32) continue;
    const Record record = must(parse_record(as_bytes(value)));
    ASSERT_EQ(record.recipients.size(), 1U);
    keys.insert(to_hex(record.recipients.front().wrapped));
    keys.insert(to_hex(record.salt));
    keys.insert(to_hex(record.iv));
    keys.insert(to_string(record.id));
  }
  EXPECT_EQ(keys.size(), 80U);
}

TEST(Secret, IsOneTokenOperationToOpenUnlessItsKeyIsCached) {
  Secrets world;
  world.seal(secret("a"), "v");
  for (int i = 0; i < 5; ++i) must(world.open_at(secret("a")));
  EXPECT_EQ(world.unwraps(), 1U);
  world.sealed->purge_cache();
  must(world.open_at(secret("a")));
  EXPECT_EQ(world.unwraps(), 2U);
  world.clock.advance(std::chrono::seconds(60));
  must(world.open_at(secret("a")));
  EXPECT_EQ(world.unwraps(), 3U);
}

TEST(Secret, SweepWipesOldKeysWithoutARead) {
  Secrets world;
  world.seal(secret("a"), "v");
  must(world.open_at(secret("a")));
  world.clock.advance(std::chrono::seconds(59));
  world.sealed->sweep_cache();
  must(world.open_at(secret("a")));
  EXPECT_EQ(world.unwraps(), 1U);
  world.clock.advance(std::chrono::seconds(1));
  world.sealed->sweep_cache();
  must(world.open_at(secret("a")));
  EXPECT_EQ(world.unwraps(), 2U);
}

TEST(Secret, ACachedKeyOpensNothingUnderAnotherContext) {
  Secrets world;
  const SecretContext right = secret("a");
  world.seal(right, "v");
  must(world.open_at(right));
  for (const SecretContext& wrong :
       {secret("b"), secret("a", 2), secret("a", 1, id(4)), secret("a/"), secret("")}) {
    EXPECT_EQ(code_of(world.get_secret(row_of(right), wrong)), ErrorCode::corrupt);
  }
  EXPECT_EQ(world.unwraps(), 6U);  // asked each time, and nothing of that kept
  EXPECT_EQ(must(world.open_at(right)), "v");
  EXPECT_EQ(world.unwraps(), 6U);
}

TEST(Secret, AKeyThatOpenedNothingIsntCached) {
  Secrets world;
  world.seal(secret("a"), "v");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(code_of(world.get_secret(row_of(secret("a")), secret("b"))), ErrorCode::corrupt);
  }
  EXPECT_EQ(world.unwraps(), 2U);
}

TEST(Secret, EachReadIsATokenOperationWithoutACache) {
  Secrets world(kNoCache);
  world.seal(secret("a"), "v");
  for (int i = 0; i < 5; ++i) must(world.open_at(secret("a")));
  EXPECT_EQ(world.unwraps(), 5U);
  world.token.pull();
  EXPECT_EQ(code_of(world.open_at(secret("a"))), ErrorCode::unavailable);
}

TEST(Secret, IsntSealedWhenTheTokenFails) {
  for (const Method method : {Method::random, Method::wrap}) {
    Secrets world;
    world.token.fail_nth(method, 1, make_error(ErrorCode::unavailable, "session lost"));
    auto tx = world.begin();
    EXPECT_EQ(code_of(tx->seal_secret(row_of(secret("a")), secret("a"), "v")),
              ErrorCode::unavailable);
    EXPECT_TRUE(tx->take().empty());
  }
}

TEST(Secret, AKekThatCantBeFoundDoesntMeanThatTheSecretIsGone) {
  Secrets world;
  world.seal(secret("a"), "v");
  world.token.forget(kek_ref(id(1), 1));
  EXPECT_EQ(code_of(world.open_at(secret("a"))), ErrorCode::unavailable);
  EXPECT_EQ(code_of(world.begin()->seal_secret(row_of(secret("a")), secret("a"), "v")),
            ErrorCode::unavailable);
}

TEST(Secret, EachFailureOfAnUnwrapIsGivenBackAndNotRemembered) {
  for (const ErrorCode code :
       {ErrorCode::unavailable, ErrorCode::corrupt, ErrorCode::resource_exhausted}) {
    Secrets world;
    world.seal(secret("a"), "v");
    world.token.fail_nth(Method::unwrap, 1, make_error(code, "of the token"));
    EXPECT_EQ(code_of(world.open_at(secret("a"))), code);
    EXPECT_EQ(must(world.open_at(secret("a"))), "v");
  }
}

TEST(Secret, WrapsAreCounted) {
  Secrets world;
  const std::uint64_t before = world.sealed->wraps();
  for (std::uint64_t version = 1; version <= 5; ++version) world.seal(secret("a", version), "v");
  EXPECT_EQ(world.sealed->wraps(), before + 5);
  EXPECT_FALSE(world.sealed->rotation_due());
}

/// Everything that reads as a secret, and where it stands.
struct Tampering : Secrets {
  std::vector<SecretContext> contexts = {secret("a"),           secret("a", 2), secret("b"),
                                         secret("a", 1, id(4)), secret("a/"),   secret("b", 2)};
  std::vector<store::Key> keys;

  explicit Tampering(const CacheConfig& cache) : Secrets(cache) {
    for (const SecretContext& context : contexts) {
      auto tx = begin();
      must(tx->seal_secret(row_of(context), context, "value of " + context.path));
      store::Transaction transaction = tx->take();
      keys.push_back(transaction.writes.front().key);
      commit(std::move(transaction));
    }
  }
  std::string raw(std::size_t index) {
    return must(must(store.snapshot())->get(keys[index]))->value;
  }
};

TEST(SecretTampering, EveryTwoRecordsSwappedAreCorrupt) {
  for (const CacheConfig& cache : {kNoCache, CacheConfig{}}) {
    Tampering world(cache);
    for (const SecretContext& context : world.contexts) must(world.open_at(context));
    for (std::size_t to = 0; to < world.keys.size(); ++to) {
      const std::string own = world.raw(to);
      for (std::size_t from = 0; from < world.keys.size(); ++from) {
        if (from == to) continue;
        world.overwrite(world.keys[to], world.raw(from));
        EXPECT_EQ(code_of(world.open_at(world.contexts[to])), ErrorCode::corrupt);
      }
      world.overwrite(world.keys[to], own);
      EXPECT_TRUE(world.open_at(world.contexts[to]).ok());
    }
  }
}

TEST(SecretTampering, EveryFlippedByteIsCorruptWhetherItsKeyIsCachedOrNot) {
  for (const CacheConfig& cache : {kNoCache, CacheConfig{}}) {
    Tampering world(cache);
    must(world.open_at(world.contexts[0]));
    std::string bytes = world.raw(0);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      bytes[at] ^= 1;
      world.overwrite(world.keys[0], bytes);
      EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt) << at;
      bytes[at] ^= 1;
    }
  }
}

TEST(SecretTampering, EveryTruncationIsCorrupt) {
  Tampering world(kNoCache);
  const std::string whole = world.raw(0);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    world.overwrite(world.keys[0], whole.substr(0, size));
    EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt) << size;
  }
}

TEST(SecretTampering, TheTokenIsNotAskedAboutHeadersThatArentAuthentic) {
  Tampering world(kNoCache);
  const std::string whole = world.raw(0);
  const std::size_t header = must(parse_record(as_bytes(whole))).header.size() + 32;  // and MAC
  const std::size_t before = world.unwraps();
  for (std::size_t at = 0; at < header; ++at) {
    std::string bytes = whole;
    bytes[at] ^= 1;
    world.overwrite(world.keys[0], bytes);
    EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt);
  }
  EXPECT_EQ(world.unwraps(), before);
}

TEST(SecretTampering, ARowInTheSecretsPlaceIsCorrupt) {
  Tampering world(kNoCache);
  world.put({{kMount, 1}, "x/", "y"}, "a metadata row");
  for (const auto& [key, value] : world.raw_rows()) {
    if (key.size() == 32 && value.substr(0, 4) == "CFRW") world.overwrite(world.keys[0], value);
  }
  EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt);
}

TEST(SecretTampering, ASecretInARowsPlaceIsCorrupt) {
  Tampering world(kNoCache);
  const RowName row{{kMount, 1}, "x/", "y"};
  world.put(row, "a metadata row");
  for (const auto& [key, value] : world.raw_rows()) {
    if (key.size() == 32 && value.substr(0, 4) == "CFRW") world.overwrite(key, world.raw(0));
  }
  EXPECT_EQ(code_of(world.begin()->read(row)), ErrorCode::corrupt);
  EXPECT_EQ(code_of(world.begin()->list(row.space, "x/")), ErrorCode::corrupt);
}

/// A record for `context` by someone with a bind key of his own and whatever he gives.
std::string forge(const Uuid& vault, const SecretContext& context, ByteView bind, ByteView data_key,
                  const Recipient& recipient) {
  const FreshRecord fresh = must(fresh_record());
  return must(seal_record(fresh, vault, {1, bind, data_key}, {&recipient, 1}, context, "forged"));
}

TEST(SecretTampering, WhoHasTheDiskAndAllPublicKeysMakesNoRecord) {
  Tampering world(kNoCache);
  const std::string honest = world.raw(0);
  const Record record = must(parse_record(as_bytes(honest)));
  const Bytes guess(32, 0);
  const Bytes own_key(32, 7);
  // With the true recipient of another record, and with a wrapped key of his own.
  Recipient own = record.recipients.front();
  const Bytes made_up(60, 5);
  own.wrapped = made_up;
  const std::size_t before = world.unwraps();
  for (const Recipient& recipient : {record.recipients.front(), own}) {
    world.overwrite(world.keys[0],
                    forge(record.vault, world.contexts[0], guess, own_key, recipient));
    EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt);
  }
  EXPECT_EQ(world.unwraps(), before);
}

TEST(SecretTampering, WhoAlsoUsesTheTokenMakesNoRecordEither) {
  // The token wraps his data key for the right context; what he lacks is the keyring.
  Tampering world(kNoCache);
  const Bytes own_key(32, 7);
  const Bytes guess(32, 0);
  const auto secure = must(SecureBytes::copy_of(own_key));
  const Bytes wrapped = must(world.token.wrap(kek_ref(id(1), 1), secure, as_bytes("context")));
  const Recipient recipient{world.keyring->token().id, 1, pkcs11::kWrapAesGcm, wrapped};
  world.overwrite(world.keys[0], forge(id(1), world.contexts[0], guess, own_key, recipient));
  EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt);
}

TEST(SecretTampering, WithTheBindKeyAloneNothingOpensWithoutTheToken) {
  // The other half: whoever read the keyring's memory but hasn't the token.
  Tampering world(kNoCache);
  const ByteView bind = must(world.keyring->key(KeyName::bind, 1, Reveal{"test"}));
  const std::string bytes = world.raw(0);
  const Record record = must(parse_record(as_bytes(bytes)));
  must(authenticate(record, bind));
  EXPECT_EQ(code_of(open_record(record, bind, Bytes(32, 0), world.contexts[0])),
            ErrorCode::corrupt);
}

TEST(SecretTampering, OddRecipientsNeverReachTheToken) {
  // Authentic, as a later program might write them; not for this one.
  Tampering world(kNoCache);
  const ByteView bind = must(world.keyring->key(KeyName::bind, 1, Reveal{"test"}));
  const Uuid ours = world.keyring->token().id;
  const Bytes right(60, 1);
  const Bytes shorter(59, 1);
  const Bytes longer(61, 1);
  const std::size_t before = world.unwraps();
  for (const Recipient& recipient :
       {Recipient{ours, 1, pkcs11::kWrapAesGcm, shorter},
        Recipient{ours, 1, pkcs11::kWrapAesGcm, longer},
        Recipient{ours, 1, pkcs11::kWrapAesGcm, {}}, Recipient{ours, 1, "aes-cbc", right}}) {
    world.overwrite(world.keys[0], forge(id(1), world.contexts[0], bind, Bytes(32, 7), recipient));
    EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt);
  }
  EXPECT_EQ(world.unwraps(), before);
}

TEST(SecretTampering, ARecordForAnotherTokenIsWholeButOutOfReach) {
  // A token that was away when it was written: nothing is broken, and the way out is another token.
  Tampering world(kNoCache);
  const ByteView bind = must(world.keyring->key(KeyName::bind, 1, Reveal{"test"}));
  const Bytes wrapped(60, 1);
  const std::size_t before = world.unwraps();
  world.overwrite(world.keys[0], forge(id(1), world.contexts[0], bind, Bytes(32, 7),
                                       Recipient{id(8), 1, pkcs11::kWrapAesGcm, wrapped}));
  EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::unavailable);
  EXPECT_EQ(world.unwraps(), before);
}

TEST(SecretTampering, AWrappedKeyOfAnotherRecordIsCorrupt) {
  // Even with the bind key: the wrap's own context holds the record's id.
  Tampering world(kNoCache);
  const ByteView bind = must(world.keyring->key(KeyName::bind, 1, Reveal{"test"}));
  const std::string other = world.raw(1);
  const Record record = must(parse_record(as_bytes(other)));
  world.overwrite(world.keys[0],
                  forge(id(1), world.contexts[0], bind, Bytes(32, 7), record.recipients.front()));
  EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt);
}

TEST(SecretTampering, RecordsOfAnotherVaultAreCorrupt) {
  Tampering world(kNoCache);
  Secrets other(kNoCache, id(2));
  other.seal(world.contexts[0], "theirs");
  for (const auto& [key, value] : other.raw_rows()) {
    if (key.size() == 32) world.overwrite(world.keys[0], value);
  }
  EXPECT_EQ(code_of(world.open_at(world.contexts[0])), ErrorCode::corrupt);
}

}  // namespace
}  // namespace coffer::envelope
