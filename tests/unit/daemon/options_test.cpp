// What cofferd takes on its command line, beside serving.
#include "src/daemon/options.h"

#include <gtest/gtest.h>

namespace coffer::daemon {
namespace {

Result<Options> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "cofferd");
  return parse_options(static_cast<int>(words.size()), words.data());
}

TEST(Options, ServingIsAsEver) {
  const auto config = parse({"--config", "c.toml", "--check"});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->action, Action::serve);
  EXPECT_TRUE(config->check);
  const auto dev = parse({"dev", "--dir", "d"});
  ASSERT_TRUE(dev.ok());
  EXPECT_EQ(dev->action, Action::serve);
  EXPECT_EQ(dev->directory, "d");
}

TEST(Options, RestoreAndDrillTakeAVaultAndAFile) {
  const auto restore = parse({"restore", "--config", "c.toml", "--signer=s.pem", "b.cfbk"});
  ASSERT_TRUE(restore.ok());
  EXPECT_EQ(restore->action, Action::restore);
  EXPECT_EQ(restore->config, "c.toml");
  EXPECT_EQ(restore->file, "b.cfbk");
  EXPECT_EQ(restore->signer, "s.pem");
  const auto drill = parse({"drill", "--dir=d", "--scratch=/tmp", "--pin-stdin", "--", "-b"});
  ASSERT_TRUE(drill.ok());
  EXPECT_EQ(drill->action, Action::drill);
  EXPECT_EQ(drill->directory, "d");
  EXPECT_EQ(drill->file, "-b");
  EXPECT_EQ(drill->scratch, "/tmp");
  EXPECT_TRUE(drill->pin_stdin);
}

TEST(Options, ARootTokenTakesAVaultAlone) {
  const auto token = parse({"root-token", "--config=c.toml"});
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->action, Action::root_token);
  EXPECT_FALSE(parse({"root-token", "--config=c.toml", "file"}).ok());
}

TEST(Options, AnOptionThatIsWrongIsNamedWithoutItsValue) {
  for (const auto& [word, told] : std::vector<std::pair<const char*, const char*>>{
           {"--password=hunter2", "bad option --password"},
           {"--c=hunter2", "bad option --c"},
           {"--cache-age=hunter2", "bad option --cache-age"},
           {"--cache-age=99999999999999999999", "bad option --cache-age"},
           {"--cache-age=-1", "option --cache-age must be 0 to 86400 seconds"}}) {
    const auto options = parse({"dev", "--dir=d", word});
    ASSERT_FALSE(options.ok()) << word;
    EXPECT_EQ(options.error().text, told);
  }
}

TEST(Options, WhatDoesNotGoTogetherIsRefused) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"restore", "b"},
                                             {"restore", "--config=c"},
                                             {"restore", "--config=c", "--dir=d", "b"},
                                             {"restore", "--config=c", "--check", "b"},
                                             {"restore", "--config=c", "b", "b2"},
                                             {"drill", "--config=", "b"},
                                             {"drill", "--config=c", "--signer=", "b"},
                                             {"serve", "--config=c"},
                                             {"dev", "--dir=d", "file"},
                                             {"dev", "--dir=d", "--scratch=x"},
                                             {"--config=c", "--pin-stdin"}}) {
    EXPECT_FALSE(parse(words).ok()) << words[0];
  }
}

TEST(Options, HelpNamesAllOfIt) {
  for (const char* word : {"restore", "drill", "root-token", "--signer", "--pin-stdin"}) {
    EXPECT_NE(usage().find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace coffer::daemon
