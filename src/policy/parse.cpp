#include "stanza_reader.h"
#include "tree.h"

namespace coffer::policy {
namespace {

Result<void> check_name(const Item& item, bool& seen) {
  if (item.keys.size() != 1 || item.value.kind != Kind::string) {
    return wrong(item.line, "\"name\" must be a string");
  }
  if (seen) return wrong(item.line, "\"name\" is given twice");
  seen = true;
  return {};
}

}  // namespace

Result<PolicyPtr> parse(std::string_view name, std::string_view text) {
  COFFER_TRY(const Node tree, read_tree(text, "path"));
  std::vector<Stanza> stanzas;
  bool named = false;
  for (const Item& item : tree.items) {
    const std::string& key = item.keys.front();
    if (key == "name") {
      // It is the name under which the policy is stored that counts.
      COFFER_CHECK(check_name(item, named));
    } else if (key != "path") {
      return wrong(item.line, "unknown key " + quoted(key) + ": wanted are path and name");
    } else {
      if (stanzas.size() == kMaxStanzas) return wrong(item.line, "more than 5000 paths");
      COFFER_TRY(Stanza stanza, read_stanza(item));
      stanzas.push_back(std::move(stanza));
    }
  }
  return PolicyPtr(std::make_shared<const Policy>(std::string(name), std::move(stanzas)));
}

}  // namespace coffer::policy
