// What a plan must hold for its acts to be possible as planned. Private to the room.
#pragma once

#include "plan.h"

namespace coffer::ceremony {

/// invalid_argument names the field.
[[nodiscard]] Result<void> check_rules(const Plan& plan);

/// The roles that a plan's acts make keys of, by name.
[[nodiscard]] bool makes_keys(const Plan& plan) noexcept;
/// Whether PINs are made and handed to people.
[[nodiscard]] bool makes_pins(const Plan& plan) noexcept;

/// invalid_argument, naming the attribute, unless `got` is what the plan has for it. An attribute
/// that the token doesn't know ("absent") passes where the template lets it.
[[nodiscard]] Result<void> compare_attributes(std::string_view key, const PlannedKey& planned,
                                              const std::vector<pkcs11::StatedAttribute>& got);

[[nodiscard]] pkcs11::KeyRole role_of_key(std::string_view name) noexcept;

}  // namespace coffer::ceremony
