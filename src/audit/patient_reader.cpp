#include "patient_reader.h"

#include <chrono>
#include <thread>

namespace coffer::audit {
namespace {

constexpr int kLooks = 20;
constexpr std::chrono::milliseconds kPause{50};

}  // namespace

ReadAt until_line_ends(ReadAt read) {
  return [read = std::move(read), ends = true](std::uint64_t offset,
                                               MutableByteView out) mutable -> Result<std::size_t> {
    for (int look = 0;; ++look) {
      COFFER_TRY(const std::size_t size, read(offset, out));
      if (size != 0) {
        ends = out[size - 1] == '\n';
        return size;
      }
      if (ends || look == kLooks) return std::size_t{0};
      std::this_thread::sleep_for(kPause);
    }
  };
}

}  // namespace coffer::audit
