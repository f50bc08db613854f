#include "parameter_reader.h"

#include <algorithm>

namespace coffer::policy {
namespace {

Error must_be(const Node& value, std::string_view key, std::string_view wanted) {
  return wrong(value.line, quoted(key) + " must be " + std::string(wanted));
}

model::Json to_json(const Node& node) {
  switch (node.kind) {
    case Kind::string: return model::Json::string(node.text);
    case Kind::number: {
      // The codec keeps digits as they stand; ours are JSON's but for what starts or ends in a dot.
      auto number = model::Json::parse(node.text);
      return number.ok() ? *std::move(number) : model::Json::string(node.text);
    }
    case Kind::boolean: return model::Json::boolean(node.text == "true");
    case Kind::null: return {};
    case Kind::list: break;
    case Kind::object: break;
  }
  if (node.kind == Kind::list) {
    auto list = model::Json::array();
    for (const Node& element : node.elements) list.push(to_json(element));
    return list;
  }
  auto object = model::Json::object();
  for (const Item& item : node.items) object.set(item.keys.front(), to_json(item.value));
  return object;
}

/// What to_json() takes: objects with plain names, none twice, none so large that it would be slow.
Result<void> check_value(const Node& node, std::string_view key) {
  if (node.elements.size() > kMaxParameters || node.items.size() > kMaxParameters) {
    return wrong(node.line, quoted(key) + " has a value with more than 1000 parts");
  }
  for (const Node& element : node.elements) COFFER_CHECK(check_value(element, key));
  std::vector<std::string_view> names;
  for (const Item& item : node.items) {
    if (item.keys.size() != 1) return must_be(item.value, item.keys.front(), "a plain member");
    names.emplace_back(item.keys.front());
    COFFER_CHECK(check_value(item.value, key));
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    return wrong(node.line, quoted(key) + " has an object with a name twice");
  }
  return {};
}

Result<void> add_parameters(ParameterMap& map, const Node& object, std::string_view key) {
  for (const Item& item : object.items) {
    const std::string& name = item.keys.front();
    if (item.keys.size() != 1 || item.value.kind != Kind::list) {
      return must_be(item.value, name, "a list of values");
    }
    if (map.size() == kMaxParameters || item.value.elements.size() > kMaxParameters) {
      return wrong(item.line, quoted(key) + " has more than 1000 names or values");
    }
    COFFER_CHECK(check_value(item.value, name));
    Parameter parameter{lower_case(name), {}};
    for (const Node& element : item.value.elements) parameter.values.push_back(to_json(element));
    if (!map.add(std::move(parameter))) {
      return wrong(item.line, quoted(name) + " is given twice (case doesn't count)");
    }
  }
  return {};
}

Result<ParameterMap> read_map(const Node& value, std::string_view key) {
  ParameterMap map;
  if (value.kind == Kind::object) {
    COFFER_CHECK(add_parameters(map, value, key));
    return map;
  }
  // JSON that was made of HCL has a list of objects here.
  const bool objects = value.kind == Kind::list &&
                       std::all_of(value.elements.begin(), value.elements.end(),
                                   [](const Node& one) { return one.kind == Kind::object; });
  if (!objects) return must_be(value, key, "an object of lists");
  for (const Node& object : value.elements) COFFER_CHECK(add_parameters(map, object, key));
  return map;
}

}  // namespace

Result<std::vector<std::string>> read_strings(const Node& value, std::string_view key) {
  if (value.kind != Kind::list) return must_be(value, key, "a list of strings");
  std::vector<std::string> strings;
  for (const Node& element : value.elements) {
    if (element.kind != Kind::string) return must_be(element, key, "a list of strings");
    strings.push_back(element.text);
  }
  return strings;
}

Result<ParameterRules> read_parameter_rules(const Node& body) {
  ParameterRules rules;
  for (const Item& item : body.items) {
    const std::string& key = item.keys.front();
    if (key == "allowed_parameters") {
      COFFER_TRY(rules.allowed, read_map(item.value, key));
    } else if (key == "denied_parameters") {
      COFFER_TRY(rules.denied, read_map(item.value, key));
    } else if (key == "required_parameters") {
      COFFER_TRY(const auto names, read_strings(item.value, key));
      if (names.size() > kMaxParameters) return must_be(item.value, key, "of at most 1000 names");
      for (const std::string& name : names) rules.required.push_back(lower_case(name));
    }
  }
  return rules;
}

}  // namespace coffer::policy
