// What was called how often: in a file that all processes with the module share and tests read.
//
// All numbers are of 64 bits, in the machine's order:
//     "P11FLT1\n" | script | rule calls (32) | functions: name (24 bytes, NUL padded), calls,
//     failed
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "script.h"

namespace coffer::p11_fault {

struct FunctionCount {
  char name[24];
  std::atomic<std::uint64_t> calls;
  std::atomic<std::uint64_t> failed;
};

struct Counts {
  char magic[8];
  std::uint64_t script;  ///< which script the rules' counts are of
  std::atomic<std::uint64_t> rules[kMaxRules];
  FunctionCount functions[kFunctions];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

/// Mapped from `path`, made if need be; never unmapped. Where that can't be done: a private one, so
/// that faults work all the same.
[[nodiscard]] Counts& map_counts(const std::string& path);

/// The rules' counts start anew if they are of another script. Once for all processes.
void adopt_script(Counts& counts, const std::string& path, std::uint64_t script);

}  // namespace coffer::p11_fault
