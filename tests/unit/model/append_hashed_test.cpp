#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "coffer/base/bytes.h"
#include "coffer/model/fields.h"

namespace coffer::model {
namespace {

using Tree = nlohmann::ordered_json;

/// Stands for an HMAC: says what it was given, in hexadecimal, so that it needs no escapes.
void fake_hash(std::string& out, std::string_view value) {
  out += "hash:";
  append_hex(out, as_bytes(value));
}

std::string hash_of(std::string_view value) {
  std::string out;
  fake_hash(out, value);
  return out;
}

std::string hashed(std::string_view json) {
  std::string out;
  append_hashed(out, json, fake_hash);
  return out;
}

bool stays(std::string_view value) {
  return hashed("{\"t\":\"" + std::string(value) + "\"}") ==
         "{\"t\":\"" + std::string(value) + "\"}";
}

TEST(AppendHashed, ReplacesStringsAndNothingElse) {
  EXPECT_EQ(
      hashed(R"({"k":"v","n":-1.50e3,"t":true,"f":false,"z":null,"o":{},"a":[]})"),
      "{\"k\":\"" + hash_of("v") + R"(","n":-1.50e3,"t":true,"f":false,"z":null,"o":{},"a":[]})");
}

TEST(AppendHashed, ReachesEveryLevelAndKeepsKeys) {
  EXPECT_EQ(hashed(R"({"a":{"b":["x",{"c":"y"}],"d":"a"}})"),
            "{\"a\":{\"b\":[\"" + hash_of("x") + "\",{\"c\":\"" + hash_of("y") + "\"}],\"d\":\"" +
                hash_of("a") + "\"}}");
}

TEST(AppendHashed, HashesTheContentNotItsSpelling) {
  const std::string expected = "{\"k\":\"" + hash_of("A\"\n\xC3\xA9") + "\"}";
  EXPECT_EQ(hashed("{\"k\":\"A\\\"\\n\xC3\xA9\"}"), expected);
  EXPECT_EQ(hashed(R"({"k":"\u0041\u0022\u000a\u00e9"})"), expected);
  EXPECT_EQ(hashed(R"({"k":"\ud83d\udd11"})"), "{\"k\":\"" + hash_of("\xF0\x9F\x94\x91") + "\"}");
}

TEST(AppendHashed, KeepsTheSpellingOfKeys) {
  EXPECT_EQ(hashed(R"({"\u0041\":\"":"","b\\":1})"),
            "{\"\\u0041\\\":\\\"\":\"" + hash_of("") + "\",\"b\\\\\":1}");
}

TEST(AppendHashed, DropsWhiteSpaceSoThatALineStaysALine) {
  EXPECT_EQ(hashed("{\r\n\t\"k\" \n: [ 1 ,\n\"v v\" ] \n}\n"),
            "{\"k\":[1,\"" + hash_of("v v") + "\"]}");
}

TEST(AppendHashed, AppendsToWhatIsThere) {
  std::string out = "before ";
  append_hashed(out, "{}", fake_hash);
  EXPECT_EQ(out, "before {}");
}

TEST(AppendHashed, KeepsTimestamps) {
  for (const char* time :
       {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.123456789Z",
        "2026-12-31T23:59:59+14:00", "2024-02-29T00:00:00-00:30", "0001-01-01T00:00:00Z"}) {
    EXPECT_TRUE(stays(time)) << time;
  }
}

TEST(AppendHashed, HashesWhatOnlyLooksLikeATimestamp) {
  for (const char* time : {"",
                           "Z",
                           "2026-01-02",
                           "2026-01-02T03:04:05",
                           "2026-01-02 03:04:05Z",
                           "2026-01-02t03:04:05Z",
                           "2026-01-02T03:04:05z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-32T00:00:00Z",
                           "2026-01-02T24:00:00Z",
                           "2026-01-02T03:60:05Z",
                           "2026-01-02T03:04:60Z",
                           "2026-01-02T03:04:05.Z",
                           "2026-01-02T03:04:05.1234567890Z",
                           "2026-01-02T03:04:05+1:00",
                           "2026-01-02T03:04:05+24:00",
                           "2026-01-02T03:04:05+00:60",
                           "2026-01-02T03:04:05Z ",
                           "2026-01-02T03:04:05ZZ",
                           " 2026-01-02T03:04:05Z",
                           "-026-01-02T03:04:05Z",
                           "2026-+1-02T03:04:05Z",
                           "2026-01-02T03:04:0aZ",
                           "2026-01-02T03:04:05.12a4Z",
                           "hunter2-01-02T03:04:05Z",
                           "2026/01/02T03:04:05Z",
                           "2026-01-02T03.04.05Z"}) {
    EXPECT_FALSE(stays(time)) << time;
  }
}

// Such text never gets here (check_json was before it); still nothing may break.
TEST(AppendHashed, ReadsNothingOutsideOfTextThatIsNoJson) {
  const std::string text = R"({"key":"value\"\u00e9\ud83d\udd11","t":"2026-01-02T03:04:05Z"})";
  for (std::size_t from = 0; from < text.size(); ++from) {
    for (std::size_t size = 0; size <= text.size() - from; ++size) {
      // A vector of its own size, so that the address sanitizer sees every byte too far.
      const std::vector<char> part(text.data() + from, text.data() + from + size);
      hashed({part.data(), part.size()});
    }
  }
}

/// Random choices, taken from bytes that rapidcheck makes and shrinks.
class Choices final {
 public:
  explicit Choices(const std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}
  std::size_t below(std::size_t limit) { return at_ < bytes_.size() ? bytes_[at_++] % limit : 0; }
  [[nodiscard]] bool exhausted() const { return at_ >= bytes_.size(); }

 private:
  const std::vector<std::uint8_t>& bytes_;
  std::size_t at_ = 0;
};

constexpr std::string_view kTimestamp = "2026-01-02T03:04:05.5Z";

/// A document, spelled in one of the many ways that JSON allows, and the tree that it stands for.
class Document final {
 public:
  explicit Document(Choices& choices) : choices_(choices) { tree = object(0); }

  std::string text;
  Tree tree;

 private:
  void space() {
    constexpr std::array<std::string_view, 6> kSpaces = {"", "", "", " ", "\n", "\t\r\n "};
    text += kSpaces[choices_.below(kSpaces.size())];
  }

  std::string string() {
    constexpr std::array<std::array<std::string_view, 3>, 12> kSpellings = {{
        {"a", "a", "\\u0061"},
        {"\"", "\\\"", "\\u0022"},
        {"\\", "\\\\", "\\u005C"},
        {"/", "\\/", "/"},
        {"\n", "\\n", "\\u000a"},
        {":", ":", "\\u003a"},
        {"{", "{", "\\u007B"},
        {" ", " ", "\\u0020"},
        {"\xC3\xA9", "\xC3\xA9", "\\u00e9"},
        {"\xE2\x82\xAC", "\xE2\x82\xAC", "\\u20AC"},
        {"\xF0\x9F\x94\x91", "\xF0\x9F\x94\x91", "\\ud83d\\uDD11"},
        {"\x1F", "\\u001f", "\\u001F"},
    }};
    std::string value;
    text += '"';
    for (std::size_t left = choices_.below(8); left > 0; --left) {
      const auto& [meaning, one, other] = kSpellings[choices_.below(kSpellings.size())];
      value += meaning;
      text += choices_.below(2) == 0 ? one : other;
    }
    text += '"';
    return value;
  }

  Tree scalar() {
    constexpr std::array<std::string_view, 7> kPlain = {"true", "false", "null",  "0",
                                                        "-12",  "1.5e3", "1e-300"};
    const std::size_t choice = choices_.below(kPlain.size() + 4);
    if (choice < kPlain.size()) {
      text += kPlain[choice];
      return Tree::parse(kPlain[choice]);
    }
    if (choice == kPlain.size()) {
      text.append("\"").append(kTimestamp).append("\"");
      return kTimestamp;
    }
    return string();
  }

  Tree value(std::size_t depth) {
    const std::size_t choice = depth < 6 && !choices_.exhausted() ? choices_.below(4) : 3;
    if (choice == 0) return object(depth + 1);
    if (choice == 1) return array(depth + 1);
    return scalar();
  }

  Tree array(std::size_t depth) {
    Tree elements = Tree::array();
    text += '[';
    space();
    for (std::size_t left = choices_.below(4); left > 0; --left) {
      elements.push_back(value(depth));
      space();
      if (left > 1) text += ',';
      space();
    }
    text += ']';
    return elements;
  }

  Tree object(std::size_t depth) {
    Tree members = Tree::object();
    text += '{';
    space();
    const std::size_t count = choices_.below(4);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t name_start = text.size();
      std::string name = string();
      // Names differ in their first character.
      text.insert(name_start + 1, 1, static_cast<char>('0' + i));
      name.insert(name.begin(), static_cast<char>('0' + i));
      space();
      text += ':';
      space();
      members[name] = value(depth);
      space();
      if (i + 1 < count) text += ',';
      space();
    }
    text += '}';
    return members;
  }

  Choices& choices_;
};

Tree hash_tree(const Tree& tree) {
  if (tree.is_string()) {
    const auto& value = tree.get_ref<const std::string&>();
    return value == kTimestamp ? tree : Tree(hash_of(value));
  }
  Tree out = tree;
  if (tree.is_structured()) {
    for (auto& [key, value] : out.items()) value = hash_tree(value);
  }
  return out;
}

TEST(AppendHashedProperty, SaysWhatNlohmannsTreeSays) {
  const bool held = rc::check([](const std::vector<std::uint8_t>& bytes) {
    Choices choices(bytes);
    const Document document(choices);
    RC_ASSERT(Tree::parse(document.text) == document.tree);
    const std::string out = hashed(document.text);
    RC_ASSERT(Tree::parse(out) == hash_tree(document.tree));
    RC_ASSERT(out.find('\n') == std::string::npos);
  });
  EXPECT_TRUE(held);
}

TEST(FieldsProperty, MembersAreThoseOfNlohmannsTree) {
  const bool held = rc::check([](const std::vector<std::uint8_t>& bytes) {
    Choices choices(bytes);
    const Document document(choices);
    const auto fields = Fields::parse(document.text);
    RC_ASSERT(fields.ok());
    RC_ASSERT(fields->names().size() == document.tree.size());
    for (const auto& [name, value] : document.tree.items()) {
      RC_ASSERT(fields->has(name) == !value.is_null());
      if (value.is_string()) RC_ASSERT(**fields->string(name) == value.get<std::string>());
      if (value.is_object()) RC_ASSERT(Tree::parse(**fields->raw_object(name)) == value);
      if (value.is_boolean()) RC_ASSERT(**fields->boolean(name) == value.get<bool>());
      if (value.is_number_integer()) RC_ASSERT(**fields->integer(name) == value.get<int>());
    }
  });
  EXPECT_TRUE(held);
}

/// Cuts, doubles and changes bytes of good documents: what comes through must be JSON by
/// nlohmann's own tree parser too.
TEST(FieldsProperty, AcceptsNothingThatNlohmannsTreeRefuses) {
  const bool held = rc::check([](const std::vector<std::uint8_t>& bytes, std::uint16_t at,
                                 std::uint8_t byte, std::uint8_t kind) {
    Choices choices(bytes);
    std::string text = Document(choices).text;
    const std::size_t index = at % text.size();
    if (kind % 3 == 0) text.erase(index, 1);
    if (kind % 3 == 1) text[index] = static_cast<char>(byte);
    if (kind % 3 == 2) text.insert(index, 1, text[index]);
    const bool json = Tree::accept(text);
    if (Fields::parse(text).ok()) {
      RC_ASSERT(json || text.find_first_not_of(" \t\r\n") == std::string::npos);
    }
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace coffer::model
