#include "flag_body.h"

#include <algorithm>

#include "coffer/model/duration.h"

namespace coffer::cli {
namespace {

using model::Json;

Json array_of(const std::vector<std::string>& values) {
  Json array = Json::array();
  for (const std::string& value : values) {
    for (std::string& part : split_commas(value)) array.push(Json::string(std::move(part)));
  }
  return array;
}

Result<Json> object_of(const Flag& flag, const std::vector<std::string>& pairs) {
  Json object = Json::object();
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return make_error(ErrorCode::invalid_argument,
                        "invalid -" + std::string(flag.name) + ": want NAME=VALUE");
    }
    object.set(pair.substr(0, equals), Json::string(pair.substr(equals + 1)));
  }
  return object;
}

Result<Json> value_of(const Flag& flag, const Flags& given) {
  switch (flag.kind) {
    case FlagKind::boolean: return Json::boolean(given.boolean(flag.name));
    case FlagKind::number: {
      const auto number = given.number(flag.name);
      return Json::number(number ? *number : 0);
    }
    case FlagKind::duration: {
      COFFER_TRY(const auto duration, model::parse_duration(given.text(flag.name)));
      return Json::string(model::to_text(duration));
    }
    case FlagKind::list: return array_of(given.list(flag.name));
    case FlagKind::pairs: return object_of(flag, given.list(flag.name));
    case FlagKind::text: break;
  }
  return Json::string(given.text(flag.name));
}

/// Two flags may fill one object: -options=a=b and -version, which is an option too.
void set_field(Json& body, std::string_view field, Json value) {
  const std::size_t dot = field.find('.');
  if (dot != std::string_view::npos) {
    Json object = Json::object();
    object.set(field.substr(dot + 1), std::move(value));
    value = std::move(object);
    field = field.substr(0, dot);
  }
  const Json* before = body.find(field);
  if (before != nullptr && before->is_object() && value.is_object()) {
    Json both = *before;
    for (const Json::Member& member : value.members()) both.set(member.name, member.value);
    value = std::move(both);
  }
  body.set(field, std::move(value));
}

}  // namespace

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<void> fill_body(Json& body, std::span<const Flag> flags, const Flags& given) {
  for (const Flag& flag : flags) {
    if (flag.field.empty() || !given.has(flag.name)) continue;
    COFFER_TRY(Json value, value_of(flag, given));
    set_field(body, flag.field, std::move(value));
  }
  return {};
}

}  // namespace coffer::cli
