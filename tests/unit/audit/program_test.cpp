// coffer-audit as auditors run it: exit status and output. It stands beside this program.
#include <unistd.h>

#include <filesystem>

#include "coffer/audit/checkpoint.h"
#include "coffer/model/fields.h"
#include "cosigner_kit.h"
#include "fakes/rsa_signer.h"
#include "log_kit.h"
#include "program_kit.h"

namespace coffer::audit {
namespace {

using test::Hand;
using test::Ran;
using test::run;

class ProgramTest : public test::LogTest {
 protected:
  ProgramTest() {
    const auto log = open();
    append(*log, {test::request(1), test::response(1), test::request(2)});
  }
  void tamper() const {
    auto all = lines();
    all[1][15] = '9';
    test::write_all(segment(), test::join(all));
  }
  [[nodiscard]] std::string directory() const { return directory_.path(); }
  [[nodiscard]] Frontier tree() const {
    Frontier tree;
    for (const std::string& line : lines()) EXPECT_TRUE(tree.append(*hash_leaf(line)).ok());
    return tree;
  }
  [[nodiscard]] std::string root() const { return to_base64(*tree().root()); }
  /// Options that hold the log against a checkpoint of it as it is.
  [[nodiscard]] std::string signed_now() const {
    const auto signer = fakes::make_rsa_signer();
    const Frontier now = tree();
    const Checkpoint checkpoint{log_origin(test::kNode), now.size(), *now.root()};
    test::write_all(directory() + "/key.pem", crypto::pem_from_spki(signer->public_key()));
    test::write_all(directory() + "/signed", *sign_checkpoint(checkpoint, *signer));
    return "-key=" + directory() + "/key.pem -checkpoint=" + directory() + "/signed ";
  }
};

TEST_F(ProgramTest, GoodLogIsExitZeroAndTellsTheHead) {
  const Ran ran = run("verify " + directory());
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_EQ(ran.output,
            "result          good\n"
            "lines           4\n"
            "first sequence  1\n"
            "last sequence   4\n"
            "open requests   1\n"
            "head            " +
                test::hash_of(lines().back()) + "\nroot            " + root() +
                "\ncheckpoints     0\nsigned lines    0\n");
}

TEST_F(ProgramTest, GoodLogAsJson) {
  for (const char* option : {"-format=json", "--format=json", "-format json"}) {
    const Ran ran = run("verify " + std::string(option) + " " + directory());
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_EQ(ran.output,
              R"({"good":true,"lines":4,"first_sequence":1,"last_sequence":4,"open_requests":1,)"
              R"("head":")" +
                  test::hash_of(lines().back()) + R"(","root":")" + root() +
                  R"(","checkpoints":0,"signed_lines":0,"doubts":[]})" + "\n");
  }
}

TEST_F(ProgramTest, ACheckpointThatFitsIsTold) {
  const Ran ran = run("verify " + signed_now() + directory());
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_NE(ran.output.find("checkpoints     1\nsigned lines    4\n"), std::string::npos);
}

TEST_F(ProgramTest, LinesBehindTheLastCheckpointAreExitThree) {
  const std::string options = signed_now();
  append(*open(), {test::event("note")});
  const Ran ran = run("verify " + options + directory());
  EXPECT_EQ(ran.status, 3) << ran.output;
  EXPECT_NE(ran.output.find("result          good"), std::string::npos);
  EXPECT_NE(ran.output.find("signed lines    4\n"), std::string::npos);
}

TEST_F(ProgramTest, DoubtsAreNamedInBothFormats) {
  const std::string options = signed_now();
  append(*open(), {test::event("note"), test::event("note")});
  const std::string unsigned_tail =
      "no checkpoint of the keys given covers lines 5 to " + std::to_string(lines().size());
  const Ran text = run("verify " + options + directory());
  EXPECT_EQ(text.status, 3);
  EXPECT_NE(text.output.find("doubt           " + unsigned_tail + "\n"), std::string::npos)
      << text.output;
  const Ran json = run("verify -format=json " + options + directory());
  EXPECT_EQ(json.status, 3);
  EXPECT_NE(json.output.find(R"("unsigned_from":5,"doubts":[")" + unsigned_tail + R"("])"),
            std::string::npos)
      << json.output;
}

TEST_F(ProgramTest, SegmentsThatArentThereAreNamedInBothFormats) {
  LogConfig small = config();
  small.segment_bytes = 600;
  {
    const auto log = *open_log(small, clock_);
    for (std::uint64_t i = 10; i < 20; ++i) append(*log, {test::request(i), test::response(i)});
  }
  EXPECT_EQ(run("verify " + directory()).status, 0);
  std::filesystem::remove(segment());
  const Ran text = run("verify " + directory());
  EXPECT_EQ(text.status, 3) << text.output;
  EXPECT_NE(text.output.find("\nmissing         lines 1 to "), std::string::npos) << text.output;
  EXPECT_NE(text.output.find("\ndoubt           lines 1 to "), std::string::npos) << text.output;
  const Ran json = run("verify -format=json " + directory());
  EXPECT_EQ(json.status, 3);
  const auto fields = model::Fields::parse(json.output);
  ASSERT_TRUE(fields.ok()) << json.output;
  EXPECT_EQ(*fields->integer("missing_before"), **fields->integer("first_sequence") - 1);
}

TEST_F(ProgramTest, LinesCutOffBehindACheckpointAreExitTwo) {
  const std::string options = signed_now();
  auto all = lines();
  all.pop_back();
  test::write_all(segment(), test::join(all));
  const Ran ran = run("verify " + options + directory());
  EXPECT_EQ(ran.status, 2) << ran.output;
  EXPECT_NE(ran.output.find("cut off at the end"), std::string::npos) << ran.output;
}

TEST_F(ProgramTest, ACheckpointThatTheKeyDidNotSignIsExitTwo) {
  const std::string options = signed_now();
  test::write_all(directory() + "/key.pem",
                  crypto::pem_from_spki(fakes::make_rsa_signer()->public_key()));
  const Ran ran = run("verify " + options + directory());
  EXPECT_EQ(ran.status, 2) << ran.output;
  EXPECT_NE(ran.output.find("none of the keys given signed"), std::string::npos) << ran.output;
}

TEST_F(ProgramTest, ABadCheckpointIsNamedAsJson) {
  const std::string options = signed_now() + "-format=json ";
  const std::string whole = test::read_all(directory() + "/signed");
  std::string forged = whole;
  forged.replace(forged.find("\n4\n"), 3, "\n5\n");
  for (const std::string& text : {std::string("rubbish\n"), forged, std::string()}) {
    test::write_all(directory() + "/signed", text);
    const Ran ran = run("verify " + options + directory());
    EXPECT_EQ(ran.status, 2) << ran.output;
    EXPECT_TRUE(ran.output.starts_with(R"({"good":false,"bad":{"file":")" + directory() +
                                       R"(/signed","line":0,"what":")"))
        << ran.output;
    EXPECT_EQ(ran.output.find("-help"), std::string::npos) << ran.output;
    EXPECT_EQ(ran.output.find(".cpp:"), std::string::npos) << ran.output;
  }
  test::write_all(directory() + "/signed", whole);
  test::write_all(directory() + "/signers", "nonsense\n");
  EXPECT_NE(run("verify " + options + directory()).output.find(R"("good":false,"bad":{"file":)"),
            std::string::npos);
  EXPECT_EQ(run("verify " + options + "-key=/nowhere " + directory()).status, 1);
}

TEST_F(ProgramTest, AKeyAloneAsksForLinesThatAreSigned) {
  EXPECT_FALSE(signed_now().empty());
  const std::string verify = "verify -key=" + directory() + "/key.pem " + directory();
  EXPECT_EQ(run(verify).status, 3) << "nothing beside the log is signed";
  std::filesystem::rename(directory() + "/signed",
                          directory() + "/audit-00000000000000000001.checkpoints");
  const Ran ran = run(verify);
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_NE(ran.output.find("signed lines    4\n"), std::string::npos);
  test::write_all(directory() + "/signers", "nonsense\n");
  EXPECT_EQ(run(verify).status, 2);
}

TEST_F(ProgramTest, ACheckpointOfAnotherKeyIsExitTwo) {
  EXPECT_FALSE(signed_now().empty());
  std::filesystem::rename(directory() + "/signed",
                          directory() + "/audit-00000000000000000001.checkpoints");
  const auto other = fakes::make_rsa_signer();
  test::write_all(directory() + "/other.pem", crypto::pem_from_spki(other->public_key()));
  const Ran ran = run("verify -key=" + directory() + "/other.pem " + directory());
  EXPECT_EQ(ran.status, 2) << ran.output;
  EXPECT_NE(ran.output.find("of other keys   1\n"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("not one of those given"), std::string::npos) << ran.output;
}

TEST_F(ProgramTest, ACheckpointWithoutAKeyIsWrongUsage) {
  EXPECT_FALSE(signed_now().empty());
  EXPECT_EQ(run("verify -checkpoint=" + directory() + "/signed " + directory()).status, 1);
  EXPECT_EQ(run("verify -key=/nowhere -checkpoint=/nowhere " + directory()).status, 1);
}

TEST_F(ProgramTest, WhatAWitnessSignedIsToldWithItsTime) {
  EXPECT_FALSE(signed_now().empty());
  const Hand hand("witness.example/w1");
  const std::string note = test::read_all(directory() + "/signed");
  test::write_all(directory() + "/w.vkey", hand.text() + "\n");
  const std::string verify = "verify -witness-key=" + directory() + "/w.vkey ";
  const Ran none = run(verify + directory());
  EXPECT_EQ(none.status, 3) << none.output;
  EXPECT_NE(none.output.find("cosigned        by no witness\n"), std::string::npos) << none.output;
  test::write_all(directory() + "/cosigned", "");  // as a power cut leaves the first
  const Ran empty = run(verify + directory());
  EXPECT_EQ(empty.output, none.output);
  EXPECT_EQ(empty.status, 3) << empty.output;
  test::write_all(directory() + "/cosigned", note + hand.sign(note, 1'767'225'600));
  const Ran ran = run(verify + directory());
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_NE(
      ran.output.find("cosigned        4 lines by witness.example/w1 at 2026-01-01T00:00:00Z\n"),
      std::string::npos)
      << ran.output;
  const Ran json = run(verify + "-format=json " + directory());
  EXPECT_NE(json.output.find(R"("cosigned":[{"witness":"witness.example/w1","lines":4,)"
                             R"("at":"2026-01-01T00:00:00Z"}])"),
            std::string::npos)
      << json.output;
  // One that was kept elsewhere, with or without the key of the log.
  std::filesystem::rename(directory() + "/cosigned", directory() + "/kept");
  const std::string kept = "-checkpoint=" + directory() + "/kept ";
  EXPECT_EQ(run(verify + kept + directory()).status, 0);
  EXPECT_EQ(run(verify + kept + signed_now() + directory()).status, 0);
  auto all = lines();
  all.pop_back();
  test::write_all(segment(), test::join(all));
  const Ran cut = run(verify + kept + directory());
  EXPECT_EQ(cut.status, 2) << cut.output;
  EXPECT_NE(cut.output.find("cut off at the end"), std::string::npos) << cut.output;
}

TEST_F(ProgramTest, WhatNoWitnessSignedIsExitTwo) {
  EXPECT_FALSE(signed_now().empty());
  const Hand hand("witness.example/w1");
  const std::string note = test::read_all(directory() + "/signed");
  test::write_all(directory() + "/w.vkey", hand.text() + "\n");
  const std::string verify = "verify -witness-key=" + directory() + "/w.vkey ";
  const std::string kept = "-checkpoint=" + directory() + "/signed ";
  EXPECT_EQ(run(verify + kept + directory()).status, 2);
  for (const std::string& line :
       {std::string(), Hand("witness.example/w1").sign(note, 1), Hand("w2").sign(note, 1)}) {
    test::write_all(directory() + "/cosigned", note + line);
    const Ran ran = run(verify + directory());
    EXPECT_EQ(ran.status, 2) << ran.output;
    EXPECT_NE(ran.output.find("none of the witnesses given signed it"), std::string::npos);
  }
  test::write_all(directory() + "/cosigned", note + hand.sign(note, 1));
  std::string changed = test::read_all(directory() + "/cosigned");
  changed[changed.size() - 10] ^= 1;
  test::write_all(directory() + "/cosigned", changed);
  EXPECT_EQ(run(verify + directory()).status, 2);
  EXPECT_EQ(run("verify -witness-key=" + directory() + "/key.pem " + directory()).status, 1);
}

TEST_F(ProgramTest, BadLogIsExitTwoAndNamesTheLine) {
  tamper();
  const Ran ran = run("verify " + directory());
  EXPECT_EQ(ran.status, 2) << ran.output;
  EXPECT_NE(ran.output.find("result          BAD\n"
                            "file            audit-00000000000000000001.jsonl\n"
                            "line            3\n"
                            "what is wrong   prev is not the hash"),
            std::string::npos)
      << ran.output;
}

TEST_F(ProgramTest, BadLogAsJson) {
  tamper();
  const Ran ran = run("verify -format=json " + directory());
  EXPECT_EQ(ran.status, 2);
  const auto fields = model::Fields::parse(ran.output);
  ASSERT_TRUE(fields.ok()) << ran.output;
  EXPECT_EQ(*fields->boolean("good"), false);
  EXPECT_EQ(*fields->integer("lines"), 2);
  const auto bad = fields->object("bad");
  ASSERT_TRUE(bad.ok() && *bad);
  EXPECT_EQ(*(*bad)->string("file"), test::kFirstSegment);
  EXPECT_EQ(*(*bad)->integer("line"), 3);
}

TEST_F(ProgramTest, WhatCannotBeReadIsExitOne) {
  EXPECT_EQ(run("verify " + directory() + "/no").status, 1);
  std::error_code error;
  std::filesystem::remove(segment(), error);
  const Ran ran = run("verify " + directory());
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.output.find("no audit log"), std::string::npos) << ran.output;
}

TEST_F(ProgramTest, WrongUsageIsExitOne) {
  for (const char* arguments : {"", "verify", "check x", "verify a b", "verify -format=xml x",
                                "verify -nonsense x", "verify --format"}) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status, 1) << arguments;
    EXPECT_NE(ran.output.find("try: coffer-audit -help"), std::string::npos) << ran.output;
  }
}

TEST_F(ProgramTest, HelpAndVersion) {
  for (const char* option : {"-help", "--help", "-h"}) {
    const Ran ran = run(option);
    EXPECT_EQ(ran.status, 0);
    EXPECT_TRUE(ran.output.starts_with("usage: coffer-audit verify")) << ran.output;
  }
  EXPECT_TRUE(run("-version").output.starts_with("coffer-audit "));
}

}  // namespace
}  // namespace coffer::audit
