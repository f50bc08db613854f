#include "query.h"

#include <algorithm>
#include <string>

#include "coffer/base/bytes.h"
#include "coffer/model/json_writer.h"

namespace coffer::faces::vault {
namespace {

Error refused(std::string_view why) {
  return make_error(ErrorCode::invalid_argument, std::string("query refused: ").append(why));
}

Result<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte.ok() || byte->size() != 1) return refused("a % without two hexadecimal digits");
    out.push_back(static_cast<char>(byte->front()));
    i += 2;
  }
  const bool control = std::any_of(out.begin(), out.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control) return refused("a control character");
  // JSON can't hold it: as a field it would be something else than what was asked for.
  if (!model::is_utf8(out)) return refused("not UTF-8");
  return out;
}

Result<void> add(model::Fields& fields, std::string_view parameter) {
  const std::size_t equals = parameter.find('=');
  COFFER_TRY(const std::string name, decode(parameter.substr(0, equals)));
  const bool has_value = equals != std::string_view::npos;
  COFFER_TRY(const std::string value,
             decode(has_value ? parameter.substr(equals + 1) : std::string_view{}));
  if (name.empty()) return refused("a parameter without a name");
  if (fields.has(name)) return refused("a parameter that comes twice");
  fields.set(name, value);
  return {};
}

}  // namespace

Result<model::Fields> parse_query(std::string_view query) {
  model::Fields fields;
  if (query.find(';') != std::string_view::npos) return refused("a semicolon");
  std::size_t parameters = 0;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (end != 0) {
      if (++parameters > kMaxParameters) return refused("more than 64 parameters");
      COFFER_CHECK(add(fields, query.substr(0, end)));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return fields;
}

}  // namespace coffer::faces::vault
