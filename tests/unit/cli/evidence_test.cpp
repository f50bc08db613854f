// What coffer evidence takes from files, and a tar file that never takes another one's place.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli_fixture.h"
#include "coffer/model/evidence_limits.h"
#include "src/cli/evidence_sources.h"
#include "src/cli/sibling_program.h"

namespace coffer::cli {
namespace {

class EvidenceFilesTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(
        std::filesystem::path(directory_ + "/" + name).parent_path());
    std::ofstream(directory_ + "/" + name) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(directory_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  const std::string directory_ = testing::TempDir() + "evidence-cli-" + std::to_string(::getpid());
};

TEST_F(EvidenceFilesTest, ABundleIsMadeOnceAndForItsMakerAlone) {
  const std::string path = directory_ + "/b.tar";
  ASSERT_TRUE(write_bundle(path, {{"a", "1"}, {"b/c", std::string(100'000, 'x')}}, 1).ok());
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  const std::string before = read("b.tar");
  EXPECT_EQ(write_bundle(path, {{"a", "2"}}, 1).error().code, ErrorCode::conflict);
  EXPECT_EQ(read("b.tar"), before);
  std::filesystem::create_symlink(path, directory_ + "/link");
  EXPECT_FALSE(write_bundle(directory_ + "/link", {{"a", "2"}}, 1).ok());
  EXPECT_EQ(write_bundle(directory_ + "/none/b.tar", {}, 1).error().code, ErrorCode::unavailable);
}

TEST_F(EvidenceFilesTest, CeremoniesAreTakenButForLinksAndHiddenFilesWhichAreTold) {
  write("c/2026/transcript.txt", "t");
  write("c/a b", "odd");
  write("c/.hidden", "h");
  write("elsewhere/report", "r");
  std::filesystem::create_symlink("/etc/passwd", directory_ + "/c/link");
  std::filesystem::create_symlink(directory_ + "/elsewhere", directory_ + "/c/2025");
  ASSERT_EQ(::mkfifo((directory_ + "/c/pipe").c_str(), 0600), 0);
  Gathered gathered;
  gather_ceremonies(directory_ + "/c", gathered);
  ASSERT_EQ(gathered.files.size(), 1U);
  EXPECT_EQ(gathered.files[0].first, "ceremonies/2026/transcript.txt");
  std::vector<std::string> why;
  for (const Missing& each : gathered.missing) {
    why.push_back(each.file + ": " + each.why);
    EXPECT_EQ(each.lack, Lack::failed);
  }
  EXPECT_EQ(why, (std::vector<std::string>{
                     "ceremonies: 2025 is a symbolic link, and is left out; so are 1 more",
                     "ceremonies: pipe is neither a file nor a directory, and is left out",
                     "ceremonies: .hidden has another name than up to 69 letters, digits, - _ . in "
                     "parts that begin with no dot, and is left out; so are 1 more",
                     "ceremonies.json: no directory with the transcript of a ceremony"}));
  Gathered none;
  gather_ceremonies(directory_ + "/nowhere", none);
  EXPECT_TRUE(none.files.empty());
  ASSERT_EQ(none.missing.size(), 1U);
}

/// What coffer-audit wouldn't read isn't signed either.
TEST_F(EvidenceFilesTest, WhatTheBundleHasNoRoomForIsToldAndNotRead) {
  write("c/a.iso", "");
  std::filesystem::resize_file(directory_ + "/c/a.iso", model::kMaxEvidenceBytes);
  write("c/b.txt", "small");
  Gathered gathered;
  gather_ceremonies(directory_ + "/c", gathered);
  ASSERT_EQ(gathered.files.size(), 1U);
  EXPECT_EQ(gathered.files[0].first, "ceremonies/b.txt");
  ASSERT_FALSE(gathered.missing.empty());
  EXPECT_EQ(gathered.missing[0].file, "ceremonies/a.iso");
  EXPECT_EQ(gathered.missing[0].why,
            "it has 268435456 bytes, and the bundle has room for 260046848 more");
}

TEST_F(EvidenceFilesTest, OfTooManyFilesTheLastAreToldAndThoseOfUsHaveRoom) {
  Gathered gathered;
  for (std::size_t i = 0; i < model::kMaxEvidenceFiles; ++i) gathered.add(std::to_string(i), "x");
  EXPECT_EQ(gathered.files.size(), 696U);
  ASSERT_EQ(gathered.missing.size(), 4U);
  EXPECT_EQ(gathered.missing[0].file, "696");
  EXPECT_EQ(gathered.missing[0].why, "a bundle has room for 700 files");
  gathered.add_last("missing.json", "x");
  EXPECT_EQ(gathered.files.back().first, "missing.json");
}

TEST_F(EvidenceFilesTest, WhatCantBeReadIsToldAsMissing) {
  Gathered gathered;
  gather_config(directory_ + "/none.toml", gathered);
  EXPECT_TRUE(gathered.files.empty());
  ASSERT_EQ(gathered.missing.size(), 1U);
  EXPECT_EQ(gathered.missing[0].file, "state/coffer.toml");
}

TEST_F(EvidenceFilesTest, APipeInAFilesPlaceIsToldAsMissingAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo((directory_ + "/coffer.toml").c_str(), 0600), 0);
  std::filesystem::create_directory(directory_ + "/log");
  for (const char* name : {"/log/signers", "/log/audit-00000000000000000001.checkpoints"}) {
    ASSERT_EQ(::mkfifo((directory_ + name).c_str(), 0600), 0);
  }
  Gathered gathered;
  gather_config(directory_ + "/coffer.toml", gathered);
  gather_audit(directory_ + "/log", "", gathered);
  std::string told;
  for (const auto& one : gathered.missing) told += one.file + ": " + one.why + "\n";
  for (const char* file : {"state/coffer.toml", "audit/signers", "audit/checkpoints"}) {
    EXPECT_NE(told.find(std::string(file) + ": not a regular file"), std::string::npos) << told;
  }
}

TEST_F(EvidenceFilesTest, AConfigurationThatIsntTomlIsMissing) {
  write("c.toml", "[token]\ninit_string = hidden\n");
  Gathered gathered;
  gather_config(directory_ + "/c.toml", gathered);
  EXPECT_TRUE(gathered.files.empty());
  ASSERT_EQ(gathered.missing.size(), 1U);
  EXPECT_EQ(gathered.missing[0].why, "isn't TOML from line 2 on");
}

TEST_F(EvidenceFilesTest, KeysThatWereLeftOutAreTold) {
  write("c.toml", "[log]\nlevel = \"info\"\nhidden = 1\n");
  Gathered gathered;
  gather_config(directory_ + "/c.toml", gathered);
  ASSERT_EQ(gathered.files.size(), 1U);
  EXPECT_EQ(gathered.files[0].second, "[log]\nlevel = \"info\"\n");
  ASSERT_EQ(gathered.missing.size(), 1U);
  EXPECT_EQ(gathered.missing[0].file, "state/coffer.toml");
}

class EvidenceCommandTest : public CliFixture {};

/// As one file in a bundle, which isn't compressed.
TEST_F(EvidenceCommandTest, RolesAndTokensAreOfTheMountsThereAre) {
  vault_.answer("GET /v1/sys/auth", 200,
                R"({"data":{"people/":{"type":"unix"},"unix/":{"type":"unix"},)"
                R"("ci/tokens/":{"type":"token"},"other/":{"type":"jwt"}}})");
  vault_.answer("LIST /v1/auth/people/role", 200, R"({"data":{"keys":["ops"]}})");
  vault_.answer("GET /v1/auth/people/role/ops", 200, R"({"data":{"mark":"role-of-people"}})");
  vault_.answer("LIST /v1/auth/unix/role", 200, R"({"data":{"keys":["ops"]}})");
  vault_.answer("GET /v1/auth/unix/role/ops", 200, R"({"data":{"mark":"role-of-unix"}})");
  vault_.answer("LIST /v1/auth/ci/tokens/accessors", 200, R"({"data":{"keys":["acc"]}})");
  vault_.answer("POST /v1/auth/ci/tokens/lookup-accessor", 200, R"({"data":{"mark":"of-ci"}})");
  vault_.answer("POST /v1/sys/evidence", 200, R"({"data":{"note":"signed\n"}})");
  const std::string path = vault_.directory() + "/b.tar";
  const Outcome done = run({"evidence", "-out=" + path});
  EXPECT_EQ(done.code, 0) << done.err;
  std::ifstream in(path, std::ios::binary);
  const std::string tar((std::istreambuf_iterator<char>(in)), {});
  for (const char* part : {"role-of-people", "role-of-unix", "\"people/ops\"", "\"ops\"", "of-ci",
                           "\"ci/tokens/acc\""}) {
    EXPECT_TRUE(contains(tar, part)) << part;
  }
  EXPECT_TRUE(
      contains(done.err, "Without access/token-roles.json: auth/ci/tokens/roles: there is none"))
      << done.err;
  const auto asked = all();
  EXPECT_TRUE(std::none_of(asked.begin(), asked.end(), [](const std::string& one) {
    return contains(one, "auth/token/") || contains(one, "auth/other");
  }));
}

TEST_F(EvidenceCommandTest, WhoMayNotReadTheMountsIsTakenToHaveTheUsualOnes) {
  vault_.answer("LIST /v1/auth/unix/role", 200, R"({"data":{"keys":["ops"]}})");
  vault_.answer("GET /v1/auth/unix/role/ops", 403, R"({"errors":["permission denied"]})");
  vault_.answer("POST /v1/sys/evidence", 200, R"({"data":{"note":"signed\n"}})");
  const std::string path = vault_.directory() + "/b.tar";
  const auto done = run({"evidence", "-out=" + path});
  EXPECT_EQ(done.code, 3);
  EXPECT_TRUE(contains(done.err, "Without access/unix-roles.json: ops: 403: permission denied"))
      << done.err;
  std::ifstream in(path, std::ios::binary);
  const std::string tar((std::istreambuf_iterator<char>(in)), {});
  EXPECT_TRUE(contains(tar, "\"ops\": \"403: permission denied\"")) << "a reason in its place";
}

TEST_F(EvidenceCommandTest, AnAnswerThatIsNotWholeLeavesADoubt) {
  vault_.answer("LIST /v1/sys/rotation", 200,
                R"({"data":{"keys":["secret/a"]},"warnings":["there may be more: 1 are listed"]})");
  vault_.answer("POST /v1/sys/evidence", 200, R"({"data":{"note":"signed\n"}})");
  const auto done = run({"evidence", "-out=" + vault_.directory() + "/b.tar"});
  EXPECT_EQ(done.code, 3);
  EXPECT_TRUE(contains(done.err, "Without rotation/secrets.json: there may be more")) << done.err;
}

/// An access review that leaves out what couldn't be read looks as good as a whole one.
TEST_F(EvidenceCommandTest, ReviewsWhoseMembersCouldNotBeHadLeaveADoubt) {
  vault_.answer("LIST /v1/sys/policies/acl", 200, R"({"data":{"keys":["a","b","gone"]}})");
  for (const char* name : {"a", "b"}) {
    vault_.answer("GET /v1/sys/policies/acl/" + std::string(name), 403,
                  R"({"errors":["permission denied"]})");
  }
  vault_.answer("LIST /v1/auth/token/accessors", 200, R"({"data":{"keys":["ended"]}})");
  vault_.answer("POST /v1/auth/token/lookup-accessor", 403, R"({"errors":["invalid accessor"]})");
  vault_.answer("POST /v1/sys/evidence", 200, R"({"data":{"note":"signed\n"}})");
  const auto done = run({"evidence", "-out=" + vault_.directory() + "/b.tar"});
  EXPECT_EQ(done.code, 3);
  EXPECT_TRUE(
      contains(done.err, "Without access/policies.json: a: 403: permission denied; and 1 more"))
      << done.err;
  EXPECT_FALSE(contains(done.err, "access/tokens.json"))
      << "one that ended meanwhile: " << done.err;
}

TEST(SiblingProgram, OneThatIsntBesideUsIsNotRun) {
  EXPECT_EQ(capture_program("sh", {"-c", "true"}).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace coffer::cli
