#include "counts.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace coffer::p11_fault {
namespace {

constexpr char kMagic[] = {'P', '1', '1', 'F', 'L', 'T', '1', '\n'};

void name_everything(Counts& counts) {
  for (std::size_t i = 0; i < kFunctions; ++i) {
    const std::string_view name = kFunctionNames[i];
    std::copy_n(name.begin(), std::min(name.size(), sizeof(FunctionCount::name) - 1),
                static_cast<char*>(counts.functions[i].name));
  }
  std::memcpy(static_cast<char*>(counts.magic), static_cast<const char*>(kMagic), sizeof kMagic);
}

}  // namespace

Counts& map_counts(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file >= 0) {
    const bool sized = ::ftruncate(file, sizeof(Counts)) == 0;
    void* const mapped =
        sized ? ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
              : MAP_FAILED;
    ::close(file);
    if (mapped != MAP_FAILED) {
      auto& counts = *static_cast<Counts*>(mapped);
      name_everything(counts);
      return counts;
    }
  }
  static auto* const own = new Counts{};
  name_everything(*own);
  return *own;
}

void adopt_script(Counts& counts, const std::string& path, std::uint64_t script) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file >= 0) static_cast<void>(::flock(file, LOCK_EX));
  if (counts.script != script) {
    for (auto& rule : counts.rules) rule = 0;
    counts.script = script;
  }
  if (file >= 0) ::close(file);
}

}  // namespace coffer::p11_fault
