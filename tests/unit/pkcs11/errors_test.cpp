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
