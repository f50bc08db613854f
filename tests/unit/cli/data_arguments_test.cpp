#include "src/cli/data_arguments.h"

#include <gtest/gtest.h>

#include <map>

namespace coffer::cli {
namespace {

class DataArguments : public ::testing::Test {
 protected:
  Result<Data> read(const std::vector<std::string>& arguments) {
    return read_data(arguments, {[this]() -> Result<std::string> { return input_; },
                                 [this](const std::string& path) -> Result<std::string> {
                                   const auto found = files_.find(path);
                                   if (found != files_.end()) return found->second;
                                   return make_error(ErrorCode::invalid_argument, "no " + path);
                                 },
                                 [this](std::string_view key) -> Result<std::string> {
                                   asked_.emplace_back(key);
                                   return std::string("typed");
                                 }});
  }
  std::string json(const std::vector<std::string>& arguments) {
    const auto data = read(arguments);
    return data.ok() ? data->object.compact() : "error: " + data.error().text;
  }

  std::string input_;
  std::map<std::string, std::string> files_;
  std::vector<std::string> asked_;
};

TEST_F(DataArguments, PairsBecomeStringsInTheirOrder) {
  EXPECT_EQ(json({"b=1", "a=true", "c=x=y", "d="}), R"({"b":"1","a":"true","c":"x=y","d":""})");
  EXPECT_EQ(json({}), "{}");
}

TEST_F(DataArguments, AValueComesWholeFromAFile) {
  files_["key.pem"] = "line 1\nline 2\n";
  EXPECT_EQ(json({"key=@key.pem"}), R"({"key":"line 1\nline 2\n"})");
  EXPECT_EQ(json({"key=@nowhere"}), "error: no nowhere");
}

TEST_F(DataArguments, AValueComesFromStandardInputOnce) {
  input_ = "from a pipe";
  EXPECT_EQ(json({"k=-"}), R"({"k":"from a pipe"})");
  EXPECT_EQ(json({"k=-", "l=-"}), "error: standard input can be used only once");
  EXPECT_EQ(json({"k=-", "-"}), "error: standard input can be used only once");
}

TEST_F(DataArguments, AValueIsAskedFor) {
  EXPECT_EQ(json({"user=a", "password=?"}), R"({"user":"a","password":"typed"})");
  EXPECT_EQ(asked_, std::vector<std::string>{"password"});
}

TEST_F(DataArguments, WholeObjectsKeepTheirTypesAndDigits) {
  input_ = R"({"n": 12345678901234567890123, "o": {"x": [true, null]}})";
  EXPECT_EQ(json({"-"}), R"({"n":12345678901234567890123,"o":{"x":[true,null]}})");
  files_["f.json"] = R"({"a":1})";
  EXPECT_EQ(json({"@f.json", "b=2"}), R"({"a":1,"b":"2"})");
}

TEST_F(DataArguments, WholeObjectsMustBeObjects) {
  input_ = "[1]";
  EXPECT_EQ(json({"-"}), "error: standard input: not a JSON object");
  files_["f"] = R"({"password":"s3cret)";
  const std::string error = json({"@f"});
  EXPECT_EQ(error.find("error: f: not JSON"), 0U) << error;
  EXPECT_EQ(error.find("s3cret"), std::string::npos) << error;
}

TEST_F(DataArguments, ARepeatedKeyBecomesAList) {
  EXPECT_EQ(json({"k=1", "k=2", "l=x", "k=3"}), R"({"k":["1","2","3"],"l":"x"})");
}

TEST_F(DataArguments, AKeyMayBeginWithAnAtSign) { EXPECT_EQ(json({"@k=v"}), R"({"@k":"v"})"); }

TEST_F(DataArguments, ABackslashTakesTheMeaningAway) {
  EXPECT_EQ(json({R"(a=\@x)", R"(b=\-)", R"(c=\?)", R"(d=\-x)", R"(e=\n)"}),
            R"({"a":"@x","b":"-","c":"?","d":"\\-x","e":"\\n"})");
}

TEST_F(DataArguments, WhatIsNoPairIsRefusedWithoutRepeatingIt) {
  for (const char* bad : {"s3cret", "=s3cret"}) {
    const auto data = read({bad});
    ASSERT_FALSE(data.ok()) << bad;
    EXPECT_EQ(data.error().text.find("s3cret"), std::string::npos);
  }
}

// A binary key that comes back with U+FFFD in it is a lost key.
TEST_F(DataArguments, BytesThatJsonCannotCarryAreRefused) {
  files_["bin"] = "\x80\xff";
  EXPECT_EQ(json({"k=@bin"}),
            "error: the value of k is not UTF-8 text; encode it first, as base64");
  EXPECT_EQ(json({"\xff=v"}), "error: a key is not UTF-8 text");
  EXPECT_EQ(json({"k=\xC3\xA4"}), "{\"k\":\"\xC3\xA4\"}");
}

TEST_F(DataArguments, OnlySecretsThatStandOnTheCommandLineAreCalledExposed) {
  files_["f"] = "x";
  input_ = "x";
  const auto data =
      read({"password=x", "user=y", "API-Key=z", "token=@f", "secret=?", "pin=-", "passwd="});
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(data->exposed_keys, (std::vector<std::string>{"password", "API-Key"}));
}

TEST_F(DataArguments, NamesOfSecretsAreKnown) {
  for (const char* name : {"password", "PASSWD", "db_password", "client-secret", "apiKey",
                           "private_key", "aws_secret_access_key", "pin", "pwd"}) {
    EXPECT_TRUE(sounds_secret(name)) << name;
  }
  for (const char* name : {"user", "host", "spinner", "keyboard", "policy", "plaintext"}) {
    EXPECT_FALSE(sounds_secret(name)) << name;
  }
}

}  // namespace
}  // namespace coffer::cli
