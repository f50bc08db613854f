// Whatever template is given: no crash, a bounded name, and no error says a word of it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "src/engines/database/username.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer::engines::database;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = NameTemplate::parse(text);
  if (!parsed.ok()) {
    if (!parsed.error().text.starts_with("field \"username_template\": ")) std::abort();
    return 0;
  }
  const auto name = parsed->render(
      {.display_name = "token-alice", .role_name = "app", .now = coffer::WallTime()});
  if (name.ok() && name->size() > 4096) std::abort();
  return 0;
}
