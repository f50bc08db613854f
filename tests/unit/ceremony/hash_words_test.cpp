// The vectors are others': the fingerprints that the list's own descriptions show.
#include "src/ceremony/hash_words.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace coffer::ceremony::test {
namespace {

TEST(HashWords, AreThoseOfThePgpWordList) {
  EXPECT_EQ(in_words(*from_hex("E58294F2E9A227486E8B061B31CC528FD7FA3F19")),
            "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa "
            "afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell "
            "bottomless");
  EXPECT_EQ(in_words(*from_hex("12b4b0057400076fa5c0f5cbf726ac65")),
            "atlas politeness ruffled almighty indoors adroitness ahead hemisphere reindeer recipe "
            "vapor revival virus caretaker ribcage glossary");
}

TEST(HashWords, TellEachByteAtEachPlaceApart) {
  std::set<std::string> words;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<std::uint8_t>(byte);
    std::istringstream pair(in_words(Bytes{value, value}));
    std::string even;
    std::string odd;
    pair >> even >> odd;
    words.insert(even);
    words.insert(odd);
  }
  EXPECT_EQ(words.size(), 512U);
  EXPECT_EQ(in_words({}), "");
}

}  // namespace
}  // namespace coffer::ceremony::test
