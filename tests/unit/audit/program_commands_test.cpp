// coffer-audit prove, check, search and report, as auditors run them.

#include <sys/stat.h>
#include <unistd.h>

#include "coffer/audit/checkpointer.h"
#include "coffer/model/json_tree.h"
#include "cosigner_kit.h"
#include "fakes/rsa_signer.h"
#include "log_kit.h"
#include "program_kit.h"

namespace coffer::audit {
namespace {

using test::Ran;
using test::run;

/// A signed log of an RSA token, and an older checkpoint of it.
class CommandsTest : public test::LogTest {
 protected:
  void SetUp() override {
    signer_ = fakes::make_rsa_signer();
    const auto log = open();
    Checkpointer signing(
        *log, clock_, {directory(), test::kNode, Durability::crash}, [this] { return signer_; },
        Checkpointer::Threads::none);
    signing.round();
    std::filesystem::copy_file(notes(), directory() + "/old");
    request(*log, 1, "secret/data/app", "");
    request(*log, 2, "secret/data/db", R"(,"error":"permission denied")");
    signing.round();
    test::write_all(directory() + "/key.pem", crypto::pem_from_spki(signer_->public_key()));
  }
  void request(Log& log, std::uint64_t number, const std::string& path,
               const std::string& after) const {
    const std::string id = to_string(test::id_of(number));
    const std::string rest = R"(,"request":{"id":")" + id + R"(","operation":"read","path":")" +
                             path +
                             R"("},"auth":{"display_name":"app","policies":["app","spare"]},)"
                             R"("rule":{"path":"secret/*","policy":"app"})" +
                             after;
    const std::string time = R"({"time":"2026-01-01T00:00:00Z","type":")";
    append(log, {{Line::Kind::request, test::id_of(number), time + "request\"" + rest},
                 {Line::Kind::response, test::id_of(number), time + "response\"" + rest}});
  }
  [[nodiscard]] std::string directory() const { return directory_.path(); }
  [[nodiscard]] std::string notes() const {
    return directory() + "/audit-00000000000000000001.checkpoints";
  }
  [[nodiscard]] std::string key() const { return "-key=" + directory() + "/key.pem "; }

  std::shared_ptr<crypto::Signer> signer_;
};

TEST_F(CommandsTest, ALineIsProvenToWhoHasNoLog) {
  const Ran proof = run("prove -line=3 " + directory());
  ASSERT_EQ(proof.status, 0) << proof.output;
  test::write_all(directory() + "/proof", proof.output);
  const Ran checked = run("check " + key() + directory() + "/proof");
  EXPECT_EQ(checked.status, 0) << checked.output;
  EXPECT_NE(checked.output.find("line            3\ntext            " + lines()[2] + "\n"),
            std::string::npos)
      << checked.output;
  const Ran json = run("check -format=json " + key() + directory() + "/proof");
  const auto read = model::Json::parse(json.output);
  ASSERT_TRUE(read.ok()) << json.output;
  EXPECT_EQ(read->find("line")->text(), "3");
  EXPECT_EQ(read->find("text")->text(), lines()[2]);
  EXPECT_EQ(read->find("size")->text(), "5");
}

TEST_F(CommandsTest, AnotherLineIsNotProvenByIt) {
  test::write_all(directory() + "/proof", run("prove -line=3 " + directory()).output);
  test::write_all(directory() + "/line", lines()[3] + "\n");
  const std::string check = "check -text=" + directory() + "/line " + key() + directory();
  EXPECT_EQ(run(check + "/proof").status, 2);
  test::write_all(directory() + "/line", lines()[2] + "\n");
  EXPECT_EQ(run(check + "/proof").status, 0);
  test::write_all(directory() + "/other.pem",
                  crypto::pem_from_spki(fakes::make_rsa_signer()->public_key()));
  const Ran other = run("check -key=" + directory() + "/other.pem " + directory() + "/proof");
  EXPECT_EQ(other.status, 2) << other.output;
}

TEST_F(CommandsTest, ABadProofIsNamedAsJson) {
  std::string proof = run("prove -line=3 " + directory()).output;
  proof.replace(proof.find("index 2"), 7, "index 3");
  for (const std::string& text : {proof, std::string("rubbish\n"), std::string()}) {
    test::write_all(directory() + "/proof", text);
    const std::string check = "check " + key() + directory() + "/proof";
    const Ran json = run(check + " -format=json");
    EXPECT_EQ(json.status, 2);
    EXPECT_TRUE(json.output.starts_with(R"({"good":false,"bad":{"file":")" + directory() +
                                        R"(/proof","line":0,"what":")"))
        << json.output;
    const Ran table = run(check);
    EXPECT_EQ(table.status, 2);
    EXPECT_TRUE(table.output.starts_with("result          BAD\n")) << table.output;
    EXPECT_EQ(table.output.find("-help"), std::string::npos) << table.output;
  }
  test::write_all(directory() + "/note", "rubbish\n");
  EXPECT_EQ(run("verify-attestation -format=json " + key() + directory() + "/note")
                .output.find(R"({"good":false,"bad":{)"),
            0U);
  const Ran bundle = run("verify-evidence -format=json " + key() + directory() + "/note");
  EXPECT_EQ(bundle.status, 2);
  EXPECT_TRUE(bundle.output.starts_with(R"({"good":false,)")) << bundle.output;
  EXPECT_EQ(run("check -format=json " + key() + "/nowhere").status, 1);
}

TEST_F(CommandsTest, GrowthIsProvenToWhoKeptACheckpoint) {
  const std::string from = "-from=" + directory() + "/old ";
  test::write_all(directory() + "/growth", run("prove " + from + directory()).output);
  const Ran checked = run("check " + from + key() + directory() + "/growth");
  EXPECT_EQ(checked.status, 0) << checked.output;
  EXPECT_NE(checked.output.find("grew from       1\n"), std::string::npos) << checked.output;
  EXPECT_EQ(run("check " + key() + directory() + "/growth").status, 2) << "it is no line's";
  const std::string other = "-from=" + notes() + " ";
  EXPECT_EQ(run("check " + other + key() + directory() + "/growth").status, 2);
}

TEST_F(CommandsTest, WhatCannotBeProvenIsExitOneOrTwo) {
  EXPECT_EQ(run("prove -line=99 " + directory()).status, 1);
  EXPECT_EQ(run("prove -line=0 " + directory()).status, 1);
  EXPECT_EQ(run("prove -line=1 /nowhere").status, 1);
  auto all = lines();
  all[1][10] = '9';
  test::write_all(segment(), test::join(all));
  EXPECT_EQ(run("prove -line=1 " + directory()).status, 2) << "the log isn't what was signed";
}

TEST_F(CommandsTest, SearchPrintsALineForEachMatch) {
  const Ran all = run("search " + directory());
  EXPECT_EQ(all.status, 0) << all.output;
  EXPECT_EQ(all.output,
            "2026-01-01T00:00:00Z  served  read  secret/data/app  app  -  app:secret/*\n"
            "2026-01-01T00:00:00Z  denied  read  secret/data/db  app  -  app:secret/*  "
            "permission denied\n");
  const Ran denied =
      run("search -outcome=denied -path='secret/data/*' -format=json " + directory());
  const auto read = model::Json::parse(denied.output);
  ASSERT_TRUE(read.ok()) << denied.output;
  EXPECT_EQ(read->find("path")->text(), "secret/data/db");
  EXPECT_EQ(read->find("outcome")->text(), "denied");
  EXPECT_EQ(read->find("seq")->text(), "5");
  EXPECT_EQ(run("search -since=2026-01-02 " + directory()).output, "");
}

TEST_F(CommandsTest, ABlankInAPathMakesNoFieldOfItsOwn) {
  request(*open(), 3, "secret/data/a  root  -  root:*", "");
  const std::string shown = R"(secret/data/a\x20\x20root\x20\x20-\x20\x20root:*)";
  const Ran found = run("search -path='* *' " + directory());
  EXPECT_EQ(found.output,
            "2026-01-01T00:00:00Z  served  read  " + shown + "  app  -  app:secret/*\n");
  const Ran report = run("report -path='* *' " + directory());
  EXPECT_NE(report.output.find(" " + shown + "\n"), std::string::npos) << report.output;
  const auto json =
      model::Json::parse(run("search -format=json -path='* *' " + directory()).output);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->find("path")->text(), "secret/data/a  root  -  root:*");
}

TEST_F(CommandsTest, ReportCountsAndTellsWhatWasRefusedAndUnused) {
  test::write_all(directory() + "/policies", "app\nold\n");
  const std::string command = "report -policies=" + directory() + "/policies " + directory();
  const Ran text = run(command);
  EXPECT_EQ(text.status, 0) << text.output;
  EXPECT_EQ(text.output,
            "by path\nreads    writes   denied   failed   interrupted\n"
            "1        0        0        0        0            secret/data/app\n"
            "0        0        1        0        0            secret/data/db\n\n"
            "by caller\nreads    writes   denied   failed   interrupted\n"
            "1        0        1        0        0            app\n\n"
            "policies that decided nothing\nold\nspare\n\n"
            "refused or failed\ntimes    last, caller, operation, path\n"
            "1        2026-01-01T00:00:00Z  app  read  secret/data/db\n");
  const auto json = model::Json::parse(run("report -format=json " + directory()).output);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->find("policies")->elements().size(), 2U);
  EXPECT_EQ(json->find("refusals")->elements().size(), 1U);
}

TEST_F(CommandsTest, WhatTheDaemonsEndInterruptedIsSearchedAndCounted) {
  {
    const auto log = open();
    const std::string id = to_string(test::id_of(7));
    append(*log,
           {{Line::Kind::request, test::id_of(7),
             R"({"time":"2026-01-01T00:00:00Z","type":"request","request":{"id":")" + id +
                 R"(","operation":"read","path":"secret/data/cut"})"}},
           true);
  }
  static_cast<void>(open());
  const Ran found = run("search -outcome=interrupted -path='secret/*' " + directory());
  EXPECT_EQ(found.status, 0) << found.output;
  EXPECT_NE(found.output.find("  interrupted  read  secret/data/cut  "), std::string::npos)
      << found.output;
  const auto json =
      model::Json::parse(run("report -format=json -outcome=interrupted " + directory()).output);
  ASSERT_TRUE(json.ok());
  ASSERT_EQ(json->find("paths")->elements().size(), 1U);
  EXPECT_EQ(json->find("paths")->elements()[0].find("interrupted")->text(), "1");
  EXPECT_EQ(json->find("paths")->elements()[0].find("failed")->text(), "0");
}

TEST_F(CommandsTest, SearchTellsWhatTheDaemonToldOfItself) {
  {
    const auto log = open();
    append(*log, {test::event("heartbeat"),
                  {Line::Kind::system,
                   {},
                   R"({"time":"2026-01-02T00:00:00Z","type":"config_reloaded","detail":"a  b")"}});
  }
  const Ran all = run("search -events " + directory());
  EXPECT_EQ(all.status, 0) << all.output;
  const std::string start = "  start  format 1, cut_bytes 0, interrupted 0\n";
  EXPECT_NE(all.output.find(start), std::string::npos) << all.output;
  EXPECT_NE(all.output.find("2026-01-02T00:00:00Z  config_reloaded  a  b\n"), std::string::npos);
  EXPECT_EQ(all.output.find("heartbeat"), std::string::npos) << all.output;
  EXPECT_EQ(all.output.find("secret/"), std::string::npos) << all.output;
  const auto json = model::Json::parse(
      run("search -events -since=2026-01-02 -until=2026-01-03 -format=json " + directory()).output);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->find("event")->text(), "config_reloaded");
  EXPECT_EQ(json->find("detail")->text(), "a  b");
  EXPECT_EQ(run("search -events -path=x " + directory()).status, 1);
  EXPECT_EQ(run("report -events " + directory()).status, 1);
}

TEST_F(CommandsTest, APolicyThatOnlyDeniedDecidedSomething) {
  const Ran told = run("report -format=json -path=secret/data/db " + directory());
  const auto json = model::Json::parse(told.output);
  ASSERT_TRUE(json.ok());
  const auto& policies = json->find("policies")->elements();
  ASSERT_EQ(policies.size(), 2U);
  EXPECT_EQ(policies[0].find("policy")->text(), "app");
  EXPECT_EQ(policies[0].find("uses")->text(), "1");
  EXPECT_EQ(policies[1].find("uses")->text(), "0");
}

TEST_F(CommandsTest, CompressAndPruneTellWhatTheyDid) {
  EXPECT_EQ(run("compress " + directory()).output,
            "segments        0\nbytes before    0\nbytes after     0\n");
  EXPECT_EQ(run("prune -format=json -keep-days=90 " + key() + directory()).output,
            R"({"segments":0,"bytes_before":0,"bytes_after":0})"
            "\n");
  EXPECT_EQ(run("prune -keep-days=89 " + key() + directory()).status, 1);
  EXPECT_EQ(run("prune -keep-days=90 " + directory()).status, 1);
  EXPECT_EQ(run("prune " + key() + directory()).status, 1);
  auto all = lines();
  all[1][10] = '9';
  test::write_all(segment(), test::join(all));
  EXPECT_EQ(run("prune -keep-days=90 " + key() + directory()).status, 2);
}

/// A pipe is waited for, for ever, by whoever opens it, and a device gives bytes for ever.
TEST_F(CommandsTest, WhatIsNoFileBesideTheLogIsExitOneAtOnce) {
  const std::string segment = "/audit-00000000000000000001";
  const test::Hand hand("witness.example/w1");
  test::write_all(directory() + "/w.vkey", hand.text() + "\n");
  const std::string verify = "verify -witness-key=" + directory() + "/w.vkey " + key();
  for (const std::string name : {"/pruned", "/signers", ".checkpoints", "/cosigned", ".jsonl"}) {
    const std::string path = directory() + (name[0] == '.' ? segment : "") + name;
    const std::string kept = directory() + "/kept";
    const bool there = std::filesystem::exists(path);
    if (there) std::filesystem::rename(path, kept);
    for (const std::string what : {"pipe", "directory", "device"}) {
      if (what == "pipe" && ::mkfifo(path.c_str(), 0600) != 0) FAIL() << path;
      if (what == "directory") std::filesystem::create_directory(path);
      if (what == "device") std::filesystem::create_symlink("/dev/zero", path);
      EXPECT_EQ(run(verify + directory()).status, 1) << path << what;
      const bool searched = name == ".jsonl";
      for (const std::string command : {"search ", "report "}) {
        EXPECT_EQ(run(command + directory()).status, searched ? 1 : 0) << command << path << what;
      }
      std::filesystem::remove(path);
    }
    if (there) std::filesystem::rename(kept, path);
  }
}

TEST_F(CommandsTest, WhatIsGivenIsAFileOrAPipeThatTheCallerMade) {
  const std::string pipe = directory() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& given : {pipe, directory(), std::string("/dev/zero")}) {
    for (const std::string command :
         {"verify -key=", "verify -witness-key=", "prune -keep-days=90 -key=", "prove -from=",
          "report -policies="}) {
      EXPECT_EQ(run(command + given + " " + directory()).status, 1) << command << given;
    }
    EXPECT_EQ(run("verify " + key() + "-checkpoint=" + given + " " + directory()).status, 1);
    for (const std::string command : {"check ", "verify-evidence ", "verify-attestation "}) {
      EXPECT_EQ(run(command + key() + given).status, 1) << command << given;
    }
  }
  // As a shell makes one for `<(…)`.
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string pem = test::read_all(directory() + "/key.pem");
  ASSERT_EQ(::write(ends[1], pem.data(), pem.size()), static_cast<ssize_t>(pem.size()));
  ::close(ends[1]);
  const std::string made = "-key=/dev/fd/" + std::to_string(ends[0]) + " ";
  const Ran ran = run("verify " + made + directory());
  EXPECT_EQ(ran.status, 0) << ran.output;
  ::close(ends[0]);
}

/// A number that wraps around would keep the log for ever, and say nothing.
TEST_F(CommandsTest, ANumberThatIsNoneIsRefusedByName) {
  for (const std::string option : {"-keep-days", "-line"}) {
    const std::string command = option == "-line" ? "prove " : "prune " + key();
    for (const std::string value : {"-1", "-0", "+90", "99999999999999999999", "90d", "9 0"}) {
      const Ran ran = run(command + option + "='" + value + "' " + directory());
      EXPECT_EQ(ran.status, 1) << option << value << ran.output;
      EXPECT_EQ(ran.output.find("coffer-audit: " + option + " must be a whole number"), 0U)
          << ran.output;
      EXPECT_EQ(ran.output.find("'"), std::string::npos) << ran.output;
    }
  }
  for (const std::string days : {"4294967295", "36501", "106752", "200000"}) {
    const Ran ran = run("prune -keep-days=" + days + " " + key() + directory());
    EXPECT_EQ(ran.status, 1) << ran.output;
    EXPECT_NE(ran.output.find("at most 36500 days"), std::string::npos) << ran.output;
  }
  EXPECT_EQ(run("prune -keep-days=36500 " + key() + directory()).status, 0);
}

TEST_F(CommandsTest, AnOptionThatThereIsNotIsNamedWithoutItsValue) {
  for (const std::string option : {"-keys", "--c", "-witnesses"}) {
    const Ran ran = run("verify " + option + "=hunter2 " + directory());
    EXPECT_EQ(ran.status, 1) << ran.output;
    EXPECT_NE(ran.output.find("bad option " + option), std::string::npos) << ran.output;
    EXPECT_EQ(ran.output.find("hunter2"), std::string::npos) << ran.output;
  }
}

TEST_F(CommandsTest, WrongUsageIsExitOne) {
  for (const std::string& wrong : std::vector<std::string>{
           "prove ", "prove -line=1 -from=x ", "prove -line=x ", "prove -key=x -line=1 ", "check ",
           "search -since=now ", "search -until=2026-02-30 ", "search -outcome=good ",
           "search -line=1 ", "search -format=xml ", "report -key=x ", "follow -policies=x ",
           "search a ", "seek "}) {
    const Ran ran = run(wrong + directory());
    EXPECT_EQ(ran.status, 1) << wrong << ran.output;
    EXPECT_NE(ran.output.find("try: coffer-audit -help"), std::string::npos) << wrong;
  }
  EXPECT_EQ(run("search /nowhere").status, 1);
  EXPECT_EQ(run("follow /nowhere").status, 1);
}

}  // namespace
}  // namespace coffer::audit
