// leak check, on a daemon in miniature.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli_fixture.h"

namespace coffer::cli {
namespace {

class LeakCheck : public CliFixture {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    const std::string path = vault_.directory() + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  void answer(const std::string& matches) {
    vault_.answer("POST /v1/sys/leaks/check", 200, R"({"data":{"matches":[)" + matches + "]}}");
  }
  static constexpr const char* kMatch =
      R"({"index":0,"places":[{"path":"secret/data/app","version":2,"key":"/password"}],"hidden":1,"more":false})";
};

TEST_F(LeakCheck, NothingFoundIsExitCode0) {
  answer("");
  around_.standard_input = "k3J9xQ2mZ8rT\n";
  const Outcome done = run({"leak", "check"});
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(done.out, "Looked for 1 values: 0 of them are stored here.\n");
  EXPECT_EQ(last(), R"(POST /v1/sys/leaks/check {"values":["k3J9xQ2mZ8rT"]})");
}

TEST_F(LeakCheck, AMatchIsTold) {
  answer(kMatch);
  around_.standard_input = "k3J9xQ2mZ8rT\n";
  const Outcome done = run({"leak", "check", "-"});
  EXPECT_EQ(done.code, 3);
  EXPECT_EQ(done.out,
            "standard input:1: secret/data/app version 2 /password\n"
            "standard input:1: 1 places that you may not read\n"
            "Looked for 1 values: 1 of them is stored here.\n");
  EXPECT_FALSE(contains(done.out + done.err, "k3J9xQ2mZ8rT"));
}

TEST_F(LeakCheck, AMatchAsJsonNamesFileAndLine) {
  answer(kMatch);
  const std::string path = file("env", "\nk3J9xQ2mZ8rT\n");
  const Outcome done = run({"leak", "check", "-format=json", path});
  EXPECT_EQ(done.code, 3);
  EXPECT_TRUE(contains(done.out, "\"file\": \"" + path + "\"")) << done.out;
  EXPECT_TRUE(contains(done.out, "\"hidden\": 1"));
}

TEST_F(LeakCheck, ATreeIsWalkedAndWhatIsLeftOutIsSaid) {
  answer("");
  const std::string tree = vault_.directory() + "/tree";
  file("tree/a/b.txt", "k3J9xQ2mZ8rT");
  file("tree/.env", "vB7nL4cX1sD6");
  file("tree/.git/config", "in-git-in-git-1");
  file("tree/image", std::string("binary\0binary-binary", 20));
  file("outside", "outside-outside-1");
  std::filesystem::create_symlink(vault_.directory() + "/outside", tree + "/link");
  std::filesystem::create_directory_symlink(tree, tree + "/a/loop");
  ASSERT_EQ(::mkfifo((tree + "/fifo").c_str(), 0600), 0);
  const Outcome done = run({"leak", "check", tree});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(last(), R"(POST /v1/sys/leaks/check {"values":["vB7nL4cX1sD6","k3J9xQ2mZ8rT"]})");
  for (const char* told : {"1 binary", "3 symbolic links", "1 directories .git"}) {
    EXPECT_TRUE(contains(done.err, told)) << told << "\n" << done.err;
  }
}

TEST_F(LeakCheck, AValueIsSentOnce) {
  answer("");
  around_.standard_input = "k3J9xQ2mZ8rT\nk3J9xQ2mZ8rT\np=k3J9xQ2mZ8rT\n";
  EXPECT_EQ(run({"leak", "check"}).code, 0);
  const std::string sent = last();
  EXPECT_EQ(sent.find("\"k3J9xQ2mZ8rT\""), sent.rfind("\"k3J9xQ2mZ8rT\""));
}

TEST_F(LeakCheck, ManyValuesGoInBatches) {
  answer("");
  for (int i = 0; i < 1'201; ++i) {
    around_.standard_input += "value_number_" + std::to_string(100'000 + i) + " ";
  }
  EXPECT_EQ(run({"leak", "check"}).code, 0);
  EXPECT_EQ(all().size(), 3U);
}

TEST_F(LeakCheck, WhatComesAgainLongAfterIsFoundOnItsLines) {
  answer(kMatch);
  around_.standard_input = "k3J9xQ2mZ8rT\n";
  for (int i = 0; i < 120'000; ++i) around_.standard_input += "vB7nL4cX1sD6\n";
  around_.standard_input += "k3J9xQ2mZ8rT\n";
  const Outcome done = run({"leak", "check"});
  EXPECT_EQ(done.code, 3);
  EXPECT_EQ(all().size(), 1U) << "before the end: 120,000 places wait for no answer";
  for (const char* line : {":1: secret/data/app", ":120002: secret/data/app"}) {
    EXPECT_TRUE(contains(done.out, line)) << line;
  }
  EXPECT_TRUE(contains(done.out, "Looked for 2 values: 1 of them is stored here.")) << done.out;
}

TEST_F(LeakCheck, ALineThatIsLookedThroughInPartsIsTold) {
  answer(kMatch);
  const std::string path = file("long", std::string(std::size_t{6} << 20U, '.') + " k3J9xQ2mZ8rT");
  const Outcome done = run({"leak", "check", path});
  EXPECT_EQ(done.code, 3) << done.err;
  EXPECT_TRUE(contains(done.out, path + ":1: secret/data/app version 2 /password")) << done.out;
  EXPECT_TRUE(contains(done.err, "1 lines over 4 MiB were looked through in parts")) << done.err;
}

TEST_F(LeakCheck, OnlyADaemonOnThisMachineIsGivenValues) {
  around_.standard_input = "k3J9xQ2mZ8rT\n";
  const Outcome done = run({"leak", "check", "-address=http://127.0.0.1:8200"});
  EXPECT_EQ(done.code, 1);
  EXPECT_TRUE(contains(done.err, "this machine")) << done.err;
  EXPECT_TRUE(all().empty());
}

TEST_F(LeakCheck, WhatIsNotThereIsExitCode1) {
  const Outcome done = run({"leak", "check", "/nonexistent"});
  EXPECT_EQ(done.code, 1);
  EXPECT_TRUE(contains(done.err, "/nonexistent")) << done.err;
}

TEST_F(LeakCheck, ARefusalIsExitCode2AndNothingIsPrinted) {
  vault_.answer("POST /v1/sys/leaks/check", 403, R"({"errors":["permission denied"]})");
  around_.standard_input = "k3J9xQ2mZ8rT\n";
  const Outcome done = run({"leak", "check"});
  EXPECT_EQ(done.code, 2);
  EXPECT_EQ(done.out, "");
}

TEST_F(LeakCheck, BytesThatAreNoTextAreLeftOut) {
  answer("");
  around_.standard_input = "\xff\xfe k3J9xQ2mZ8rT \xff";
  EXPECT_EQ(run({"leak", "check"}).code, 0);
  EXPECT_EQ(last(), R"(POST /v1/sys/leaks/check {"values":["k3J9xQ2mZ8rT"]})");
}

}  // namespace
}  // namespace coffer::cli
