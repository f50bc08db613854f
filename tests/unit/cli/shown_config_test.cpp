// The configuration in a bundle of evidence: nothing of it that may be a secret, however it is
// spelt.
#include "src/cli/shown_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "coffer/model/toml.h"

namespace coffer::cli {
namespace {

std::string shown(std::string_view text) {
  const auto done = shown_config(text);
  EXPECT_TRUE(done.ok()) << text;
  return done.ok() ? done->text : std::string();
}

bool is_left_out(std::string_view text) { return shown(text).find("hidden") == std::string::npos; }

TEST(ShownConfig, LeavesOutSecretsOfTheTokenHoweverTheyAreSpelt) {
  for (const char* text : {
           "[token]\ninit_string = \"hidden\"\n",
           "[token]\n\"init_string\" = \"hidden\"\n",
           "[token]\n'init_string' = 'hidden'\n",
           "[token]\n\"init\\u005fstring\" = \"hidden\"\n",
           "[token]\n\tinit_string=\"hidden\"\n",
           "[ token ]\ninit_string = \"hidden\"\n",
           "[\"token\"]\ninit_string = \"hidden\"\n",
           "[token]\ninit_string = \"\"\"\nhidden\n\"\"\"\n",
           "[token]\ninit_string = '''\nhidden'''\n",
           "token.init_string = \"hidden\"\n",
           "token . init_string = \"hidden\"\n",
           "\"token\".\"init_string\" = \"hidden\"\n",
           "token = { init_string = \"hidden\" }\n",
           "[token.environment]\nX = \"hidden\"\n",
           "[ token.environment ]\nX = \"hidden\"\n",
           "[token . environment]\nX = \"hidden\"\n",
           "[token.\"environment\"]\nX = \"hidden\"\n",
           "[\"token\"]\n[token.\"environment\"]\nX = \"hidden\"\n",
           "[token.environment]\nX = \"\"\"\nhidden\"\"\"\n",
           "[token.environment]\nhidden = \"x\"\n",
           "[token]\nenvironment = { X = \"hidden\" }\n",
           "[token]\nenvironment.X = \"hidden\"\n",
           "token = { environment = { X = \"hidden\" } }\n",
           "[token]\nenvironment = [\"hidden\"]\n",
           "[[token]]\ninit_string = \"hidden\"\n",
           "[token]\npin_credential = \"hidden\"\n",
       }) {
    EXPECT_TRUE(is_left_out(text)) << text << shown(text);
  }
}

TEST(ShownConfig, ShowsPathsOfSecretsAndNothingElseThatIsAList) {
  const std::string table = "[[rotation_program]]\n";
  const std::string paths = "secrets = [\"secret/app/*\", \"secret/+/db\"]\n";
  EXPECT_EQ(shown(table + paths), table + paths);
  for (const char* const other : {"secrets = [\"hidden!\"]\n", "secrets = \"hidden\"\n",
                                  "secrets = [\"a\", \"hid den hidden\"]\n",
                                  "secrets = [[\"hidden\"]]\n", "name = [\"hidden\"]\n"}) {
    EXPECT_TRUE(is_left_out(table + other)) << other;
  }
}

TEST(ShownConfig, HasNoCommentsNorWhatItDoesntKnow) {
  for (const char* text : {
           "[token]\n# init_string = \"hidden\"\n",
           "[token] # hidden\nmodule = \"/m\" # hidden\n",
           "hidden = 1\n",
           "[hidden]\n",
           "[hidden]\nlevel = \"info\"\n",
           "[vault.hidden]\nx = 1\n",
           "[token]\ninit_strin = \"hidden\"\n",
           "[token]\nhidden = true\n",
           "[Token]\ninit_string = \"hidden\"\n",
           "[vault]\ninit_string = \"hidden\"\n",
           "init_string = \"hidden\"\n",
           "[[listener]]\npin = \"hidden\"\n",
       }) {
    EXPECT_TRUE(is_left_out(text)) << text << shown(text);
  }
}

TEST(ShownConfig, HasNoValueThatTheKeyCantHave) {
  for (const char* text : {
           "[token]\nmax_sessions = \"hidden\"\n",
           "[token]\npin_file = \"hidden\"\n",
           "[token]\nmodule = \"/m\\nhidden\"\n",
           "[token]\nuri = \"pkcs11:token=t?pin-value=hidden\"\n",
           "[token]\nuri = \"pkcs11:token=t;pin-value=hidden\"\n",
           "[token]\nuri = \"hidden\"\n",
           "[token]\nprofile = \"a \\\"hidden\"\n",
           "[token]\nprofile = [\"hidden\"]\n",
           "[vault]\naudit_witness_url = \"https://a:hidden@w/\"\n",
           "[vault]\naudit_witness_url = \"https://w/?key=hidden\"\n",
           "[log]\nlevel = { a = \"hidden\" }\n",
       }) {
    EXPECT_TRUE(is_left_out(text)) << text << shown(text);
    EXPECT_EQ(shown_config(text)->left_out, 1U) << text;
  }
}

TEST(ShownConfig, IsTomlThatSaysTheSame) {
  EXPECT_EQ(
      shown("log.level = \"warn\"\n[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=my%20t\"\n"
            "max_sessions = 0x10\nseccomp = 'local'\naccept_low_pin_count = false\n"
            "init_string = \"x\"\n[[listener]]\npath = \"/a\"\nmode = \"0660\"\n"
            "[[listener]]\npath = \"/b\"\n"),
      "[[listener]]\npath = \"/a\"\nmode = \"0660\"\n[[listener]]\npath = \"/b\"\n"
      "[log]\nlevel = \"warn\"\n"
      "[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=my%20t\"\nmax_sessions = 16\n"
      "seccomp = \"local\"\naccept_low_pin_count = false\ninit_string = \"(left out)\"\n");
}

TEST(ShownConfig, KnowsEachKeyOfTheDocument) {
  std::ifstream in(COFFER_TEST_DATA "/../docs/coffer.toml");
  const std::string document((std::istreambuf_iterator<char>(in)), {});
  const auto done = shown_config(document);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->left_out, 0U) << done->text;
  const auto keys = [](const std::string& text) {
    std::multiset<std::string> found;
    const auto entries = model::read_toml(text);
    for (const auto& entry : std::get<std::vector<model::ConfigEntry>>(entries)) {
      found.insert(entry.key());
    }
    return found;
  };
  EXPECT_GT(keys(document).size(), 50U);
  EXPECT_EQ(keys(done->text), keys(document));
}

TEST(ShownConfig, IsNoneOfWhatIsntToml) {
  for (const char* text : {"[token\ninit_string = \"hidden\"", "[token]\ninit_string = hidden\n",
                           "[token]\ninit_string = \"hidden\n", "{ = }", "a = 1\na = 2\n"}) {
    const auto done = shown_config(text);
    ASSERT_FALSE(done.ok()) << text;
    EXPECT_EQ(done.error().text.find("hidden"), std::string::npos);
  }
}

}  // namespace
}  // namespace coffer::cli
