// operator backup: what it asks for, what it writes, and what it refuses to take for a backup.
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "cli_fixture.h"
#include "coffer/crypto/signer.h"
#include "tests/unit/backup/backup_kit.h"

namespace coffer::cli {
namespace {

class BackupCommands : public CliFixture {
 protected:
  static constexpr const char* kName = "20261127t030405z-1f2e.cfbk";

  BackupCommands() : whole_(backup::write_backup(backup::some_rows())) {
    vault_.answer("PUT /v1/sys/backup", 200,
                  R"({"data":{"name":")" + std::string(kName) + R"(","state":"running"}})");
    vault_.answer("DELETE /v1/sys/backup/" + std::string(kName), 204, "");
    done();
    serve(whole_);
  }
  void done(const std::string& digest = {}) {
    const auto verified = backup::check(whole_);
    vault_.answer("GET /v1/sys/backup", 200,
                  R"({"data":{"state":"done","directory":"/var/lib/coffer/backups","name":")" +
                      std::string(kName) + R"(","digest":")" +
                      (digest.empty() ? to_hex(verified->summary.digest) : digest) + "\"}}");
  }
  /// In two parts and an empty one.
  void serve(const Bytes& file) {
    const std::size_t half = file.size() / 2;
    part(0, ByteView(file).first(half));
    part(half, ByteView(file).subspan(half));
    part(file.size(), {});
  }
  void part(std::size_t offset, ByteView bytes) {
    vault_.answer("GET /v1/sys/backup/" + std::string(kName) + "?offset=" + std::to_string(offset),
                  200, R"({"data":{"chunk":")" + to_base64(bytes) + "\"}}");
  }
  [[nodiscard]] std::string path() const { return vault_.directory() + "/copy.cfbk"; }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::string signer_file(std::uint8_t number) const {
    const std::string file = vault_.directory() + "/signer" + std::to_string(number);
    std::ofstream(file) << crypto::pem_from_spki(backup::TestSigner(number).public_key());
    return "-signer=" + file;
  }

  Bytes whole_;
};

TEST_F(BackupCommands, CopiesChecksAndHasTheDaemonsCopyRemoved) {
  const Outcome result = run({"operator", "backup", path()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(content(path()), as_text(whole_));
  struct stat about {};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
  EXPECT_EQ(last(), "DELETE /v1/sys/backup/" + std::string(kName));
  EXPECT_TRUE(contains(result.out, "rows            4\n")) << result.out;
  EXPECT_TRUE(contains(result.out, path()));
}

TEST_F(BackupCommands, KeepsTheDaemonsCopyWhereItIsAsked) {
  EXPECT_EQ(run({"operator", "backup", "-keep", path()}).code, 0);
  EXPECT_TRUE(contains(last(), "?offset="));
}

TEST_F(BackupCommands, WithoutAFileItStaysWithTheDaemon) {
  const Outcome result = run({"operator", "backup"});
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(contains(result.out, "/var/lib/coffer/backups/" + std::string(kName)));
  EXPECT_EQ(last(), "GET /v1/sys/backup");
  EXPECT_EQ(run({"operator", "backup", "-field=name"}).out, kName);
}

TEST_F(BackupCommands, AFileThatIsThereIsKeptAndNothingIsAsked) {
  std::ofstream(path()) << "mine";
  const Outcome result = run({"operator", "backup", path()});
  EXPECT_EQ(result.code, 1);
  EXPECT_TRUE(contains(result.err, "File exists"));
  EXPECT_EQ(content(path()), "mine");
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(BackupCommands, WhatIsNotWholeIsNotLeft) {
  Bytes altered = whole_;
  altered[whole_.size() / 3] ^= 1;
  serve(altered);
  EXPECT_EQ(run({"operator", "backup", path()}).code, 2);
  EXPECT_TRUE(content(path()).empty());
  serve(Bytes(whole_.begin(), whole_.end() - 10));
  EXPECT_EQ(run({"operator", "backup", path()}).code, 2);
  serve(whole_);
  done(std::string(64, '0'));
  const Outcome other = run({"operator", "backup", path()});
  EXPECT_EQ(other.code, 2) << "whole, but not what the daemon made";
  EXPECT_NE(::access(path().c_str(), F_OK), 0);
  EXPECT_FALSE(contains(last(), "DELETE")) << "the daemon's copy stays";
}

TEST_F(BackupCommands, TellsWhyTheDaemonMadeNone) {
  vault_.answer(
      "GET /v1/sys/backup", 200,
      R"({"data":{"state":"failed","error":"disk full","name":")" + std::string(kName) + "\"}}");
  const Outcome failed = run({"operator", "backup", path()});
  EXPECT_EQ(failed.code, 2);
  EXPECT_TRUE(contains(failed.err, "disk full"));
  vault_.answer("PUT /v1/sys/backup", 403, R"({"errors":["permission denied"]})");
  EXPECT_EQ(run({"operator", "backup", path()}).code, 2);
  EXPECT_NE(::access(path().c_str(), F_OK), 0);
}

TEST_F(BackupCommands, VerifiesWithoutTheDaemon) {
  std::ofstream(path(), std::ios::binary) << as_text(whole_);
  const Outcome good = run({"operator", "backup", "verify", signer_file(3), path()});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_TRUE(contains(good.out, "sequence        7\n")) << good.out;
  EXPECT_EQ(run({"operator", "backup", "verify", "-field=rows", signer_file(3), path()}).out, "4");
  const Outcome other = run({"operator", "backup", "verify", signer_file(4), path()});
  EXPECT_EQ(other.code, 2);
  EXPECT_TRUE(contains(other.err, "another key"));
  const Outcome unpinned = run({"operator", "backup", "verify", path()});
  EXPECT_EQ(unpinned.code, 0);
  EXPECT_TRUE(contains(unpinned.err, "Warning: Without -signer"));
  std::ofstream(path(), std::ios::binary | std::ios::app) << "x";
  EXPECT_EQ(run({"operator", "backup", "verify", signer_file(3), path()}).code, 2);
  EXPECT_EQ(run({"operator", "backup", "verify", "-signer=" + path(), path()}).code, 1);
  EXPECT_EQ(run({"operator", "backup", "verify", path() + "none"}).code, 1);
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(BackupCommands, ReleasesWhatWaits) {
  vault_.answer("PUT /v1/sys/restore/release", 204, "");
  EXPECT_EQ(run({"operator", "backup", "release"}).code, 0);
  EXPECT_EQ(last(), "PUT /v1/sys/restore/release");
}

}  // namespace
}  // namespace coffer::cli
