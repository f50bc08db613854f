// Fields of requests, as Vault's clients send them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "coffer/model/fields.h"
#include "coffer/model/json_writer.h"
#include "rows.h"

namespace coffer::engines::database {

[[nodiscard]] Error bad_field(std::string_view name, std::string_view why);
/// The same, with the reason of another error; its cause goes along.
[[nodiscard]] Error bad_field(std::string_view name, const Error& why);

/// A string is one template, commas and all; or a JSON array of them in a string; or base64 of
/// either. An array is several. At most 16 of them.
[[nodiscard]] Result<std::optional<Strings>> statements(const model::Fields& fields,
                                                        std::string_view name);
/// Takes `into` over if the field is there.
[[nodiscard]] Result<void> take(const model::Fields& fields, std::string_view name, Strings& into);
[[nodiscard]] Result<void> take(const model::Fields& fields, std::string_view name,
                                std::string& into);
/// Not negative.
[[nodiscard]] Result<void> take(const model::Fields& fields, std::string_view name,
                                std::chrono::seconds& into);

/// `credential_type` and `credential_config`: of a password, by the policy that the latter names.
/// Of Vault's other types none is here.
[[nodiscard]] Result<void> take_credential(const model::Fields& fields,
                                           std::string& password_policy);
/// As `credential_config`, if there is something in it.
void put_credential(model::JsonWriter& json, const std::string& password_policy);

/// Vault's names of plugins; invalid_argument for others.
[[nodiscard]] Result<void> check_plugin(std::string_view plugin);

/// Vault takes these. To pass over one in silence would do something else than whoever sent it
/// thinks. What means "as without it" is taken: false, 0, nothing.
[[nodiscard]] Result<void> refuse_unknown(const model::Fields& fields,
                                          std::initializer_list<std::string_view> names);

}  // namespace coffer::engines::database
