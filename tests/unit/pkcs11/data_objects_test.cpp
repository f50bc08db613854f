// Data objects on a token that other programs use too, that fails, and that lies.
#include <algorithm>
#include <array>
#include <filesystem>

#include "shimmed_token.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::string_view kLabel = "coffer/vault/anchor/0";

class DataObjects : public ShimmedToken {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ShimmedToken::SetUp());
    ASSERT_NO_FATAL_FAILURE(open());
  }
  std::string read() {
    const auto value = token_->read_data(kLabel);
    if (!value.ok()) return std::string(to_string(value.error().code));
    return *value ? "=" + std::string(as_text(**value)) : "none";
  }
  Result<void> write(std::string_view value) { return token_->write_data(kLabel, as_bytes(value)); }
  void write_well(std::string_view value) {
    const auto written = write(value);
    ASSERT_TRUE(written.ok()) << describe(written.error());
  }

  /// Another program's session; it is logged in with the token.
  CK_SESSION_HANDLE other() {
    CK_SESSION_HANDLE session = 0;
    EXPECT_EQ(shim::real().C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                         nullptr, &session),
              CKR_OK);
    return session;
  }
  CK_OBJECT_HANDLE make_other(std::string_view application, std::string_view value,
                              bool is_private = true) {
    CK_OBJECT_CLASS data = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL hidden = is_private ? CK_TRUE : CK_FALSE;
    std::array<CK_ATTRIBUTE, 6> wanted{
        {{CKA_CLASS, &data, sizeof data},
         {CKA_TOKEN, &yes, sizeof yes},
         {CKA_PRIVATE, &hidden, sizeof hidden},
         {CKA_APPLICATION, in(as_bytes(application)), application.size()},
         {CKA_LABEL, in(as_bytes(kLabel)), kLabel.size()},
         {CKA_VALUE, in(as_bytes(value)), value.size()}}};
    CK_OBJECT_HANDLE made = 0;
    EXPECT_EQ(shim::real().C_CreateObject(other(), wanted.data(), wanted.size(), &made), CKR_OK);
    return made;
  }
  std::string value_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type = CKA_VALUE) {
    std::string value(4096, '\0');
    CK_ATTRIBUTE attribute{type, value.data(), value.size()};
    EXPECT_EQ(shim::real().C_GetAttributeValue(other(), object, &attribute, 1), CKR_OK);
    value.resize(attribute.ulValueLen);
    return value;
  }
  /// All data objects of the label, whoever's.
  std::vector<CK_OBJECT_HANDLE> all() {
    CK_OBJECT_CLASS data = CKO_DATA;
    std::array<CK_ATTRIBUTE, 2> wanted{
        {{CKA_CLASS, &data, sizeof data}, {CKA_LABEL, in(as_bytes(kLabel)), kLabel.size()}}};
    const CK_SESSION_HANDLE session = other();
    std::vector<CK_OBJECT_HANDLE> objects(16);
    CK_ULONG found = 0;
    EXPECT_EQ(shim::real().C_FindObjectsInit(session, wanted.data(), wanted.size()), CKR_OK);
    EXPECT_EQ(shim::real().C_FindObjects(session, objects.data(), objects.size(), &found), CKR_OK);
    EXPECT_EQ(shim::real().C_FindObjectsFinal(session), CKR_OK);
    objects.resize(found);
    return objects;
  }
  void destroy_all() {
    for (const CK_OBJECT_HANDLE object : all()) {
      EXPECT_EQ(shim::real().C_DestroyObject(other(), object), CKR_OK);
    }
  }
  /// As a token that can change a value, which SoftHSM can't.
  void let_values_change() {
    shim::Hook<& CK_FUNCTION_LIST::C_SetAttributeValue>::after =
        [this](CK_RV& rv, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* wanted,
               CK_ULONG) {
          ASSERT_EQ(rv, CKR_ATTRIBUTE_READ_ONLY);
          ASSERT_EQ(shim::real().C_DestroyObject(session, object), CKR_OK);
          make_other("coffer", {static_cast<const char*>(wanted->pValue), wanted->ulValueLen});
          rv = CKR_OK;
        };
  }
};

TEST_F(DataObjects, WhatIsMadeIsPrivateOnTheTokenAndOurs) {
  ASSERT_NO_FATAL_FAILURE(write_well("value"));
  const auto objects = all();
  ASSERT_EQ(objects.size(), 1U);
  for (const CK_ATTRIBUTE_TYPE type : {CKA_TOKEN, CKA_PRIVATE, CKA_MODIFIABLE}) {
    EXPECT_EQ(value_of(objects[0], type), std::string(1, '\1')) << type;
  }
  EXPECT_EQ(value_of(objects[0], CKA_APPLICATION), "coffer");
  EXPECT_EQ(value_of(objects[0]), "value");
}

TEST_F(DataObjects, AnotherApplicationsObjectOfTheLabelIsNeitherReadNorTouched) {
  const CK_OBJECT_HANDLE theirs = make_other("another", "theirs");
  EXPECT_EQ(read(), "none");
  ASSERT_NO_FATAL_FAILURE(write_well("ours"));
  ASSERT_NO_FATAL_FAILURE(write_well("ours again"));
  EXPECT_EQ(read(), "=ours again");
  EXPECT_EQ(value_of(theirs), "theirs");
  EXPECT_EQ(all().size(), 2U);
}

/// It takes no PIN to make one.
TEST_F(DataObjects, APublicObjectInOurNameIsNotOurs) {
  const CK_OBJECT_HANDLE forged = make_other("coffer", "forged", false);
  EXPECT_EQ(read(), "none");
  ASSERT_NO_FATAL_FAILURE(write_well("ours"));
  EXPECT_EQ(read(), "=ours");
  EXPECT_EQ(value_of(forged), "forged");
}

TEST_F(DataObjects, TwoOfOursAreAConflictAndNeitherIsTouched) {
  const CK_OBJECT_HANDLE one = make_other("coffer", "one");
  EXPECT_EQ(read(), "=one");
  const CK_OBJECT_HANDLE two = make_other("coffer", "two");
  EXPECT_EQ(read(), "conflict");
  EXPECT_EQ(code_of_result(write("three")), "conflict");
  EXPECT_EQ(value_of(one), "one");
  EXPECT_EQ(value_of(two), "two");
}

TEST_F(DataObjects, WhatIsLongerThanOursIsCorruptAndCanBeReplaced) {
  make_other("coffer", std::string(kMaxDataSize + 1, 'x'));
  EXPECT_EQ(read(), "corrupt");
  ASSERT_NO_FATAL_FAILURE(write_well("ours"));
  EXPECT_EQ(read(), "=ours");
}

TEST_F(DataObjects, NothingIsCached) {
  ASSERT_NO_FATAL_FAILURE(write_well("ours"));
  destroy_all();
  make_other("coffer", "theirs");
  EXPECT_EQ(read(), "=theirs");
}

TEST_F(DataObjects, AValueThatCanBeChangedIsChangedInPlace) {
  ASSERT_NO_FATAL_FAILURE(write_well("one"));
  let_values_change();
  const std::size_t made = shim::calls("C_CreateObject");
  for (const std::string_view value : {"a longer one", "2", "", "last"}) {
    ASSERT_NO_FATAL_FAILURE(write_well(value));
    EXPECT_EQ(read(), "=" + std::string(value));
  }
  EXPECT_EQ(shim::calls("C_DestroyObject"), 0U);
  EXPECT_EQ(shim::calls("C_CreateObject"), made);
}

TEST_F(DataObjects, AValueThatCantBeChangedIsMadeAnew) {
  for (const CK_RV rv :
       {CKR_ATTRIBUTE_READ_ONLY, CKR_ACTION_PROHIBITED, CKR_FUNCTION_NOT_SUPPORTED}) {
    ASSERT_NO_FATAL_FAILURE(write_well("one"));
    shim::fail_nth("C_SetAttributeValue", 1, rv);
    const std::size_t destroyed = shim::calls("C_DestroyObject");
    ASSERT_NO_FATAL_FAILURE(write_well("two"));
    EXPECT_EQ(shim::calls("C_DestroyObject"), destroyed + 1) << rv;
    EXPECT_EQ(read(), "=two");
    EXPECT_EQ(all().size(), 1U);
  }
}

TEST_F(DataObjects, AnyOtherFailureToChangeDestroysNothing) {
  ASSERT_NO_FATAL_FAILURE(write_well("one"));
  const std::size_t destroyed = shim::calls("C_DestroyObject");
  for (const CK_RV rv : {CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_ATTRIBUTE_VALUE_INVALID,
                         CKR_TOKEN_WRITE_PROTECTED, CKR_OBJECT_HANDLE_INVALID}) {
    shim::fail_nth("C_SetAttributeValue", 1, rv);
    EXPECT_NE(code_of_result(write("two")), "ok") << rv;
    EXPECT_EQ(read(), "=one") << rv;
  }
  EXPECT_EQ(shim::calls("C_DestroyObject"), destroyed);
}

TEST_F(DataObjects, AFailureBetweenDestroyingAndMakingLeavesNoneAndTheNextWriteMakesIt) {
  ASSERT_NO_FATAL_FAILURE(write_well("one"));
  shim::fail_nth("C_CreateObject", 1, CKR_DEVICE_MEMORY);
  EXPECT_EQ(code_of_result(write("two")), "resource_exhausted");
  EXPECT_EQ(read(), "none");
  ASSERT_NO_FATAL_FAILURE(write_well("three"));
  EXPECT_EQ(read(), "=three");
  shim::fail_nth("C_DestroyObject", 1, CKR_DEVICE_ERROR);
  EXPECT_EQ(code_of_result(write("four")), "unavailable");
  EXPECT_EQ(read(), "=three");
}

TEST_F(DataObjects, ATokenThatDidntDoWhatItSaysIsNotBelieved) {
  ASSERT_NO_FATAL_FAILURE(write_well("one"));
  shim::fail_nth("C_SetAttributeValue", 1, CKR_OK);
  EXPECT_EQ(code_of_result(write("two")), "unavailable") << "nothing was changed";
  EXPECT_EQ(read(), "=one");
  shim::fail_nth("C_DestroyObject", 1, CKR_OK);
  EXPECT_EQ(code_of_result(write("two")), "conflict") << "nothing was destroyed";
  destroy_all();
  ASSERT_NO_FATAL_FAILURE(open());
  shim::fail_nth("C_CreateObject", 1, CKR_OK);
  EXPECT_EQ(code_of_result(write("two")), "unavailable") << "nothing was made";
  EXPECT_EQ(read(), "none");
  shim::Hook<& CK_FUNCTION_LIST::C_CreateObject>::after =
      [](CK_RV&, CK_SESSION_HANDLE, CK_ATTRIBUTE*, CK_ULONG, CK_OBJECT_HANDLE*) {
        shim::Hook<& CK_FUNCTION_LIST::C_GetAttributeValue>::after =
            [](CK_RV&, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE* asked, CK_ULONG) {
              if (asked->type == CKA_VALUE) *static_cast<CK_BYTE*>(asked->pValue) ^= 1U;
            };
      };
  EXPECT_EQ(code_of_result(write("two")), "unavailable") << "it reads as something else";
}

TEST_F(DataObjects, ALengthBeyondTheBufferIsNotBelieved) {
  ASSERT_NO_FATAL_FAILURE(write_well("one"));
  shim::Hook<& CK_FUNCTION_LIST::C_GetAttributeValue>::after =
      [](CK_RV&, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE* asked, CK_ULONG) {
        if (asked->type == CKA_VALUE) asked->ulValueLen = CK_UNAVAILABLE_INFORMATION;
      };
  EXPECT_EQ(read(), "unavailable");
}

TEST_F(DataObjects, ATokenThatTakesNoDataSaysSo) {
  for (const CK_RV rv : {CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID,
                         CKR_FUNCTION_NOT_SUPPORTED, CKR_TOKEN_WRITE_PROTECTED}) {
    shim::fail_nth("C_CreateObject", 1, rv);
    const auto refused = write("x");
    ASSERT_EQ(code_of_result(refused), "precondition") << rv;
    EXPECT_NE(refused.error().text.find("data object"), std::string::npos);
  }
  EXPECT_EQ(read(), "none");
}

TEST_F(DataObjects, AMakeWithoutDataIsNotEvenAsked) {
  profile_.name = "a make";
  profile_.holds_data = false;
  ASSERT_NO_FATAL_FAILURE(open());
  const std::size_t finds = shim::calls("C_FindObjectsInit");
  EXPECT_EQ(read(), "unsupported");
  const auto refused = write("x");
  ASSERT_EQ(code_of_result(refused), "unsupported");
  EXPECT_EQ(refused.error().cause, "a make");
  EXPECT_EQ(code_of_result(token_->read_data("")), "invalid_argument");
  EXPECT_EQ(shim::calls("C_FindObjectsInit"), finds);
  EXPECT_EQ(shim::calls("C_CreateObject"), 0U);
}

TEST_F(DataObjects, APulledTokenIsUnavailableNotEmpty) {
  const std::string away = directory_->path() + "/away";
  std::filesystem::rename(directory_->tokens_path(), away);
  EXPECT_EQ(read(), "unavailable");
  EXPECT_EQ(code_of_result(write("x")), "unavailable");
  std::filesystem::rename(away, directory_->tokens_path());
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(read(), "none");
  ASSERT_NO_FATAL_FAILURE(write_well("there"));
  std::filesystem::rename(directory_->tokens_path(), away);
  EXPECT_EQ(read(), "unavailable");
  std::filesystem::rename(away, directory_->tokens_path());
  // SoftHSM finds nothing until it is opened again.
  EXPECT_NE(read(), "none");
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(read(), "=there");
}

TEST_F(DataObjects, ALostLoginIsUnavailableNotEmpty) {
  ASSERT_EQ(shim::real().C_Logout(other()), CKR_OK);
  EXPECT_EQ(read(), "unavailable");
  EXPECT_NE(code_of_result(write("x")), "ok");
  EXPECT_TRUE(all().empty());
}

TEST_F(DataObjects, WhatWasThereAndIsntFoundIsUnavailableUntilTheTokenIsOpenedAgain) {
  ASSERT_NO_FATAL_FAILURE(write_well("one"));
  destroy_all();
  EXPECT_EQ(read(), "unavailable");
  EXPECT_EQ(code_of_result(write("two")), "unavailable") << "or there might be two of it";
  EXPECT_TRUE(all().empty());
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(read(), "none");
  ASSERT_NO_FATAL_FAILURE(write_well("two"));
  EXPECT_EQ(read(), "=two");
}

TEST_F(DataObjects, ADeadSessionOrAStaleHandleIsReplacedWithoutTheCallerSeeing) {
  ASSERT_NO_FATAL_FAILURE(write_well("one"));
  for (const CK_RV rv : {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED}) {
    shim::fail_nth("C_FindObjectsInit", 1, rv);
    EXPECT_EQ(read(), "=one") << rv;
  }
  shim::fail_nth("C_GetAttributeValue", 1, CKR_OBJECT_HANDLE_INVALID);
  EXPECT_EQ(read(), "=one");
  const std::size_t finds = shim::calls("C_FindObjectsInit");
  shim::fail_always("C_FindObjectsInit", CKR_SESSION_CLOSED);
  EXPECT_EQ(read(), "unavailable");
  EXPECT_EQ(shim::calls("C_FindObjectsInit"), finds + 2) << "once more, and no more";
}

TEST_F(DataObjects, ADirectoryThatCantBeSyncedFailsTheWrite) {
  config_.sync_directory = "/nonexistent";
  ASSERT_NO_FATAL_FAILURE(open());
  const auto written = write("x");
  ASSERT_EQ(code_of_result(written), "unavailable");
  EXPECT_NE(written.error().text.find("sync"), std::string::npos);
}

}  // namespace
}  // namespace coffer::pkcs11
