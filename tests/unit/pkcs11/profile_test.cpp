// Which profile a token gets, and what a profile changes in how it is spoken to.
#include "coffer/pkcs11/profile.h"

#include <algorithm>
#include <set>
#include <thread>

#include "pkcs11/src/rules.h"
#include "shimmed_token.h"

namespace coffer::pkcs11 {
namespace {

TEST(Profiles, AreChosenByName) {
  std::set<std::string_view> names;
  for (const Profile& each : all_profiles()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name << " twice";
    EXPECT_FALSE(each.about.empty());
    EXPECT_TRUE(check_profile_name(each.name).ok());
    const auto chosen = choose_profile(each.name, {});
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(chosen->name, each.name);
  }
  EXPECT_FALSE(names.contains("auto"));
  EXPECT_TRUE(check_profile_name("auto").ok());
  for (const std::string_view name : {"", "softhsm9", "SOFTHSM", "auto "}) {
    EXPECT_EQ(code_of_result(choose_profile(name, {})), "invalid_argument") << name;
    const auto refused = check_profile_name(name);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().text.find("tpm2-pkcs11"), std::string::npos) << "lists what there is";
  }
}

std::string chosen(const std::string& library, const std::string& model) {
  const auto profile = choose_profile("auto", {library, model});
  return profile.ok() ? std::string(profile->name) : "none";
}

TEST(Profiles, AreChosenByTheMake) {
  EXPECT_EQ(chosen("SoftHSM Implementation of PKCS11", "SoftHSM v2"), "softhsm");
  EXPECT_EQ(chosen("Mozilla Foundation NSS Internal Crypto Services", "NSS 3"), "nss");
  EXPECT_EQ(chosen("IBM Meta PKCS11 LIBRARY", "IBM SoftTok"), "opencryptoki-sw");
  EXPECT_EQ(chosen("IBM Meta PKCS11 LIBRARY", "EP11"), "generic-gcm")
      << "hardware of the same library";
  EXPECT_EQ(chosen("tpm2-software.github.io TPM2.0 Cryptoki", "SW   TPM"), "tpm2-pkcs11");
  EXPECT_EQ(chosen("Somebody Something", "SoftHSM v2"), "generic-gcm");
  EXPECT_EQ(chosen("", ""), "generic-gcm");
}

TEST(Profiles, WhatAMakeLacksIsNeitherAskedForNorReadBack) {
  constexpr unsigned long kLacks[] = {CKA_MODIFIABLE};
  Profile profile;
  profile.lacks = kLacks;
  profile.allowed_mechanisms = false;
  for (const KeyKind kind : {KeyKind::kek_aes, KeyKind::kek_rsa, KeyKind::sign_rsa}) {
    const auto without = [&](CK_ATTRIBUTE_TYPE type) {
      const Rules rules = private_rules(kind, profile);
      return std::none_of(rules.begin(), rules.end(),
                          [&](const Rule& rule) { return rule.type == type; });
    };
    EXPECT_TRUE(without(CKA_MODIFIABLE));
    EXPECT_TRUE(without(CKA_ALLOWED_MECHANISMS));
    EXPECT_FALSE(without(CKA_EXTRACTABLE));
  }
}

using Encrypt = shim::Hook<&CK_FUNCTION_LIST::C_Encrypt>;
using EncryptInit = shim::Hook<&CK_FUNCTION_LIST::C_EncryptInit>;

class Habits : public ShimmedToken {};

TEST_F(Habits, ARefusedMakeNeverSeesThePin) {
  ASSERT_TRUE(directory_ != nullptr);
  const auto refused = connect(Module::adopt(shim::hooked()), *TokenUri::parse(config_.uri),
                               directory_->pin(), FewTries::refuse, nullptr, {.profile = "nss"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::precondition);
  EXPECT_NE(refused.error().text.find("CKA_EXTRACTABLE"), std::string::npos);
  EXPECT_NE(refused.error().text.find("nss"), std::string::npos);
  EXPECT_EQ(shim::calls("C_Login"), 0U);
  const auto accepted = connect(Module::adopt(shim::hooked()), *TokenUri::parse(config_.uri),
                                directory_->pin(), FewTries::refuse, nullptr,
                                {.profile = "nss", .init_string = {}, .accept_insecure = true});
  EXPECT_TRUE(accepted.ok()) << text_of_result(accepted);
}

TEST_F(Habits, AnUnknownProfileIsRefusedBeforeTheModuleIsLoaded) {
  config_.profile = "soft";
  config_.module_path = "/nonexistent/module.so";
  const auto refused = open_token(config_, directory_->pin());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().text.find("profile"), std::string::npos);
}

TEST_F(Habits, ATokenOfOneThreadHasOneThreadAtATime) {
  profile_.one_at_a_time = true;
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  static std::atomic<int> inside;
  static std::atomic<int> most;
  inside = 0;
  most = 0;
  shim::Hook<& CK_FUNCTION_LIST::C_Decrypt>::after = [](CK_RV&, CK_SESSION_HANDLE, CK_BYTE*,
                                                        CK_ULONG, CK_BYTE*, CK_ULONG*) {
    const int now = ++inside;
    if (now > most) most = now;
    std::this_thread::yield();
    --inside;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) EXPECT_EQ(code_of_result(unwrap()), "ok");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most.load(), 1);
}

}  // namespace
}  // namespace coffer::pkcs11
