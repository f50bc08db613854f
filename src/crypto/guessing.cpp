#include "coffer/crypto/guessing.h"

#include <zxcvbn.h>

#include <algorithm>
#include <bitset>
#include <string>

#include "coffer/base/secure_bytes.h"

namespace coffer::crypto {
namespace {

// What changes so often between letters, capitals, digits and the rest, and has so many different
// bytes, has no long runs of digits or of one byte, which zxcvbn takes longest for. It may be
// words.
constexpr std::size_t kMixedLength = 24;
constexpr std::size_t kMixedDistinct = 12;
constexpr std::size_t kMixedChanges = 10;
/// zxcvbn keeps its view of a text on the stack, some frames deep.
constexpr std::size_t kStack = 8192;

enum class Class : std::uint8_t { lower, upper, digit, other };

Class class_of(char c) {
  if (c >= 'a' && c <= 'z') return Class::lower;
  if (c >= 'A' && c <= 'Z') return Class::upper;
  return c >= '0' && c <= '9' ? Class::digit : Class::other;
}

/// One byte over and over is what zxcvbn takes longest for.
bool one_byte(std::string_view value) {
  return value.find_first_not_of(value.substr(0, 1)) == std::string_view::npos;
}

[[gnu::noinline]] void wipe_stack() {
  char below[kStack];
  wipe(MutableByteView(reinterpret_cast<std::uint8_t*>(below), sizeof below));
}

bool weak(std::string_view part) { return guess_bits(part) < kUnguessableBits; }

}  // namespace

bool mixed(std::string_view value) noexcept {
  if (value.size() < kMixedLength) return false;
  std::bitset<256> seen;
  std::size_t changes = 0;
  for (std::size_t i = 0; i < kMixedLength; ++i) {
    seen.set(static_cast<unsigned char>(value[i]));
    if (i > 0 && class_of(value[i]) != class_of(value[i - 1])) ++changes;
  }
  return seen.count() >= kMixedDistinct && changes >= kMixedChanges;
}

double guess_bits(std::string_view value) {
  std::string text(value);
  std::replace(text.begin(), text.end(), '\0', '\x01');  // it would end there
  const double bits = ZxcvbnMatch(text.c_str(), nullptr, nullptr);
  wipe(text);
  wipe_stack();
  return bits;
}

bool guessable(std::string_view value) {
  if (one_byte(value)) return true;
  const std::size_t start = mixed(value) ? kMixedBytes : kGuessedBytes;
  if (!weak(value.substr(0, start))) return false;
  return value.size() <= start || weak(value.substr(value.size() - kGuessedBytes));
}

}  // namespace coffer::crypto
