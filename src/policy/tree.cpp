#include "tree.h"

#include "coffer/model/json_writer.h"
#include "hcl.h"
#include "json_form.h"

namespace coffer::policy {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

Result<Node> read_tree(std::string_view text, std::string_view labelled) {
  if (text.size() > kMaxText) {
    return make_error(ErrorCode::too_large, "a policy of more than 256 KiB");
  }
  if (!model::is_utf8(text)) return wrong(0, "the text isn't UTF-8");
  if (text.find('\0') != std::string_view::npos) return wrong(0, "a NUL byte in the text");
  const std::size_t first = text.find_first_not_of(kSpace);
  const bool json = first != std::string_view::npos && text[first] == '{';
  return json ? parse_json(text, labelled) : parse_hcl(text);
}

}  // namespace coffer::policy
