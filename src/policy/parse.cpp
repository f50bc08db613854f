#include "coffer/model/json_writer.h"
#include "hcl.h"
#include "json_form.h"
#include "stanza_reader.h"

namespace coffer::policy {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

Result<Node> read_tree(std::string_view text) {
  if (text.size() > kMaxText) {
    return make_error(ErrorCode::too_large, "a policy of more than 256 KiB");
  }
  if (!model::is_utf8(text)) return wrong(0, "the text isn't UTF-8");
  if (text.find('\0') != std::string_view::npos) return wrong(0, "a NUL byte in the text");
  const std::size_t first = text.find_first_not_of(kSpace);
  const bool json = first != std::string_view::npos && text[first] == '{';
  return json ? parse_json(text) : parse_hcl(text);
}

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
  COFFER_TRY(const Node tree, read_tree(text));
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
