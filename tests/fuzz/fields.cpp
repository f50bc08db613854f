// F2: JSON from outside. What Fields accepts, nlohmann's tree parser accepts and sees the same in;
// hashing for the audit trail never makes it anything but JSON.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "coffer/model/fields.h"
#include "coffer/model/json_writer.h"

namespace {

using coffer::model::Fields;
using Tree = nlohmann::json;

void require(bool condition) {
  if (!condition) std::abort();
}

void fixed_hash(std::string& out, std::string_view /*value*/) { out += "hash"; }

std::string hashed(std::string_view text) {
  std::string out;
  coffer::model::append_hashed(out, text, fixed_hash);
  return out;
}

void compare(const Fields& fields, std::string_view name, const Tree& value) {
  require(fields.has(name) == !value.is_null());
  const auto text = fields.string(name);
  require(text.ok() == (value.is_string() || value.is_null()));
  if (value.is_string()) require(**text == value.get_ref<const std::string&>());
  const auto object = fields.raw_object(name);
  require(object.ok() == (value.is_object() || value.is_null()));
  if (value.is_object()) require(Tree::parse(**object) == value);
  if (value.is_object()) require((*fields.object(name))->names().size() == value.size());
  const auto flag = fields.boolean(name);
  if (value.is_boolean()) require(**flag == value.get<bool>());
  static_cast<void>(fields.integer(name));
  static_cast<void>(fields.strings(name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // It relies on valid JSON for its meaning, but never for its memory.
  static_cast<void>(hashed(text));
  std::string quoted;
  coffer::model::append_json_string(quoted, text);
  require(Tree::accept(quoted));

  auto fields = Fields::parse(std::string(text));
  if (!fields.ok()) return 0;
  const Tree tree = Tree::parse(fields->text(), nullptr, false);
  require(tree.is_object() || tree.is_null());
  if (tree.is_object()) {
    require(fields->names().size() == tree.size());
    for (const auto& [name, value] : tree.items()) compare(*fields, name, value);
  }
  const Tree after = Tree::parse(hashed(fields->text()), nullptr, false);
  require(!after.is_discarded() && after.size() == tree.size());
  fields->set("added", text);
  require(Fields::parse(fields->text()).ok());
  return 0;
}
