// Hashes that people read to each other: the PGP word list, as the key ceremonies of the DNS root
// use it. Bytes at even places have words of two syllables, those at odd places of three, so that
// a word that is left out, or two that are exchanged, are heard. Private to the room.
#pragma once

#include <string>

#include "coffer/base/bytes.h"

namespace coffer::ceremony {

/// A word for each byte.
[[nodiscard]] std::string in_words(ByteView bytes);

}  // namespace coffer::ceremony
