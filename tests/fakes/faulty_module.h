// The fault-injecting PKCS#11 module (tests/fault/p11_fault) in front of SoftHSM, for one process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::fakes {

class FaultyModule final {
 public:
  /// One a process: the module reads where its script is but once. Faults and counts start anew.
  [[nodiscard]] static FaultyModule& get();

  /// To load in place of SoftHSM.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// From now on these rules alone (tests/fault/p11_fault/script.h); empty: none.
  void set(std::string_view rules);
  /// Since the process began, by whatever token.
  [[nodiscard]] std::uint64_t calls(std::string_view function) const;
  [[nodiscard]] std::uint64_t failed(std::string_view function) const;

 private:
  FaultyModule();
  [[nodiscard]] std::uint64_t number(std::string_view function, std::size_t which) const;
  std::string path_;
  std::string directory_;
};

}  // namespace coffer::fakes
