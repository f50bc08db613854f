#include "render.h"

#include "coffer/model/json_writer.h"

namespace coffer::audit {

void append_name(std::string& out, std::string_view name) {
  if (!out.empty() && out.back() != '{' && out.back() != '[') out.push_back(',');
  out.append("\"").append(name).append("\":");
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  append_name(out, name);
  model::append_json_string(out, value);
}

void append_member(std::string& out, std::string_view name, std::span<const std::string> values) {
  if (values.empty()) return;
  append_name(out, name);
  out.push_back('[');
  for (const std::string& value : values) {
    if (out.back() != '[') out.push_back(',');
    model::append_json_string(out, value);
  }
  out.push_back(']');
}

void append_raw_member(std::string& out, std::string_view name, std::string_view json) {
  append_name(out, name);
  out.append(json);
}

void append_data(std::string& out, std::string_view json, const Hasher& hasher) {
  if (json.empty() || json == "{}") return;
  const std::size_t start = out.size();
  append_name(out, "data");
  const auto limit = start + kMaxData;
  model::append_hashed(out, json, [&](std::string& text, std::string_view value) {
    if (text.size() <= limit) hasher.append(text, value);
  });
  if (out.size() <= limit) return;
  out.resize(start);
  append_member(out, "data_omitted", "too large");
  append_name(out, "data_hash");
  out.push_back('"');
  hasher.append(out, json);
  out.push_back('"');
}

}  // namespace coffer::audit
