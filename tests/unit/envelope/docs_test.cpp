// The documents' examples are those that the other tests reproduce.
#include <algorithm>

#include "golden.h"
#include "world.h"

namespace coffer::envelope {
namespace {

/// The `name = hex` lines of fenced blocks whose names the golden file knows.
Examples examples_in(const std::string& document) {
  const std::string text =
      read_text(std::string(COFFER_TEST_DATA) + "/../docs/formats/" + document);
  std::string blocks;
  bool inside = false;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (line == "```") inside = !inside;
    const std::string name = line.substr(0, line.find(" = "));
    const bool wanted = golden().contains(name) || (!line.empty() && line.front() == ' ');
    if (inside && wanted) blocks += line + "\n";
    at = end + 1;
  }
  return parse_examples(blocks);
}

void expect_examples(const std::string& document, std::initializer_list<const char*> names) {
  const Examples examples = examples_in(document);
  for (const char* name : names) EXPECT_TRUE(examples.contains(name)) << document << " " << name;
  for (const auto& [name, bytes] : examples) {
    EXPECT_EQ(to_hex(bytes), to_hex(golden(name))) << document << " " << name;
  }
}

TEST(Documents, ShowTheExamplesThatTheTestsReproduce) {
  expect_examples("keyring.md", {"keyring", "keyring_key", "keyring_wrapped"});
  expect_examples("sealed-record.md", {"record", "record_commitment", "record_mac"});
  expect_examples("sealed-row.md", {"row", "row_key", "row_sealing_key"});
  expect_examples("anchor.md", {"anchor", "anchor_node", "anchor_commitment"});
}

TEST(Documents, SayHowMuchLongerARecordIsThanItsValue) {
  EXPECT_EQ(golden("record").size() - golden("record_value").size(), 262U);
}

}  // namespace
}  // namespace coffer::envelope
