// Writes JSON by appending, for answers and audit lines. The caller keeps begin and end in order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coffer::model {

/// Appends `text` as a JSON string with its quotes. Control characters are escaped (RFC 8259
/// section 7); bytes that are no UTF-8 become U+FFFD, so that the output is always valid.
void append_json_string(std::string& out, std::string_view text);

/// Well-formed by RFC 3629: what append_json_string() keeps as it is.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

class JsonWriter final {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// `json` is valid JSON already: spliced in as it is.
  JsonWriter& raw(std::string_view json);

  [[nodiscard]] std::string_view view() const noexcept { return out_; }
  [[nodiscard]] std::string take() && noexcept { return std::move(out_); }

 private:
  void separate();
  std::string out_;
  bool first_ = true;
};

}  // namespace coffer::model
