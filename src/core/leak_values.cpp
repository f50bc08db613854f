#include "leak_values.h"

#include "coffer/base/secure_bytes.h"
#include "coffer/model/json_tree.h"

namespace coffer::core {
namespace {

using model::Json;
using Take = std::function<bool(std::string_view pointer, std::string_view value)>;

constexpr std::string_view kSpace = " \t\r\n\v\f";
constexpr std::size_t kMostPointer = 256;  ///< bytes; keys may be as long as bodies are

/// RFC 6901 section 3.
void append_step(std::string& pointer, std::string_view name) {
  pointer.push_back('/');
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer.push_back(c);
    }
  }
}

/// Never within a character.
std::string_view cut(std::string_view pointer) {
  if (pointer.size() <= kMostPointer) return pointer;
  std::size_t end = kMostPointer;
  while (end > 0 && (static_cast<unsigned char>(pointer[end]) & 0xC0U) == 0x80U) --end;
  return pointer.substr(0, end);
}

bool walk(const Json& json, std::string& pointer, const Take& take) {
  const std::size_t here = pointer.size();
  switch (json.kind()) {
    case Json::Kind::string:
    case Json::Kind::number: return take(cut(pointer), json.text());
    case Json::Kind::array:
      for (std::size_t i = 0; i < json.elements().size(); ++i) {
        append_step(pointer, std::to_string(i));
        if (!walk(json.elements()[i], pointer, take)) return false;
        pointer.resize(here);
      }
      return true;
    case Json::Kind::object:
      for (const Json::Member& member : json.members()) {
        append_step(pointer, member.name);
        if (!walk(member.value, pointer, take)) return false;
        pointer.resize(here);
      }
      return true;
    case Json::Kind::null:
    case Json::Kind::boolean: break;
  }
  return true;
}

}  // namespace

std::string canonical_value(std::string_view value) {
  const auto first = value.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  value = value.substr(first, value.find_last_not_of(kSpace) + 1 - first);
  std::string canonical;
  canonical.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\r' && i + 1 < value.size() && value[i + 1] == '\n') continue;
    canonical.push_back(value[i]);
  }
  return canonical;
}

void each_string(std::string_view json, const Take& take) {
  const Result<Json> tree = Json::parse(json);
  if (!tree.ok()) return;
  std::string pointer;
  walk(*tree, pointer, take);
}

void each_text(const engine::Readable& engine, std::string_view value, const Take& take) {
  auto texts = engine.texts_of(value);
  if (!texts) return each_string(value, take);
  bool more = true;
  for (engine::SecretText& one : *texts) {
    more = more && take(one.pointer, one.text);
    wipe(one.text);
  }
}

}  // namespace coffer::core
