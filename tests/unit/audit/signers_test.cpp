// The file `signers`: which keys signed the log, and since which line.
#include <gtest/gtest.h>

#include "coffer/audit/known.h"
#include "fakes/rsa_signer.h"
#include "fakes/soft_signer.h"

namespace coffer::audit::test {
namespace {

TEST(Signers, AreReadAsTheyAreWrittenAndNotOtherwise) {
  const fakes::SoftSigner one(1);
  const auto rsa = fakes::make_rsa_signer();
  const std::string a = to_text(*note_key("log", one.public_key()));
  const std::string b = to_text(*note_key("log", rsa->public_key()));
  const auto periods = parse_signers(a + " since=1\n" + b + " since=20\n" + a + " since=20\n");
  ASSERT_TRUE(periods.ok()) << describe(periods.error());
  ASSERT_EQ(periods->size(), 3U);
  EXPECT_EQ((*periods)[0].until, 20U);
  EXPECT_EQ((*periods)[1].until, 20U);
  EXPECT_TRUE(check_period(*periods, *note_key("log", one.public_key()), 500).ok());
  EXPECT_FALSE(check_period(*periods, *note_key("log", rsa->public_key()), 21).ok());
  EXPECT_FALSE(check_period(*periods, *note_key("log", rsa->public_key()), 19).ok());
  EXPECT_TRUE(check_period(*periods, *note_key("log", rsa->public_key()), 20).ok());
  for (const std::string& wrong : std::vector<std::string>{
           a, a + " since=", a + " since=01", a + " since=-1", a + " since=1 ", " since=1",
           a + " since=2\n" + b + " since=1", a + " since=1\n\n" + b + " since=2",
           a + " since=99999999999999999999"}) {
    EXPECT_FALSE(parse_signers(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace coffer::audit::test
