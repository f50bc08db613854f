// How hard a value is to guess, as zxcvbn estimates it: what anyone would try isn't a secret that a
// leak could be recognised by, and must not be confirmed to whoever asks.
#pragma once

#include <cstddef>
#include <string_view>

namespace coffer::crypto {

/// zxcvbn's best score, 4, begins at 10^10 guesses: in bits.
inline constexpr double kUnguessableBits = 33.22;
/// What is looked at of a value, at its start and at its end: zxcvbn's time grows with the square
/// of the length, and of digits that may be dates with its fifth power and more (20 bytes: some 30
/// µs, at worst 300; 40 bytes: some 75, at worst 5 ms).
inline constexpr std::size_t kGuessedBytes = 20;
/// Of a mixed value, at its start: a passphrase of five words. At worst some 300 µs.
inline constexpr std::size_t kMixedBytes = 40;

/// 24 bytes or more, of many kinds in turn: mostly random, and nothing that zxcvbn takes long for.
/// Cheap.
[[nodiscard]] bool mixed(std::string_view value) noexcept;

/// Whether `value` is likely guessed by fewer tries than that. Thread-safe; leaves no copy.
[[nodiscard]] bool guessable(std::string_view value);

/// What zxcvbn says of the whole, in bits. For tests and measurements.
[[nodiscard]] double guess_bits(std::string_view value);

}  // namespace coffer::crypto
