#include "json_form.h"

#include "coffer/model/json_tree.h"

namespace coffer::policy {
namespace {

using model::Json;

Result<Node> to_node(const Json& json, std::size_t depth) {
  if (depth > kMaxDepth) return wrong(0, "nested more than 16 deep");
  switch (json.kind()) {
    case Json::Kind::null: return Node(Kind::null, json.text(), 0);
    case Json::Kind::boolean: return Node(Kind::boolean, json.text(), 0);
    case Json::Kind::number: return Node(Kind::number, json.text(), 0);
    case Json::Kind::string: return Node(Kind::string, json.text(), 0);
    case Json::Kind::array:
    case Json::Kind::object: break;
  }
  Node node(json.is_array() ? Kind::list : Kind::object, {}, 0);
  for (const Json& element : json.elements()) {
    COFFER_TRY(Node made, to_node(element, depth + 1));
    node.elements.push_back(std::move(made));
  }
  for (const Json::Member& member : json.members()) {
    COFFER_TRY(Node made, to_node(member.value, depth + 1));
    node.items.push_back({{member.name}, std::move(made), 0});
  }
  return node;
}

/// Converters of HCL write an object as a list of objects: each of them counts.
template <typename Use>
Result<void> each_object(Node node, std::string_view what, const Use& use) {
  if (node.kind == Kind::object) return use(std::move(node));
  if (node.kind != Kind::list) {
    return wrong(0, quoted(what) + " must be an object, not " + std::string(to_string(node.kind)));
  }
  for (Node& element : node.elements) {
    if (element.kind != Kind::object) {
      return wrong(0, quoted(what) + " must hold objects alone");
    }
    COFFER_CHECK(use(std::move(element)));
  }
  return {};
}

/// "path": {"a": {…}} becomes `path "a" {…}`.
Result<void> add_blocks(std::vector<Item>& out, const std::string& key, Node blocks) {
  return each_object(std::move(blocks), key, [&](Node object) -> Result<void> {
    for (Item& item : object.items) {
      const std::string label = item.keys.front();
      COFFER_CHECK(each_object(std::move(item.value), label, [&](Node block) -> Result<void> {
        out.push_back({{key, label}, std::move(block), 0});
        return {};
      }));
    }
    return {};
  });
}

}  // namespace

Result<Node> parse_json(std::string_view text, std::string_view labelled) {
  auto json = Json::parse(text);
  if (!json.ok()) return wrong(0, "not JSON, although it starts with \"{\"");
  COFFER_TRY(Node whole, to_node(*json, 0));
  Node node(Kind::object, {}, 0);
  for (Item& item : whole.items) {
    if (item.keys.front() == labelled) {
      COFFER_CHECK(add_blocks(node.items, item.keys.front(), std::move(item.value)));
    } else {
      node.items.push_back(std::move(item));
    }
  }
  return node;
}

}  // namespace coffer::policy
