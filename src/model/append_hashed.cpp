#include "coffer/base/secure_bytes.h"
#include "coffer/model/fields.h"
#include "json_text.h"
#include "rfc3339.h"

namespace coffer::model {
namespace {

using HashFunction = std::function<void(std::string& out, std::string_view value)>;

void append_value(std::string& out, std::string_view quoted, const HashFunction& hash) {
  // A text that ends inside of a string isn't JSON; then there may be no closing quote to cut.
  std::string_view inside = quoted.substr(1);
  if (!inside.empty()) inside.remove_suffix(1);
  if (is_rfc3339(inside)) {
    out += quoted;
    return;
  }
  out.push_back('"');
  if (inside.find('\\') == std::string_view::npos) {
    hash(out, inside);
  } else {
    std::string value;
    append_unescaped(value, inside);
    hash(out, value);
    wipe(value);
  }
  out.push_back('"');
}

}  // namespace

void append_hashed(std::string& out, std::string_view json, const HashFunction& hash) {
  std::size_t at = 0;
  while (at < json.size()) {
    if (json[at] != '"') {
      // White space goes: a line of the log must not hold a client's line break.
      if (!is_json_space(json[at])) out.push_back(json[at]);
      ++at;
      continue;
    }
    const std::size_t end = skip_string(json, at);
    const std::string_view quoted = json.substr(at, end - at);
    const std::size_t next = skip_space(json, end);
    // In valid JSON a colon follows names and nothing else.
    if (next < json.size() && json[next] == ':') {
      out += quoted;
    } else {
      append_value(out, quoted, hash);
    }
    at = next;
  }
}

}  // namespace coffer::model
