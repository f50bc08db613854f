#include "objects.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace coffer::pkcs11 {
namespace {

constexpr CK_ULONG kMost = 8;
/// Of an attribute that we read whole: CKA_MODULUS of 8192 bits, the rest is shorter.
constexpr CK_ULONG kLongestAttribute = 1024;

Error differs(const Rule& rule, std::string_view how, CK_RV rv = CKR_OK) {
  return make_error(
      ErrorCode::precondition,
      fmt::format("a key on the token isn't what its role demands: {} {}", rule.name, how),
      rv == CKR_OK ? std::string() : "C_GetAttributeValue: " + rv_name(rv));
}

struct ReadBack {
  CK_RV rv = CKR_OK;
  CK_ULONG size = 0;
  Bytes value;
};

/// As long as what is wanted: NSS refuses a number's longer buffer.
ReadBack read_back(Session& session, CK_OBJECT_HANDLE object, const Rule& rule, std::size_t size) {
  ReadBack read;
  read.value.resize(size);
  CK_ATTRIBUTE attribute{rule.type, read.value.data(), read.value.size()};
  read.rv = session.invoke(&CK_FUNCTION_LIST::C_GetAttributeValue, object, &attribute, CK_ULONG{1});
  read.size = attribute.ulValueLen;
  return read;
}

bool is_refusal(CK_RV rv) {
  return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
         rv == CKR_BUFFER_TOO_SMALL;
}

std::string in_words(const Rule& rule, const Bytes& value) {
  if (std::holds_alternative<bool>(rule.value)) return value.front() == CK_FALSE ? "false" : "true";
  if (!std::holds_alternative<CK_ULONG>(rule.value)) return to_hex(value);
  CK_ULONG number = 0;
  std::memcpy(&number, value.data(), sizeof number);
  return std::to_string(number);
}

/// One attribute a call: with several, a token's answer doesn't say which one it doesn't know and
/// which one was too long for the buffer.
Result<void> check_rule(Session& session, CK_OBJECT_HANDLE object, const Rule& rule) {
  const Bytes wanted = encode(rule);
  const auto [rv, size, got] = read_back(session, object, rule, wanted.size());
  if (rv == CKR_ATTRIBUTE_TYPE_INVALID) {
    if (rule.may_be_absent()) return {};
    return differs(rule, "isn't there", rv);
  }
  if (rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_BUFFER_TOO_SMALL) {
    return differs(rule, "can't be read", rv);
  }
  COFFER_CHECK(ck_check("C_GetAttributeValue", rv));
  if (size != wanted.size() || got != wanted) return differs(rule, "differs");
  return {};
}

}  // namespace

Result<std::vector<CK_OBJECT_HANDLE>> find_objects(Session& session,
                                                   std::optional<CK_OBJECT_CLASS> object_class,
                                                   ByteView id) {
  std::array<CK_ATTRIBUTE, 2> wanted{};
  wanted[0] = {CKA_ID, in(id), id.size()};
  CK_ULONG count = 1;
  CK_OBJECT_CLASS class_value = object_class.value_or(0);
  if (object_class) wanted[count++] = {CKA_CLASS, &class_value, sizeof class_value};
  COFFER_CHECK(session.call("C_FindObjectsInit", &CK_FUNCTION_LIST::C_FindObjectsInit,
                            wanted.data(), count));
  std::vector<CK_OBJECT_HANDLE> objects(kMost);
  CK_ULONG found = 0;
  COFFER_CHECK(session.call("C_FindObjects", &CK_FUNCTION_LIST::C_FindObjects, objects.data(),
                            kMost, &found));
  COFFER_CHECK(session.call("C_FindObjectsFinal", &CK_FUNCTION_LIST::C_FindObjectsFinal));
  objects.resize(std::min(found, kMost));
  return objects;
}

Result<CK_OBJECT_CLASS> class_of_object(Session& session, CK_OBJECT_HANDLE object) {
  CK_OBJECT_CLASS value = 0;
  CK_ATTRIBUTE attribute{CKA_CLASS, &value, sizeof value};
  COFFER_CHECK(session.call("C_GetAttributeValue", &CK_FUNCTION_LIST::C_GetAttributeValue, object,
                            &attribute, CK_ULONG{1}));
  return value;
}

Error several_keys(ByteView id) {
  return make_error(ErrorCode::precondition,
                    "several keys on the token have the same CKA_ID, wanted one", to_hex(id));
}

Result<CK_OBJECT_HANDLE> find_one(Session& session, CK_OBJECT_CLASS object_class, ByteView id) {
  COFFER_TRY(const std::vector<CK_OBJECT_HANDLE> objects, find_objects(session, object_class, id));
  if (objects.empty()) return make_error(ErrorCode::not_found, "no such key on the token");
  if (objects.size() > 1) return several_keys(id);
  return objects.front();
}

Result<Bytes> read_attribute(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  Bytes value(kLongestAttribute);
  CK_ATTRIBUTE attribute{type, value.data(), value.size()};
  COFFER_CHECK(session.call("C_GetAttributeValue", &CK_FUNCTION_LIST::C_GetAttributeValue, object,
                            &attribute, CK_ULONG{1}));
  if (attribute.ulValueLen > value.size()) {
    session.distrust();
    return make_error(ErrorCode::unavailable, "the token's answer makes no sense",
                      "C_GetAttributeValue: length beyond the buffer");
  }
  value.resize(attribute.ulValueLen);
  return value;
}

Result<std::string> show_attribute(Session& session, CK_OBJECT_HANDLE object, const Rule& rule) {
  const std::size_t size = encode(rule).size();
  const ReadBack read = read_back(session, object, rule, size);
  if (is_refusal(read.rv)) return std::string();
  COFFER_CHECK(ck_check("C_GetAttributeValue", read.rv));
  return read.size == size && size > 0 ? in_words(rule, read.value) : std::string();
}

Result<void> check_rules(Session& session, CK_OBJECT_HANDLE object, const Rules& rules) {
  for (const Rule& rule : rules) {
    if (rule.read_back()) COFFER_CHECK(check_rule(session, object, rule));
  }
  return {};
}

}  // namespace coffer::pkcs11
