// F1, the part before any HTTP library: heads and messages. What check_head accepts holds no byte
// that two parsers could read in two ways; what becomes a request is canonical.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "coffer/faces/vault/face.h"
#include "coffer/faces/vault/http_head.h"
#include "coffer/model/paths.h"

namespace {

using namespace coffer;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_plain(std::string_view head) {
  require(head.size() <= faces::vault::kMaxHead);
  require(head.find("\r\n\r\n") == head.size() - 4);
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto byte = static_cast<unsigned char>(head[i]);
    if (byte == '\r') require(head[i + 1] == '\n');
    if (byte == '\n') require(i > 0 && head[i - 1] == '\r');
    require(byte >= 0x20 || byte == '\r' || byte == '\n' || byte == '\t');
    require(byte != 0x7F);
  }
}

void check_request(const model::Request& request) {
  const auto path = model::canonical_path(request.path);
  require(path.ok() && *path == request.path);
  require(request.operation != model::Operation::list || request.path.ends_with('/'));
  require(model::Fields::parse(request.fields.text()).ok());
}

void check_answer(const faces::vault::HttpAnswer& answer) {
  require(answer.status >= 400 && answer.status < 500);
  const auto body = model::Fields::parse(answer.body);
  require(body.ok() && body->has("errors"));
}

/// Method and target from the head's first line, the rest of the input as the body.
void understand(std::string_view head, std::string_view body) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  faces::vault::HttpMessage message{
      .method = line.substr(0, method_end),
      .target = line.substr(method_end + 1, target_end - method_end - 1),
      .content_type = "application/merge-patch+json",
      .body = std::string(body)};
  const auto understood = faces::vault::to_request(std::move(message), Uuid{}, WallTime{});
  if (const auto* request = std::get_if<model::Request>(&understood)) {
    check_request(*request);
  } else {
    check_answer(std::get<faces::vault::HttpAnswer>(understood));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find("\r\n\r\n");
  const std::string_view head = text.substr(0, end == std::string_view::npos ? size : end + 4);
  if (!faces::vault::check_head(head).ok()) return 0;
  check_plain(head);
  understand(head, text.substr(head.size()));
  return 0;
}
