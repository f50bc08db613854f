// The rows of the index, byte for byte: against what another implementation made of the page.
#include "src/core/leak_rows.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "src/core/leak_values.h"

namespace coffer::core {
namespace {

std::string hex(std::string_view text) { return to_hex(as_bytes(text)); }

class LeakRows : public testing::Test {
 protected:
  LeakRows() {
    std::ifstream file(std::string(COFFER_TEST_DATA) + "/golden/leaks/v1.txt");
    for (std::string line; std::getline(file, line);) {
      const auto equals = line.find(" = ");
      if (equals != std::string::npos) golden_[line.substr(0, equals)] = line.substr(equals + 3);
    }
  }
  std::string bytes(const std::string& name) const {
    const auto decoded = from_hex(golden_.at(name));
    return std::string(as_text(*decoded));
  }
  Fingerprint fingerprint() const {
    return *fingerprint_of(as_bytes(bytes("key")), 3, canonical_value(bytes("value")));
  }
  LeakPlace place() const {
    LeakPlace place{.mount = {}, .path = "app/db", .version = 7, .key = "/users/0/a~1b"};
    place.mount = *parse_uuid("7f2dec94-792e-4a98-b941-e43e050025a2");
    return place;
  }

  std::map<std::string, std::string> golden_;
};

TEST_F(LeakRows, AreAsThePageSays) {
  EXPECT_EQ(hex(canonical_value(bytes("value"))), golden_.at("canonical"));
  EXPECT_EQ(to_hex(fingerprint().bytes), golden_.at("fingerprint"));
  const envelope::RowName row = fingerprint_row(fingerprint(), place());
  EXPECT_EQ(row.space.table, 40);
  EXPECT_EQ(row.space.mount, Uuid{});
  EXPECT_EQ(hex(row.parent), golden_.at("fingerprint_parent"));
  EXPECT_EQ(hex(row.name), golden_.at("fingerprint_name"));
  EXPECT_EQ(hex(kFingerprintValue), golden_.at("fingerprint_row"));
  const envelope::RowName mark = mark_row({{place().mount, 3}, "app/db", "7"});
  EXPECT_EQ(mark.space.table, 41);
  EXPECT_EQ(hex(mark.parent), golden_.at("mark_parent"));
  EXPECT_EQ(mark.name, "7");
  const LeakMark content{
      .path = "app/db", .version = 7, .leaves = {{fingerprint(), "/users/0/a~1b"}}};
  EXPECT_EQ(hex(encode(content)), golden_.at("mark_row"));
}

TEST_F(LeakRows, WhatWasWrittenIsReadAgain) {
  const LeakPlace read = *place_of(bytes("fingerprint_name"));
  EXPECT_EQ(read.mount, place().mount);
  EXPECT_EQ(read.path, place().path);
  EXPECT_EQ(read.version, 7U);
  EXPECT_EQ(read.key, place().key);
  const LeakMark mark = *decode_mark(bytes("mark_row"));
  EXPECT_EQ(encode(mark), bytes("mark_row"));
}

TEST_F(LeakRows, EachTruncationIsCorrupt) {
  for (const char* name : {"fingerprint_name", "mark_row"}) {
    const std::string whole = bytes(name);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string part = whole.substr(0, size);
      const bool refused =
          std::string_view(name) == "mark_row" ? !decode_mark(part).ok() : !place_of(part).ok();
      EXPECT_TRUE(refused) << name << " " << size;
    }
    EXPECT_FALSE(decode_mark(whole + "x").ok());
    EXPECT_FALSE(place_of(whole + "x").ok());
  }
  EXPECT_FALSE(decode_mark("\x02").ok());
}

TEST_F(LeakRows, AnotherKeyOrValueIsAnotherFingerprint) {
  std::string key = bytes("key");
  key[0] = static_cast<char>(key[0] ^ 1);
  const Fingerprint other = *fingerprint_of(as_bytes(key), 3, bytes("canonical"));
  EXPECT_NE(other.bytes, fingerprint().bytes);
  EXPECT_NE(fingerprint_of(as_bytes(bytes("key")), 3, bytes("canonical") + "x")->bytes,
            fingerprint().bytes);
}

}  // namespace
}  // namespace coffer::core
