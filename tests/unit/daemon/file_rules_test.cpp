// Each rule, with real files of all modes. Other owners take root: tests/e2e/test_config.py.
#include "src/daemon/file_rules.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "src/daemon/config_file.h"
#include "src/daemon/files.h"

namespace coffer::daemon {
namespace {

namespace fs = std::filesystem;

class FileRules : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/coffer-rules-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string file(const std::string& name, mode_t mode, const std::string& text = "x") const {
    const std::string path = root_ + "/" + name;
    std::ofstream(path) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string directory(const std::string& name, mode_t mode) const {
    const std::string path = root_ + "/" + name;
    EXPECT_EQ(mkdir(path.c_str(), 0700), 0);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string link(const std::string& name, const std::string& target) const {
    const std::string path = root_ + "/" + name;
    fs::create_symlink(target, path);
    return path;
  }

  std::string root_;
};

void refuses(const Result<void>& checked, const std::string& named) {
  ASSERT_FALSE(checked.ok()) << named;
  EXPECT_NE(checked.error().text.find(named), std::string::npos) << checked.error().text;
}

TEST_F(FileRules, APrivateDirectoryIsOursAlone) {
  EXPECT_TRUE(check_private_directory(directory("good", 0700)).ok());
  for (const mode_t mode : {0750U, 0701U, 0720U, 0777U}) {
    const std::string path = directory("d" + std::to_string(mode), mode);
    refuses(check_private_directory(path), path);
  }
  refuses(check_private_directory(root_ + "/absent"), "isn't there");
  refuses(check_private_directory(file("file", 0700)), "must be a directory");
  refuses(check_private_directory(link("link", root_ + "/good")), "must be a directory");
}

TEST_F(FileRules, APrivateFileIsOursAloneOrAbsent) {
  EXPECT_TRUE(check_private_file(root_ + "/absent").ok());
  EXPECT_TRUE(check_private_file(file("a", 0600)).ok());
  EXPECT_TRUE(check_private_file(file("b", 0400)).ok());
  for (const mode_t mode : {0640U, 0604U, 0666U, 0620U, 0601U}) {
    const std::string path = file("f" + std::to_string(mode), mode);
    refuses(check_private_file(path), path);
  }
  refuses(check_private_file(link("link", root_ + "/a")), "regular");
  refuses(check_private_file(link("nowhere", root_ + "/absent")), "regular");
  fs::create_hard_link(root_ + "/a", root_ + "/second");
  refuses(check_private_file(root_ + "/a"), "one name only");
  refuses(check_private_file(directory("d", 0700)), "regular");
}

TEST_F(FileRules, ASecretFileMustBeThere) {
  refuses(check_secret_file(root_ + "/absent"), "isn't there");
  EXPECT_TRUE(check_secret_file(file("a", 0400)).ok());
  refuses(check_secret_file(file("b", 0440)), "must not be open");
}

TEST_F(FileRules, SegmentsOfTheAuditLogMayBeReadByTheirGroup) {
  EXPECT_TRUE(check_audit_directory(root_ + "/absent").ok());
  const std::string path = directory("audit", 0700);
  file("audit/audit-1.jsonl", 0640);
  file("audit/other", 0666);
  EXPECT_TRUE(check_audit_directory(path).ok()) << "other files don't matter";
  file("audit/audit-2.jsonl", 0660);
  refuses(check_audit_directory(path), "audit-2.jsonl");
}

TEST_F(FileRules, ATrustedFileCanBeWrittenByNoOne) {
  EXPECT_TRUE(check_trusted_file(file("a", 0644)).ok());
  EXPECT_TRUE(check_trusted_file(file("b", 0600)).ok());
  refuses(check_trusted_file(file("c", 0664)), "can be written");
  refuses(check_trusted_file(file("d", 0646)), "can be written");
  refuses(check_trusted_file(link("link", root_ + "/a")), "no link");
  refuses(check_trusted_file(root_ + "/absent"), "isn't there");
  EXPECT_TRUE(check_trusted_file_if_there(root_ + "/absent").ok());
}

TEST_F(FileRules, NorCanAnyDirectoryAboveIt) {
  const std::string open = directory("open", 0777);
  ASSERT_EQ(mkdir((open + "/inner").c_str(), 0700), 0);
  file("open/inner/a", 0600);
  refuses(check_trusted_file(open + "/inner/a"), open);
  ASSERT_EQ(chmod(open.c_str(), 01777), 0);
  EXPECT_TRUE(check_trusted_file(open + "/inner/a").ok()) << "as in /tmp";
  file("open/a", 0600);
  refuses(check_trusted_file(open + "/a"), open);
}

TEST_F(FileRules, ASocketGroupMustExist) {
  refuses(check_group_of_ours("no-such-group-here"), "is no group");
  EXPECT_TRUE(check_group_of_ours("root").ok() || geteuid() != 0);
}

TEST_F(FileRules, ACredentialIsReadWholeAndOnlyIfPrivate) {
  const auto pin = read_credential_file(file("pin", 0440, "1234\n"));
  ASSERT_TRUE(pin.ok()) << "an access list shows as rights of the group";
  EXPECT_EQ(as_text(pin->expose(Reveal{"test"})), "1234");
  EXPECT_FALSE(read_credential_file(file("open", 0444)).ok());
  EXPECT_FALSE(read_credential_file(file("written", 0460)).ok());
  EXPECT_FALSE(read_credential_file(link("link", root_ + "/pin")).ok());
  EXPECT_FALSE(read_secret_file(root_ + "/pin").ok()) << "a file of ours has no such list";
}

TEST_F(FileRules, APipeInPlaceOfAPinDoesNotHoldTheStart) {
  const std::string path = root_ + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const auto read = read_secret_file(path);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().text.find("not a regular file"), std::string::npos);
}

class Machine : public FileRules {
 protected:
  void SetUp() override {
    FileRules::SetUp();
    config_.vault.directory = directory("vault", 0700);
    config_.token.module = file("module.so", 0755);
    config_.token.uri = "pkcs11:token=t";
    config_.token.pin_from = PinFrom::file;
    config_.token.pin_file = file("pin", 0400);
    config_.listeners = {{.path = root_ + "/socket"}};
  }
  /// The one thing that is wrong.
  std::string problem() const {
    const auto all = check_machine(config_);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? "" : all.front();
  }

  Config config_;
};

TEST_F(Machine, IsGoodWhenEverythingIs) { EXPECT_TRUE(check_machine(config_).empty()); }

TEST_F(Machine, NamesTheKeyOfWhatIsWrong) {
  file("vault/store.db-wal", 0644);
  EXPECT_TRUE(problem().starts_with("vault.store: "));
  fs::remove(root_ + "/vault/store.db-wal");
  file("vault/signer.pem", 0666);
  EXPECT_TRUE(problem().starts_with("vault.signer: "));
  fs::remove(root_ + "/vault/signer.pem");
  directory("vault/audit", 0755);
  EXPECT_TRUE(problem().starts_with("vault.audit: "));
  fs::remove(root_ + "/vault/audit");
  config_.token.module = file("open.so", 0777);
  EXPECT_TRUE(problem().starts_with("token.module: "));
  config_.token.module = root_ + "/module.so";
  config_.token.pin_file = root_ + "/absent";
  EXPECT_TRUE(problem().starts_with("token.pin_file: "));
  config_.token.pin_file = root_ + "/pin";
  config_.token.softhsm2_conf = file("softhsm2.conf", 0666);
  EXPECT_TRUE(problem().starts_with("token.softhsm2_conf: "));
  config_.token.softhsm2_conf.clear();
  config_.token.sync_directory = root_ + "/absent";
  EXPECT_TRUE(problem().starts_with("token.sync_directory: "));
  config_.token.sync_directory.clear();
  config_.listeners[0].group = "no-such-group-here";
  EXPECT_TRUE(problem().starts_with("listener[0].group: "));
  config_.listeners[0].group.clear();
  config_.listeners.push_back({.path = directory("open", 0777) + "/socket"});
  EXPECT_TRUE(problem().starts_with("listener[1].path: "));
}

TEST_F(Machine, NamesAllThatIsWrongAtOnce) {
  config_.token.pin_file = root_ + "/absent";
  config_.vault.directory = root_ + "/nowhere";
  config_.listeners[0].path = root_ + "/nowhere/socket";
  EXPECT_EQ(check_machine(config_).size(), 4U) << "directory, store, PIN, socket";
}

TEST_F(Machine, WhatAFileHoldsIsLookedAtOnDemand) {
  EXPECT_TRUE(check_contents(config_).empty()) << "the first start makes signer.pem";
  const std::string head = "-----BEGIN PUBLIC KEY-----\n";
  const std::string tail = "\n-----END PUBLIC KEY-----\n";
  constexpr const char* kP256 =
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyAWeEF5x0WKEuFauqkcNq4rIKOJA"
      "wJ+D377DnwZBTZJnY6DhL5YjTHR53DpeGZAvHN1C/sP6RMgUkzePAHWV4Q==";
  file("vault/signer.pem", 0644, head + kP256 + tail);
  EXPECT_TRUE(check_contents(config_).empty());
  for (const std::string& junk :
       {std::string(), std::string("31415926"),
        // Ed25519: no token of a vault has one.
        head + "MCowBQYDK2VwAyEATooocP+aGw0AQGJf9BV67doWdE64wQWdyThhNAfMCvA=" + tail}) {
    file("vault/signer.pem", 0644, junk);
    const auto all = check_contents(config_);
    ASSERT_EQ(all.size(), 1U) << junk;
    EXPECT_TRUE(all[0].starts_with("vault.signer: " + root_ + "/vault/signer.pem ")) << all[0];
    EXPECT_EQ(all[0].find("31415926"), std::string::npos);
  }
  fs::remove(root_ + "/vault/signer.pem");
  for (const char* none : {"", "\n"}) {
    fs::remove(root_ + "/pin");
    file("pin", 0400, none);
    const auto all = check_contents(config_);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0], "token.pin_file: " + root_ + "/pin holds no PIN");
  }
  config_.token.pin_from = PinFrom::operator_entry;
  EXPECT_TRUE(check_contents(config_).empty());
}

TEST_F(Machine, AFileThatOthersCanWriteIsNoConfiguration) {
  const std::string text =
      "[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=t\"\n[[listener]]\npath = \"/s\"\n";
  EXPECT_TRUE(load_config(file("good.toml", 0640, text)).problems.empty());
  for (const mode_t mode : {0660U, 0646U, 0666U}) {
    const auto loaded = load_config(file("bad" + std::to_string(mode), mode, text));
    ASSERT_EQ(loaded.problems.size(), 1U) << mode;
    EXPECT_NE(loaded.problems[0].find("can be written"), std::string::npos);
  }
  EXPECT_EQ(load_config(link("link.toml", root_ + "/good.toml")).problems.size(), 1U);
  EXPECT_EQ(load_config(root_ + "/absent").problems.size(), 1U);
  EXPECT_EQ(load_config(file("big.toml", 0600, std::string(70000, '#'))).problems.size(), 1U);
}

TEST(ReadFile, WhatIsNoRegularFileIsRefusedAndNotWaitedFor) {
  std::string directory = "/tmp/coffer-files-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string pipe = directory + "/signer.pem";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, directory, std::string("/dev/zero")}) {
    const auto read = read_file(path);
    ASSERT_FALSE(read.ok()) << path;
    EXPECT_EQ(read.error().text, "not a regular file: " + path);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace coffer::daemon
