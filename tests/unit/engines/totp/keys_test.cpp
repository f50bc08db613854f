// Keys: written, read, listed, deleted; what a seed is told, and what is refused.
#include "coffer/core/drill.h"
#include "src/engines/totp/key.h"
#include "src/engines/totp/otpauth.h"
#include "totp_kit.h"

namespace coffer::engines::totp {
namespace {

TEST_F(TotpTest, AKeyIsReadWithoutItsSeed) {
  put("k", R"(,"issuer":"Vault","account_name":"test@test.com","digits":8,"period":60,
              "algorithm":"SHA512")");
  const auto answer = call(Operation::read, "keys/k");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->data, R"({"account_name":"test@test.com","algorithm":"SHA512","digits":8,)"
                          R"("issuer":"Vault","period":60})");
}

TEST_F(TotpTest, AGeneratedKeyIsToldOnceAsAUrlThatMakesTheSameCodes) {
  const auto made = write("new", R"({"generate":true,"issuer":"Google","account_name":"a@b.c"})");
  EXPECT_TRUE(member(made, "barcode").starts_with("iVBORw0KGgo")) << "a PNG in base64";
  const std::string url = member(made, "url");
  EXPECT_EQ(url.substr(0, url.rfind('=') + 1),
            "otpauth://totp/Google:a@b.c?algorithm=SHA1&digits=6&issuer=Google&period=30&secret=");
  EXPECT_EQ(url.substr(url.rfind('=') + 1).size(), 32U) << "20 bytes";
  ASSERT_TRUE(write("same", R"({"url":")" + url + "\"}").ok());
  EXPECT_EQ(code("same"), code("new"));
  EXPECT_EQ(call(Operation::read, "keys/same")->data, call(Operation::read, "keys/new")->data);
}

TEST_F(TotpTest, AGeneratedKeyThatIsntExportedIsNotTold) {
  const auto made = write(
      "new", R"({"generate":true,"exported":false,"issuer":"I","account_name":"a","key_size":32})");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->outcome, model::Outcome::empty);
  EXPECT_TRUE(made->data.empty());
  EXPECT_EQ(code("new").size(), 6U);
}

TEST_F(TotpTest, ABarcodeIsAsLargeAsWasAsked) {
  const auto with = [&](const std::string& size) {
    return write("new",
                 R"({"generate":true,"issuer":"I","account_name":"a","qr_size":)" + size + "}");
  };
  EXPECT_EQ(member(with("0"), "barcode"), "absent");
  EXPECT_GT(member(with("1000"), "barcode").size(), member(with("100"), "barcode").size());
  refused(with("10"), "the qr_size value must be at least ");
}

TEST_F(TotpTest, AUrlSaysItAll) {
  ASSERT_TRUE(write("k", R"({"digits":6,"url":"otpauth://totp/My%20Co:bob?secret=)" +
                             std::string(kRfcKey) +
                             R"(&digits=8&period=60&algorithm=SHA256&image=x"})")
                  .ok());
  EXPECT_EQ(call(Operation::read, "keys/k")->data,
            R"({"account_name":"bob","algorithm":"SHA256","digits":8,"issuer":"My Co",)"
            R"("period":60})");
  ASSERT_TRUE(write("plain", R"({"url":"otpauth://totp/bob?issuer=A%2BB+C&secret=)" +
                                 std::string(kRfcKey) + "\"}")
                  .ok());
  EXPECT_EQ(member(call(Operation::read, "keys/plain"), "issuer"), "A+B C");
}

TEST_F(TotpTest, ListsAndDeletesKeys) {
  EXPECT_EQ(call(Operation::list, "keys/").error().code, ErrorCode::not_found);
  put("b");
  put("a@home.net");
  EXPECT_EQ(call(Operation::list, "keys/")->data, R"({"keys":["a@home.net","b"]})");
  ASSERT_TRUE(call(Operation::remove, "keys/b").ok());
  ASSERT_TRUE(call(Operation::remove, "keys/b").ok()) << "whether it was there or not";
  EXPECT_EQ(call(Operation::read, "keys/b").error().code, ErrorCode::not_found);
  EXPECT_EQ(call(Operation::list, "keys/")->data, R"({"keys":["a@home.net"]})");
}

TEST_F(TotpTest, RefusesByNameWhatCannotBe) {
  const std::string key = R"("key":")" + std::string(kRfcKey) + "\"";
  const std::pair<std::string, const char*> kRows[] = {
      {"{}", "the key value is required"},
      {R"({"key":"1"})", "invalid key value"},
      {R"({"key":"GEZDGNBVGY3TQOJR8"})", "invalid key value"},
      {R"({"key":"====="})", "invalid key value"},
      {R"({"key":")" + std::string(208, 'A') + "\"}", "over 128 bytes"},
      {"{" + key + R"(,"digits":7})", "the digits value can only be 6 or 8"},
      {"{" + key + R"(,"algorithm":"MD5"})", "the algorithm value is not valid"},
      {"{" + key + R"(,"period":0})", "the period value must be greater than zero"},
      {"{" + key + R"(,"period":-30})", "period"},
      {"{" + key + R"(,"period":"25h"})", "period"},
      {"{" + key + R"(,"skew":2})", "the skew value must be 0 or 1"},
      {"{" + key + R"(,"skew":-1})", "the skew value must be 0 or 1"},
      {"{" + key + R"(,"qr_size":-1})", "the qr_size value must be"},
      {"{" + key + R"(,"key_size":0})", "the key_size value must be"},
      {"{" + key + R"(,"key_size":15})", "the key_size value must be"},
      {"{" + key + R"(,"issuer":"a:b"})", "issuer"},
      {"{" + key + R"(,"account_name":"a\nb"})", "account_name"},
      {"{" + key + R"(,"account_name":")" + std::string(257, 'a') + "\"}", "account_name"},
      {"{" + key + R"(,"generate":true})", "a key should not be passed if generate is true"},
      {R"({"generate":true,"url":"otpauth://totp/a"})", "a url should not be passed"},
      {R"({"generate":true,"issuer":"i"})", "the account_name value is required"},
      {R"({"generate":true,"account_name":"a"})", "the issuer value is required"},
      {R"({"url":"https://totp/a?secret=GE"})", "url"},
      {R"({"url":"otpauth://hotp/a?secret=GE"})", "url"},
      {R"({"url":"otpauth://totp/a?secret=GE&secret=GA"})", "twice"},
      {R"({"url":"otpauth://totp/%4?secret=GE"})", "url"},
      {R"({"url":"otpauth://totp/%4g?secret=GE"})", "url"},
      {R"({"url":"otpauth://totp/a?digits=six&secret=GE"})", "digits"},
      {R"({"url":"otpauth://totp/a?period=3x&secret=GE"})", "period"},
      {R"({"url":"otpauth://totp/a?period=3&digits=6"})", "the key value is required"},
      {R"({"url":"otpauth://totp/)" + std::string(5000, 'a') + "\"}", "url"},
  };
  for (const auto& [body, part] : kRows) refused(write("k", body), part);
  EXPECT_EQ(call(Operation::list, "keys/").error().code, ErrorCode::not_found) << "none was kept";
  for (const char* name : {"-a", "a-", "a b", "a%", ".a"}) {
    refused(write(name, "{" + key + "}"), "name");
  }
}

TEST_F(TotpTest, AnErrorNeverTellsTheSeed) {
  const std::string canary = "canary1canary1";  // "1" is no base32
  for (const std::string& body :
       {R"({"key":")" + canary + "\"}",
        R"({"url":"otpauth://totp/)" + canary + "%?secret=" + canary + "\"}",
        R"({"url":")" + canary + "\"}"}) {
    const auto answer = write("k", body);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().text.find(canary), std::string::npos);
    EXPECT_EQ(answer.error().cause.find(canary), std::string::npos);
  }
}

TEST_F(TotpTest, AMountThatIsGoneLeavesNothing) {
  const auto rows = [&] {
    std::size_t count = 0;
    TestVault::must(
        TestVault::must(vault.store->snapshot())->scan({}, [&](const auto&, const auto&) {
          ++count;
          return true;
        }));
    return count;
  };
  const auto unmount = [&] {
    ASSERT_TRUE(vault.call(Operation::remove, "sys/mounts/gone").ok());
    vault.sweep();
  };
  mount("gone");
  unmount();
  const std::size_t before = rows();
  mount("gone");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(vault
                    .call(Operation::update, "gone/keys/k" + std::to_string(i),
                          R"({"key":")" + std::string(kRfcKey) + "\"}")
                    .ok());
  }
  ASSERT_GE(rows(), before + 200);
  unmount();
  EXPECT_EQ(rows(), before);
}

TEST_F(TotpTest, EachKeyHasOneSecretThatADrillKnows) {
  put("k");
  put("k");
  const auto tx = vault.begin();
  const auto* entry = vault.mounts()->at("totp/");
  const auto row = TestVault::must(tx->read(key_row(entry->mount.uuid, "k")));
  const auto secrets =
      TestVault::must(entry->engine->secrets_in(key_row(entry->mount.uuid, "k"), row->value));
  ASSERT_EQ(secrets.size(), 1U);
  EXPECT_EQ(*tx->open_secret(secrets[0].row, secrets[0].context), "12345678901234567890");
  const auto none = entry->engine->secrets_in({{entry->mount.uuid, kSeedTable}, {}, "k"}, "");
  EXPECT_TRUE(none.ok() && none->empty());
}

TEST_F(TotpTest, ADrillOpensEverySeed) {
  put("a");
  put("b");
  ASSERT_TRUE(write("c", R"({"generate":true,"issuer":"I","account_name":"a"})").ok());
  const auto report = TestVault::must(core::open_everything(vault.open(), *vault.store, {}));
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.secrets, 3U);
}

TEST(OtpAuth, GoesThereAndBack) {
  const OtpAuth parts{.issuer = "Ä & Co/%",
                      .account_name = "a:b?c#d+e f",
                      .secret = "GE",
                      .period = "30",
                      .digits = "6",
                      .algorithm = "SHA1"};
  const auto back = parse_otpauth(to_url(parts));
  ASSERT_TRUE(back.ok()) << back.error().text;
  EXPECT_EQ(back->issuer, parts.issuer);
  EXPECT_EQ(back->account_name, parts.account_name);
  EXPECT_EQ(back->secret, "GE");
  EXPECT_EQ(back->period, "30");
}

}  // namespace
}  // namespace coffer::engines::totp
