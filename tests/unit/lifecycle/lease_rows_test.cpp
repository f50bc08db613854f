// What leases look like on disk: docs/formats/leases.md, byte for byte.
#include "src/lifecycle/lease_rows.h"

#include <gtest/gtest.h>

namespace coffer::lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;

Lease example() {
  Lease lease{.terms = {.prefix = "database/creds/app/",
                        .owner = "al",
                        .owner_name = "token-al",
                        .identity = "id",
                        .kind = "fake",
                        .target = "db",
                        .payload = "u1",
                        .ttl = hours(1),
                        .max_ttl = hours(2)},
              .name = "abc",
              .issued = WallTime(nanoseconds(1))};
  lease.expires = WallTime(nanoseconds(2));
  return lease;
}

PendingEnd pending() {
  return {.lease = example(),
          .since = WallTime(nanoseconds(3)),
          .not_before = WallTime(nanoseconds(4)),
          .attempts = 5,
          .rounds = 2,
          .forced = true,
          .precaution = true,
          .was_away = true,
          .last_error = "away"};
}

TEST(LeaseRows, ALeaseIsAsTheFormatSays) {
  EXPECT_EQ(to_hex(as_bytes(encode_lease(example()))),
            "0201000000000000000100000000000000000000000000000002"
            "0000000000000e100000000000001c20"
            "00000002616c00000008746f6b656e2d616c0000000466616b65000000026462000000027531"
            "000000026964");
}

/// Of vaults of before: it counts for its owner.
TEST(LeaseRows, ALeaseOfFormat1HasNoIdentity) {
  const auto bytes = from_hex(
      "0101000000000000000100000000000000000000000000000002"
      "0000000000000e100000000000001c20"
      "00000002616c00000008746f6b656e2d616c0000000466616b65000000026462000000027531");
  const auto read = decode_lease(as_text(*bytes), "database/creds/app/", "abc");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->terms.payload, "u1");
  EXPECT_TRUE(read->terms.identity.empty());
  EXPECT_EQ(read->terms.counted_for(), "al");
}

TEST(LeaseRows, WhatIsWrittenIsRead) {
  Lease lease = example();
  lease.issuing = true;
  lease.terms.renewable = false;
  lease.last_renewal = WallTime(nanoseconds(9));
  const auto read = decode_lease(encode_lease(lease), lease.terms.prefix, lease.name);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->id(), lease.id());
  EXPECT_TRUE(read->issuing);
  EXPECT_FALSE(read->terms.renewable);
  EXPECT_EQ(read->last_renewal, lease.last_renewal);
  EXPECT_EQ(read->terms.max_ttl, hours(2));
  EXPECT_EQ(read->terms.identity, "id");
  const auto end = decode_pending(encode_pending(pending()), lease.id());
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->lease.terms.payload, "u1");
  EXPECT_EQ(end->attempts, 5U);
  EXPECT_EQ(end->rounds, 2U);
  EXPECT_TRUE(end->forced);
  EXPECT_TRUE(end->precaution);
  EXPECT_TRUE(end->was_away);
  EXPECT_EQ(end->last_error, "away");
  const auto target = decode_target(
      encode_target({.failing_since = lease.issued, .attempts = 7, .last_error = "gone"}));
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->attempts, 7U);
  const auto job = decode_prefix_end(encode_prefix_end(
      {.until = lease.issued, .forced = true, .prefix = "a/", .after = std::string("\0x", 2)}));
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->after, std::string("\0x", 2));
}

template <typename Decode>
void refuses_damage(const std::string& good, Decode decode) {
  ASSERT_TRUE(decode(good).ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode(good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode(good + "x").ok());
  EXPECT_FALSE(decode("\x03" + good.substr(1)).ok());
}

TEST(LeaseRows, RefusesOtherFormatsEveryTruncationAndTrailingBytes) {
  refuses_damage(encode_lease(example()),
                 [](const std::string& row) { return decode_lease(row, "a/", "b"); });
  refuses_damage(encode_pending(pending()),
                 [](const std::string& row) { return decode_pending(row, "a/b"); });
  refuses_damage(encode_target({.failing_since = {}, .attempts = 1, .last_error = "x"}),
                 [](const std::string& row) { return decode_target(row); });
  refuses_damage(encode_prefix_end({.until = {}, .forced = false, .prefix = "p", .after = "k"}),
                 [](const std::string& row) { return decode_prefix_end(row); });
}

TEST(LeaseRows, AnIdHasAPrefixAndAName) {
  EXPECT_EQ(split_id("a/b/c").prefix, "a/b/");
  EXPECT_EQ(split_id("a/b/c").name, "c");
  for (const char* none : {"", "a", "a/", "/"}) EXPECT_TRUE(split_id(none).name.empty()) << none;
}

}  // namespace
}  // namespace coffer::lifecycle
