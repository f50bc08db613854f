// What the probe finds on a TPM: docs/tokens.md says the same.
#include "fakes/makes.h"
#include "tests/contract/probe_kit.h"

namespace coffer::pkcs11 {
namespace {

TEST(Probe, ATpm) {
  const auto made = fakes::SoftwareTpm::create();
  ASSERT_TRUE(made.ok());
  const ProbeReport report = probe((*made)->config(), (*made)->pin());
  EXPECT_EQ(report.by_make, "tpm2-pkcs11");
  EXPECT_EQ(report.fits, "tpm2-pkcs11");
  EXPECT_EQ(verdict(report, "aes-gcm"), "cannot");
  EXPECT_EQ(verdict(report, "rsa-oaep-sha256"), "works");
  EXPECT_EQ(verdict(report, "ecdsa-p256"), "works");
  EXPECT_EQ(verdict(report, "a sensitive value can't be read"), "cannot") << "no session objects";
  EXPECT_EQ(verdict(report, "an empty IV is refused"), "") << "there is no AES-GCM";
}

}  // namespace
}  // namespace coffer::pkcs11
