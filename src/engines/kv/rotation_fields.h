// A rotation as requests and answers spell it.
#pragma once

#include "coffer/lifecycle/rotator.h"
#include "coffer/model/fields.h"
#include "coffer/model/json_writer.h"
#include "rotation_row.h"

namespace coffer::engines::kv {

/// `plan` of `secret` ("secret/app/db") with what `fields` gives; what isn't given stays.
/// invalid_argument names the field.
[[nodiscard]] Result<void> apply_fields(std::string_view secret, const model::Fields& fields,
                                        const lifecycle::Rotators& rotators, RotationPlan& plan);

/// The members of its answer, within an object that is open.
void append_rotation(model::JsonWriter& json, const Rotation& rotation,
                     std::uint64_t current_version);
/// The member `rotation` of an answer from metadata/.
void append_stages(model::JsonWriter& json, const Rotation& rotation,
                   std::uint64_t current_version);

}  // namespace coffer::engines::kv
