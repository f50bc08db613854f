// How hard a value is to guess, as zxcvbn estimates it: what anyone would try isn't a secret that a
// leak could be recognised by, and must not be confirmed to whoever asks.
#pragma once

#include <cstddef>
#include <string_view>

namespace coffer::crypto {

/// zxcvbn's best score, 4, begins at 10^10 guesses: in bits.
inline constexpr double kUnguessableBits = 33.22;
/// What is looked at of a value, at its start and at its end: zxcvbn's time grows with the square
/// of the length (some 50 µs for these).
inline constexpr std::size_t kGuessedBytes = 20;

/// Where no words and dates can be made out: 24 bytes or more, of many kinds in turn. Cheap.
[[nodiscard]] bool plainly_random(std::string_view value) noexcept;

/// Whether `value` is likely guessed by fewer tries than that. False for what is plainly
/// random, without asking zxcvbn. Thread-safe; leaves no copy.
[[nodiscard]] bool guessable(std::string_view value);

/// What zxcvbn says of the whole, in bits. For tests and measurements.
[[nodiscard]] double guess_bits(std::string_view value);

}  // namespace coffer::crypto
