// The configuration's text: whatever it is, it is read or refused, and no line of what is said
// about it is longer than a log line should be, or holds control characters from it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "src/daemon/config.h"
#include "src/daemon/config_changes.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer::daemon;
  const auto parsed = parse_config({reinterpret_cast<const char*>(data), size});
  for (const ConfigProblem& problem : parsed.problems) {
    const std::string line = describe("f", problem);
    require(line.size() < 1024);
    require(std::none_of(line.begin(), line.end(),
                         [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  }
  if (!parsed.problems.empty()) return 0;
  const Config& config = parsed.config;
  require(!config.listeners.empty() && !config.token.module.empty());
  for (const ListenerConfig& listener : config.listeners) {
    require(listener.path.size() < 108 && listener.path.front() == '/');
    require((listener.mode & ~0666U) == 0);
  }
  require(describe(compare_configs(config, config, config)) == "no change");
  require(config == parse_config({reinterpret_cast<const char*>(data), size}).config);
  return 0;
}
