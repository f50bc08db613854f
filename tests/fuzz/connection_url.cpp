// Whatever URL is given: no crash, and no error says a word of it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "coffer/connectors/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using coffer::connectors::Kind;
  for (const Kind kind : {Kind::postgresql, Kind::mariadb, Kind::redis}) {
    coffer::connectors::TargetConfig config;
    config.kind = kind;
    config.connection_url.assign(reinterpret_cast<const char*>(data), size);
    const auto made = coffer::connectors::make_target(std::move(config));
    if (!made.ok() && made.error().text.find("connection_url") == std::string::npos) std::abort();
  }
  return 0;
}
