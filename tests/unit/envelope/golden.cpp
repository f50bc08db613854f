#include "golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace coffer::envelope {
namespace {

Bytes decode(const std::string& hex) {
  const Result<Bytes> bytes = from_hex(hex);
  EXPECT_TRUE(bytes.ok()) << hex;
  return bytes.ok() ? *bytes : Bytes();
}

template <std::size_t Size>
std::array<std::uint8_t, Size> array_of(const Bytes& bytes) {
  std::array<std::uint8_t, Size> out{};
  EXPECT_EQ(bytes.size(), Size);
  std::copy_n(bytes.begin(), std::min(Size, bytes.size()), out.begin());
  return out;
}

}  // namespace

Examples parse_examples(std::string_view text) {
  std::map<std::string, std::string> lines;
  std::istringstream in{std::string(text)};
  std::string name;
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find(" = ");
    if (!line.empty() && line.front() == ' ') {
      lines[name] += line.substr(line.find_first_not_of(' '));
    } else if (equals != std::string::npos) {
      name = line.substr(0, equals);
      lines[name] = line.substr(equals + 3);
    }
  }
  Examples examples;
  for (const auto& [key, hex] : lines) examples[key] = decode(hex);
  return examples;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_FALSE(content.str().empty()) << path;
  return content.str();
}

const Examples& golden() {
  static const Examples examples = [] {
    const std::string directory = std::string(COFFER_TEST_DATA) + "/golden/envelope/";
    return parse_examples(read_text(directory + "v1.txt") + read_text(directory + "v2.txt") +
                          read_text(directory + "anchor.txt"));
  }();
  return examples;
}

const Bytes& golden(const std::string& name) {
  static const Bytes none;
  const auto found = golden().find(name);
  EXPECT_NE(found, golden().end()) << name;
  return found == golden().end() ? none : found->second;
}

Uuid golden_id(const std::string& name) { return Uuid{array_of<16>(golden(name))}; }

std::string golden_text(const std::string& name) { return std::string(as_text(golden(name))); }

std::unique_ptr<FixedToken> golden_token(std::uint32_t kek, std::uint32_t sign) {
  return std::make_unique<FixedToken>(golden_text("serial"), golden_id("vault"),
                                      array_of<32>(golden("kek")),
                                      array_of<32>(golden("sign_scalar")), kek, sign);
}

std::unique_ptr<Keyring> golden_keyring(pkcs11::Token& token) {
  auto keyring = Keyring::open(token, golden("keyring"), golden("sign_public_key"));
  EXPECT_TRUE(keyring.ok()) << describe(keyring.error());
  return keyring.ok() ? *std::move(keyring) : nullptr;
}

}  // namespace coffer::envelope
