#include "src/cli/token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

namespace coffer::cli {
namespace {

class FindToken : public ::testing::Test {
 protected:
  FindToken() : directory_("/tmp/coffer-token-XXXXXX") {
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    variables_["HOME"] = directory_;
  }
  ~FindToken() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << content;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  Result<std::optional<Token>> find() {
    return find_token(Environment([this](const std::string& name) -> const char* {
      const auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : found->second.c_str();
    }));
  }
  /// "value from origin", "none" or "error: …".
  std::string found() {
    const auto token = find();
    if (!token.ok()) return "error: " + token.error().text;
    if (!*token) return "none";
    const Reveal test{"test"};
    return std::string(as_text((*token)->value.expose(test))) + " from " + (*token)->origin;
  }

  std::string directory_;
  std::map<std::string, std::string> variables_;
};

TEST_F(FindToken, NoneIsFine) { EXPECT_EQ(found(), "none"); }

TEST_F(FindToken, TheEnvironmentComesBeforeTheFile) {
  write(".vault-token", "hvs.file");
  variables_["VAULT_TOKEN"] = "hvs.vault";
  EXPECT_EQ(found(), "hvs.vault from VAULT_TOKEN");
  variables_["BAO_TOKEN"] = "hvs.bao";
  EXPECT_EQ(found(), "hvs.bao from BAO_TOKEN");
  variables_["COFFER_TOKEN"] = "hvs.coffer";
  EXPECT_EQ(found(), "hvs.coffer from COFFER_TOKEN");
}

TEST_F(FindToken, OurEmptyVariableMeansNoTokenAtAll) {
  write(".vault-token", "hvs.file");
  variables_["VAULT_TOKEN"] = "hvs.vault";
  variables_["COFFER_TOKEN"] = "";
  EXPECT_EQ(found(), "none");
}

TEST_F(FindToken, AnotherEmptyVariableLeavesTheFile) {
  const std::string path = write(".vault-token", "hvs.file");
  variables_["VAULT_TOKEN"] = "";
  EXPECT_EQ(found(), "hvs.file from " + path);
}

TEST_F(FindToken, TheFileIsTrimmed) {
  const std::string path = write(".vault-token", "  hvs.file \r\n\n");
  EXPECT_EQ(found(), "hvs.file from " + path);
  write(".vault-token", " \n");
  EXPECT_EQ(found(), "none");
}

TEST_F(FindToken, AVariableNamesAnotherFile) {
  write(".vault-token", "hvs.home");
  const std::string bao = write("bao", "hvs.bao");
  const std::string coffer = write("coffer", "hvs.coffer");
  variables_["BAO_TOKEN_PATH"] = bao;
  EXPECT_EQ(found(), "hvs.bao from " + bao);
  variables_["COFFER_TOKEN_PATH"] = coffer;
  EXPECT_EQ(found(), "hvs.coffer from " + coffer);
  variables_["COFFER_TOKEN_PATH"] = directory_ + "/nothing";
  EXPECT_EQ(found(), "none");
}

TEST_F(FindToken, AFileThatOthersMayReadIsUsedWithAWarning) {
  write(".vault-token", "hvs.file", 0644);
  const auto token = find();
  ASSERT_TRUE(token.ok());
  ASSERT_TRUE(token->has_value());
  EXPECT_NE((*token)->warning.find("chmod 600"), std::string::npos);
  write(".vault-token", "hvs.file", 0600);
  EXPECT_EQ((*find())->warning, "");
}

// Going on without the token would be going on as another user.
TEST_F(FindToken, WhatIsThereButUnusableIsAnError) {
  ASSERT_EQ(::mkdir((directory_ + "/.vault-token").c_str(), 0700), 0);
  EXPECT_NE(found().find("not a regular file"), std::string::npos);
}

TEST_F(FindToken, AFifoDoesNotHang) {
  ASSERT_EQ(::mkfifo((directory_ + "/.vault-token").c_str(), 0600), 0);
  EXPECT_NE(found().find("not a regular file"), std::string::npos);
}

TEST_F(FindToken, ATokenOfAnyPlausibleLengthFitsAndNoLongerOne) {
  write(".vault-token", std::string(8192, 'x'));
  EXPECT_EQ(found().substr(0, 10), "xxxxxxxxxx");
  write(".vault-token", std::string(8193, 'x'));
  EXPECT_NE(found().find("longer than 8192"), std::string::npos);
}

TEST_F(FindToken, ATokenThatWouldBreakTheHeaderIsRefusedWithoutShowingIt) {
  for (const char* bad : {"hvs.a\r\nX-Evil: 1", "hvs.a b", "hvs.a\x01", "hvs.\xC3\xA4"}) {
    variables_["VAULT_TOKEN"] = bad;
    const auto token = find();
    ASSERT_FALSE(token.ok());
    EXPECT_EQ(token.error().text.find("hvs."), std::string::npos) << token.error().text;
  }
}

}  // namespace
}  // namespace coffer::cli
