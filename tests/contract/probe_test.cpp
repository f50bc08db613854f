// What the probe finds on each make: what it says is what docs/tokens.md says.
#include <gtest/gtest.h>

#include <filesystem>

#include "fakes/makes.h"
#include "fakes/softhsm.h"
#include "probe_kit.h"

namespace coffer::pkcs11 {
namespace {

TEST(Probe, SoftHsm) {
  const auto made = fakes::SoftHsmDirectory::create();
  ASSERT_TRUE(made.ok());
  const ProbeReport report = probe((*made)->config(), (*made)->pin());
  EXPECT_EQ(report.by_make, "softhsm");
  EXPECT_EQ(report.fits, "softhsm");
  EXPECT_EQ(report.token.label, "coffer test");
  EXPECT_EQ(verdict(report, "aes-gcm"), "works");
  EXPECT_EQ(verdict(report, "rsa-oaep-sha256"), "cannot");
  EXPECT_EQ(verdict(report, "rsa-oaep-sha1"), "works");
  EXPECT_EQ(verdict(report, "ecdsa-p256"), "works");
  EXPECT_EQ(verdict(report, "rsa-pss"), "works");
  EXPECT_EQ(verdict(report, "a sensitive value can't be read"), "works");
  EXPECT_EQ(verdict(report, "a key can't be copied as extractable"), "works");
  EXPECT_EQ(verdict(report, "an unmodifiable key can't be changed"), "works");
  EXPECT_EQ(verdict(report, "an empty IV is refused"), "ignored");
  EXPECT_EQ(verdict(report, "an 8-bit tag is refused"), "ignored");
}

TEST(Probe, Nss) {
  const auto made = fakes::NssDatabase::create();
  ASSERT_TRUE(made.ok());
  TokenConfig config = (*made)->config();
  config.accept_insecure_token = false;
  const ProbeReport report = probe(config, (*made)->pin());
  EXPECT_EQ(report.by_make, "nss");
  EXPECT_EQ(report.fits, "nss");
  EXPECT_EQ(verdict(report, "aes-gcm"), "works");
  EXPECT_EQ(verdict(report, "rsa-oaep-sha256"), "works");
  EXPECT_EQ(verdict(report, "a key can't be copied as extractable"), "ignored");
}

TEST(Probe, LeavesNoKeyBehind) {
  const auto made = fakes::SoftHsmDirectory::create();
  ASSERT_TRUE(made.ok());
  probe((*made)->config(), (*made)->pin());
  const auto again = probe_token((*made)->config(), (*made)->pin());
  ASSERT_TRUE(again.ok());
  std::size_t objects = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator((*made)->tokens_path())) {
    const std::string name = each.path().filename().string();
    if (name.ends_with(".object") && name != "token.object") ++objects;
  }
  EXPECT_EQ(objects, 0U);
}

TEST(Probe, AWrongPinIsThat) {
  const auto made = fakes::SoftHsmDirectory::create();
  ASSERT_TRUE(made.ok());
  const auto refused = probe_token((*made)->config(), (*made)->so_pin());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
}

}  // namespace
}  // namespace coffer::pkcs11
