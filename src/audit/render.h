// Members of JSON objects, appended to one string: a line is rendered with few allocations.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "coffer/audit/trail.h"

namespace coffer::audit {

/// Bytes of one request's data, hashed; what goes beyond is hashed as one value. A short string
/// grows twentyfold when hashed: without a bound, clients would fill the log's disk twenty times as
/// fast.
inline constexpr std::size_t kMaxData = 1U << 20U;

/// `"name":`, behind a comma unless `out` is empty or ends in an opening bracket.
void append_name(std::string& out, std::string_view name);
/// Nothing if `value` is empty.
void append_member(std::string& out, std::string_view name, std::string_view value);
void append_member(std::string& out, std::string_view name, std::span<const std::string> values);
/// `json` is valid.
void append_raw_member(std::string& out, std::string_view name, std::string_view json);

/// `"data":` with hashed values; nothing if `json` is empty or {}.
void append_data(std::string& out, std::string_view json, const Hasher& hasher);

}  // namespace coffer::audit
