#include "data_objects.h"

#include <algorithm>
#include <array>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {
namespace {

/// Not null even if there is nothing: modules refuse a null pointer before they look at the length.
CK_BYTE_PTR bytes_in(ByteView value) noexcept {
  static constexpr std::array<CK_BYTE, 1> kNothing{};
  return value.empty() ? in(kNothing) : in(value);
}

/// What finds one of our objects, and makes it: a public object of this name, which needs no PIN to
/// make, is none of ours.
class Template final {
 public:
  explicit Template(std::string_view label)
      : attributes_{{{CKA_CLASS, &class_, sizeof class_},
                     {CKA_TOKEN, &yes_, sizeof yes_},
                     {CKA_PRIVATE, &yes_, sizeof yes_},
                     {CKA_APPLICATION, in(as_bytes(kDataApplication)), kDataApplication.size()},
                     {CKA_LABEL, in(as_bytes(label)), label.size()},
                     {},
                     {}}} {}
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  void make_it_hold(ByteView value) {
    attributes_[size_++] = {CKA_MODIFIABLE, &yes_, sizeof yes_};
    attributes_[size_++] = {CKA_VALUE, bytes_in(value), value.size()};
  }
  [[nodiscard]] CK_ATTRIBUTE* data() noexcept { return attributes_.data(); }
  [[nodiscard]] CK_ULONG size() const noexcept { return size_; }

 private:
  CK_OBJECT_CLASS class_ = CKO_DATA;
  CK_BBOOL yes_ = CK_TRUE;
  std::array<CK_ATTRIBUTE, 7> attributes_;
  std::size_t size_ = 5;
};

}  // namespace

Result<std::vector<CK_OBJECT_HANDLE>> find_every_data(Session& session, std::string_view label) {
  Template wanted(label);
  COFFER_CHECK(session.call("C_FindObjectsInit", &CK_FUNCTION_LIST::C_FindObjectsInit,
                            wanted.data(), wanted.size()));
  std::array<CK_OBJECT_HANDLE, 8> objects{};
  CK_ULONG found = 0;
  COFFER_CHECK(session.call("C_FindObjects", &CK_FUNCTION_LIST::C_FindObjects, objects.data(),
                            CK_ULONG{objects.size()}, &found));
  COFFER_CHECK(session.call("C_FindObjectsFinal", &CK_FUNCTION_LIST::C_FindObjectsFinal));
  const std::size_t count = std::min<std::size_t>(found, objects.size());
  return std::vector<CK_OBJECT_HANDLE>(objects.data(), objects.data() + count);
}

Result<std::optional<CK_OBJECT_HANDLE>> find_data(Session& session, std::string_view label) {
  COFFER_TRY(const std::vector<CK_OBJECT_HANDLE> found, find_every_data(session, label));
  if (found.empty()) return std::optional<CK_OBJECT_HANDLE>();
  if (found.size() == 1) return std::optional<CK_OBJECT_HANDLE>(found.front());
  return make_error(ErrorCode::conflict, "several data objects on the token have one label",
                    std::string(label));
}

Result<Bytes> read_value(Session& session, CK_OBJECT_HANDLE object) {
  Bytes value(kMaxDataSize);
  CK_ATTRIBUTE attribute{CKA_VALUE, value.data(), value.size()};
  const CK_RV rv =
      session.invoke(&CK_FUNCTION_LIST::C_GetAttributeValue, object, &attribute, CK_ULONG{1});
  if (rv == CKR_BUFFER_TOO_SMALL) {
    return make_error(ErrorCode::corrupt, "a data object on the token is longer than ours are");
  }
  COFFER_CHECK(ck_check("C_GetAttributeValue", rv));
  if (attribute.ulValueLen > value.size()) {
    session.distrust();
    return make_error(ErrorCode::unavailable, "the token's answer makes no sense",
                      "C_GetAttributeValue: length beyond the buffer");
  }
  value.resize(attribute.ulValueLen);
  return value;
}

Result<void> create_data(Session& session, std::string_view label, ByteView value) {
  Template wanted(label);
  wanted.make_it_hold(value);
  CK_OBJECT_HANDLE made = 0;
  const CK_RV rv =
      session.invoke(&CK_FUNCTION_LIST::C_CreateObject, wanted.data(), wanted.size(), &made);
  if (rv == CKR_OK) return {};
  Error error = ck_error("C_CreateObject", rv);
  if (error.code == ErrorCode::precondition) error.text = "the token doesn't take a data object";
  return error;
}

CK_RV set_value(Session& session, CK_OBJECT_HANDLE object, ByteView value) {
  CK_ATTRIBUTE attribute{CKA_VALUE, bytes_in(value), value.size()};
  return session.invoke(&CK_FUNCTION_LIST::C_SetAttributeValue, object, &attribute, CK_ULONG{1});
}

bool refuses_change(CK_RV rv) noexcept {
  return rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_ACTION_PROHIBITED ||
         rv == CKR_FUNCTION_NOT_SUPPORTED;
}

}  // namespace coffer::pkcs11
