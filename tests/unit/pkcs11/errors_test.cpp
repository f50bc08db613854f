#include "pkcs11/src/errors.h"

#include <gtest/gtest.h>

namespace coffer::pkcs11 {
namespace {

TEST(CkErrors, NamesWhatTheStandardNamesAndGivesTheNumberOfTheRest) {
  EXPECT_EQ(rv_name(CKR_OK), "CKR_OK");
  EXPECT_EQ(rv_name(CKR_GENERAL_ERROR), "CKR_GENERAL_ERROR");
  EXPECT_EQ(rv_name(CKR_USER_ANOTHER_ALREADY_LOGGED_IN), "CKR_USER_ANOTHER_ALREADY_LOGGED_IN");
  EXPECT_EQ(rv_name(CKR_VENDOR_DEFINED | 0x17U), "CK_RV 0x80000017");
}

TEST(CkErrors, CodesTellCallersWhatToDo) {
  EXPECT_EQ(code_of(CKR_DEVICE_ERROR), ErrorCode::unavailable);
  EXPECT_EQ(code_of(CKR_DEVICE_REMOVED), ErrorCode::unavailable);
  EXPECT_EQ(code_of(CKR_TOKEN_NOT_PRESENT), ErrorCode::unavailable);
  EXPECT_EQ(code_of(CKR_SESSION_HANDLE_INVALID), ErrorCode::unavailable);
  EXPECT_EQ(code_of(CKR_USER_NOT_LOGGED_IN), ErrorCode::unavailable);
  EXPECT_EQ(code_of(CKR_GENERAL_ERROR), ErrorCode::unavailable);
  EXPECT_EQ(code_of(CKR_PIN_INCORRECT), ErrorCode::permission_denied);
  EXPECT_EQ(code_of(CKR_PIN_LOCKED), ErrorCode::permission_denied);
  EXPECT_EQ(code_of(CKR_SESSION_COUNT), ErrorCode::resource_exhausted);
  EXPECT_EQ(code_of(CKR_HOST_MEMORY), ErrorCode::resource_exhausted);
  EXPECT_EQ(code_of(CKR_ENCRYPTED_DATA_INVALID), ErrorCode::corrupt);
  EXPECT_EQ(code_of(CKR_KEY_FUNCTION_NOT_PERMITTED), ErrorCode::precondition);
  EXPECT_EQ(code_of(CKR_MECHANISM_INVALID), ErrorCode::precondition);
  EXPECT_EQ(code_of(CKR_CRYPTOKI_ALREADY_INITIALIZED), ErrorCode::conflict);
}

/// Each failure of reference D12, and what callers make of it: `unavailable` and
/// `resource_exhausted` are 503, and come back.
TEST(CkErrors, EachFailureOfATokenIsOneThatMayPass) {
  struct Case {
    CK_RV rv;
    ErrorCode code;
    bool dead_session;  ///< a fresh session may do
    bool stale_handle;  ///< looking the key up again may do
    bool ambiguous;     ///< from a decryption: a canary must tell
  };
  using enum ErrorCode;
  const Case cases[] = {
      {CKR_DEVICE_REMOVED, unavailable, false, false, false},
      {CKR_DEVICE_ERROR, unavailable, false, false, true},
      {CKR_DEVICE_MEMORY, resource_exhausted, false, false, false},
      {CKR_TOKEN_NOT_PRESENT, unavailable, false, false, false},
      {CKR_TOKEN_NOT_RECOGNIZED, unavailable, false, false, false},
      {CKR_SLOT_ID_INVALID, unavailable, false, false, false},
      {CKR_SESSION_HANDLE_INVALID, unavailable, true, false, false},
      {CKR_SESSION_CLOSED, unavailable, true, false, false},
      {CKR_OBJECT_HANDLE_INVALID, unavailable, false, true, false},
      {CKR_KEY_HANDLE_INVALID, unavailable, false, true, false},
      {CKR_USER_NOT_LOGGED_IN, unavailable, false, false, false},
      {CKR_PIN_LOCKED, permission_denied, false, false, false},
      {CKR_HOST_MEMORY, resource_exhausted, false, false, false},
      {CKR_BUFFER_TOO_SMALL, unavailable, false, false, false},
      {CKR_OPERATION_ACTIVE, unavailable, false, false, false},
      {CKR_OPERATION_NOT_INITIALIZED, unavailable, false, false, false},
      {CKR_FUNCTION_FAILED, unavailable, false, false, true},
      {CKR_FUNCTION_CANCELED, unavailable, false, false, false},
      {CKR_GENERAL_ERROR, unavailable, false, false, true},
      {CKR_CRYPTOKI_NOT_INITIALIZED, unavailable, false, false, false},
      {CKR_VENDOR_DEFINED | 0x17U, unavailable, false, false, false},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(code_of(each.rv), each.code) << rv_name(each.rv);
    EXPECT_EQ(is_dead_session(each.rv), each.dead_session) << rv_name(each.rv);
    EXPECT_EQ(is_stale_handle(each.rv), each.stale_handle) << rv_name(each.rv);
    EXPECT_EQ(is_ambiguous_decrypt(each.rv), each.ambiguous) << rv_name(each.rv);
  }
}

TEST(CkErrors, WhatNobodyKnowsIsUnavailableNeverCorruptOrNotFound) {
  EXPECT_EQ(code_of(0x7777), ErrorCode::unavailable);
  EXPECT_EQ(code_of(CKR_VENDOR_DEFINED + 1), ErrorCode::unavailable);
}

TEST(CkErrors, AMissingHandleIsNeverAMissingKey) {
  EXPECT_EQ(code_of(CKR_OBJECT_HANDLE_INVALID), ErrorCode::unavailable);
  EXPECT_EQ(code_of(CKR_KEY_HANDLE_INVALID), ErrorCode::unavailable);
}

TEST(CkErrors, TheCauseNamesFunctionAndValue) {
  const Error error = ck_error("C_Decrypt", CKR_DEVICE_ERROR);
  EXPECT_EQ(error.cause, "C_Decrypt: CKR_DEVICE_ERROR");
  EXPECT_EQ(error.text.find("CKR"), std::string::npos) << "clients don't get CK_RVs";
  EXPECT_TRUE(ck_check("C_Decrypt", CKR_OK).ok());
  EXPECT_FALSE(ck_check("C_Decrypt", CKR_CANCEL).ok());
}

TEST(CkErrors, OnlyDeadSessionsAndStaleHandlesAreTriedAgain) {
  EXPECT_TRUE(is_dead_session(CKR_SESSION_CLOSED));
  EXPECT_TRUE(is_dead_session(CKR_SESSION_HANDLE_INVALID));
  EXPECT_FALSE(is_dead_session(CKR_USER_NOT_LOGGED_IN));
  EXPECT_FALSE(is_dead_session(CKR_OK));
  EXPECT_TRUE(is_stale_handle(CKR_OBJECT_HANDLE_INVALID));
  EXPECT_FALSE(is_stale_handle(CKR_GENERAL_ERROR));
}

TEST(CkErrors, AClearVerdictOnTheDataIsNotAmbiguous) {
  EXPECT_TRUE(is_ambiguous_decrypt(CKR_GENERAL_ERROR));
  EXPECT_TRUE(is_ambiguous_decrypt(CKR_FUNCTION_FAILED));
  EXPECT_TRUE(is_ambiguous_decrypt(CKR_DEVICE_ERROR));
  EXPECT_FALSE(is_ambiguous_decrypt(CKR_ENCRYPTED_DATA_INVALID));
  EXPECT_FALSE(is_ambiguous_decrypt(CKR_SESSION_CLOSED));
  EXPECT_FALSE(is_ambiguous_decrypt(CKR_OK));
}

}  // namespace
}  // namespace coffer::pkcs11
