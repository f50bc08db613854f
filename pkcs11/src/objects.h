// Objects on the token: finding them, and reading what they are.
#pragma once

#include <optional>
#include <vector>

#include "rules.h"
#include "session.h"

namespace coffer::pkcs11 {

/// At most eight: callers want to know whether there is none, one key or pair, or more.
[[nodiscard]] Result<std::vector<CK_OBJECT_HANDLE>> find_objects(
    Session& session, std::optional<CK_OBJECT_CLASS> object_class, ByteView id);

[[nodiscard]] Result<CK_OBJECT_CLASS> class_of_object(Session& session, CK_OBJECT_HANDLE object);

/// precondition: which of them is meant can't be known.
[[nodiscard]] Error several_keys(ByteView id);

/// not_found; precondition if several objects of the class have the id.
[[nodiscard]] Result<CK_OBJECT_HANDLE> find_one(Session& session, CK_OBJECT_CLASS object_class,
                                                ByteView id);

[[nodiscard]] Result<Bytes> read_attribute(Session& session, CK_OBJECT_HANDLE object,
                                           CK_ATTRIBUTE_TYPE type);

/// In words, of the rule's kind; "": the token doesn't know it, or doesn't give it.
[[nodiscard]] Result<std::string> show_attribute(Session& session, CK_OBJECT_HANDLE object,
                                                 const Rule& rule);

/// precondition, with the name of the first attribute that differs.
[[nodiscard]] Result<void> check_rules(Session& session, CK_OBJECT_HANDLE object,
                                       const Rules& rules);

}  // namespace coffer::pkcs11
