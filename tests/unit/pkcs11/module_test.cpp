#include "pkcs11/src/module.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "coffer/pkcs11/module_file.h"
#include "fakes/softhsm.h"

namespace coffer::pkcs11 {
namespace {

class ModuleFile : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    file_ = directory_ + "/module.so";
    write(file_);
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  static void write(const std::string& path) {
    std::ofstream(path) << "not a module";
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  }
  static void expect_refused(const std::string& path, ErrorCode code, std::string_view why) {
    const auto checked = check_module_file(path);
    ASSERT_FALSE(checked.ok()) << path;
    EXPECT_EQ(checked.error().code, code) << describe(checked.error());
    EXPECT_NE(checked.error().text.find(why), std::string::npos) << checked.error().text;
    // What may not be loaded isn't loaded either.
    const auto loaded = Module::load(path);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, code);
  }

  std::string directory_ = "/tmp/coffer-module-XXXXXX";
  std::string file_;
};

TEST_F(ModuleFile, AFileOfOursInADirectoryOfOursMayBeLoaded) {
  const auto checked = check_module_file(file_);
  ASSERT_TRUE(checked.ok()) << describe(checked.error());
  EXPECT_EQ(*checked, file_);
}

TEST_F(ModuleFile, RelativeAndEmptyPathsAreRefused) {
  expect_refused("module.so", ErrorCode::invalid_argument, "absolute");
  expect_refused("", ErrorCode::invalid_argument, "absolute");
  expect_refused("./module.so", ErrorCode::invalid_argument, "absolute");
}

TEST_F(ModuleFile, AMissingFileIsNotFoundAndNamed) {
  expect_refused(directory_ + "/other.so", ErrorCode::not_found, "other.so");
}

TEST_F(ModuleFile, OnlyRegularFilesAreLoaded) {
  expect_refused(directory_, ErrorCode::invalid_argument, "regular file");
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_refused(pipe, ErrorCode::invalid_argument, "regular file");
}

TEST_F(ModuleFile, AFileThatOthersMayWriteIsRefused) {
  ASSERT_EQ(::chmod(file_.c_str(), 0664), 0);
  expect_refused(file_, ErrorCode::permission_denied, "written");
  ASSERT_EQ(::chmod(file_.c_str(), 0646), 0);
  expect_refused(file_, ErrorCode::permission_denied, "written");
}

TEST_F(ModuleFile, ADirectoryThatOthersMayWriteIsRefusedEvenIfSticky) {
  ASSERT_EQ(::chmod(directory_.c_str(), 0777), 0);
  expect_refused(file_, ErrorCode::permission_denied, directory_);
  ASSERT_EQ(::chmod(directory_.c_str(), 01777), 0);
  expect_refused(file_, ErrorCode::permission_denied, directory_);
}

TEST_F(ModuleFile, AWritableDirectoryFurtherUpIsRefusedUnlessSticky) {
  const std::string inner = directory_ + "/inner";
  ASSERT_EQ(::mkdir(inner.c_str(), 0700), 0);
  write(inner + "/module.so");
  ASSERT_EQ(::chmod(directory_.c_str(), 0777), 0);
  expect_refused(inner + "/module.so", ErrorCode::permission_denied, directory_);
  ASSERT_EQ(::chmod(directory_.c_str(), 01777), 0);
  EXPECT_TRUE(check_module_file(inner + "/module.so").ok());
}

TEST_F(ModuleFile, ASymbolicLinkIsJudgedByWhatItPointsTo) {
  const std::string link = directory_ + "/link.so";
  ASSERT_EQ(::symlink("module.so", link.c_str()), 0);
  const auto checked = check_module_file(link);
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(*checked, file_) << "the target is what gets loaded";
  ASSERT_EQ(::chmod(file_.c_str(), 0666), 0);
  expect_refused(link, ErrorCode::permission_denied, "module.so");
}

TEST(WhyUntrusted, OwnerAndWriteBits) {
  EXPECT_TRUE(why_untrusted(0100644, 0, 1000).empty());
  EXPECT_TRUE(why_untrusted(0100755, 1000, 1000).empty());
  EXPECT_FALSE(why_untrusted(0100644, 1001, 1000).empty());
  EXPECT_FALSE(why_untrusted(0100644, 1000, 0).empty()) << "root doesn't trust a user's file";
  EXPECT_FALSE(why_untrusted(0100664, 0, 0).empty());
  EXPECT_FALSE(why_untrusted(0100606, 0, 0).empty());
}

TEST_F(ModuleFile, WhatIsNoModuleIsRefused) {
  const auto text = Module::load(file_);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(text.error().text.find(file_), std::string::npos);
  // Refusing gives the claim on the path back.
  EXPECT_EQ(Module::load(file_).error().code, ErrorCode::invalid_argument);
}

TEST(ModuleLoading, ALibraryWithoutPkcs11IsRefused) {
  const auto loaded = Module::load("/lib/x86_64-linux-gnu/libz.so.1");
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(loaded.error().cause.find("C_GetFunctionList"), std::string::npos);
}

TEST(ModuleLoading, OneModuleIsLoadedOnceAtATime) {
  auto first = Module::load(fakes::kSoftHsmModule);
  ASSERT_TRUE(first.ok()) << describe(first.error());
  // By another name of the same file, too.
  for (const char* path :
       {fakes::kSoftHsmModule, "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"}) {
    const auto second = Module::load(path);
    ASSERT_FALSE(second.ok()) << path;
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
  }
  first->reset();
  EXPECT_TRUE(Module::load(fakes::kSoftHsmModule).ok());
}

TEST(ModuleLoading, UsableBetweenInitialiseAndFinaliseOnly) {
  auto directory = fakes::SoftHsmDirectory::create_empty();
  ASSERT_TRUE(directory.ok());
  auto module = Module::load(fakes::kSoftHsmModule);
  ASSERT_TRUE(module.ok());
  EXPECT_FALSE((*module)->usable());
  ASSERT_TRUE((*module)->initialise().ok());
  EXPECT_TRUE((*module)->usable());
  const auto again = (*module)->initialise();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  (*module)->finalise();
  EXPECT_FALSE((*module)->usable());
  EXPECT_TRUE((*module)->initialise().ok()) << "and it can begin again";
}

}  // namespace
}  // namespace coffer::pkcs11
