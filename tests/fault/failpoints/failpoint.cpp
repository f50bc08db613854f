// The failpoints of cofferd-failpoints (include/coffer/base/failpoint.h).
#include "coffer/base/failpoint.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace coffer {

void failpoint(std::string_view name) {
  const char* file = std::getenv("COFFER_FAILPOINT_FILE");
  if (file == nullptr) return;
  std::string wanted;
  std::ifstream(file) >> wanted;
  if (wanted != name) return;
  // Two threads may come here at once: whoever removes it kills, which is the end of both.
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  static_cast<void>(std::raise(SIGKILL));
}

}  // namespace coffer
