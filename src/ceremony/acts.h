// What coffer-ceremony does: one row an act, so that another is a row and a file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::ceremony {

constexpr int kDone = 0;
constexpr int kUsage = 1;  ///< wrong usage, or it couldn't be done
constexpr int kUnfit = 2;  ///< done, and what was looked at isn't fit

struct Act {
  std::string_view name;
  std::string_view about;
  /// Arguments after the act's name; gives the exit status.
  int (*run)(const std::vector<std::string>& arguments);
};

[[nodiscard]] std::span<const Act> acts() noexcept;

int probe(const std::vector<std::string>& arguments);
int enrol(const std::vector<std::string>& arguments);
int plan(const std::vector<std::string>& arguments);
int render(const std::vector<std::string>& arguments);
int person(const std::vector<std::string>& arguments);
int preflight(const std::vector<std::string>& arguments);
int rehearse(const std::vector<std::string>& arguments);
int run(const std::vector<std::string>& arguments);
int sign(const std::vector<std::string>& arguments);
int verify_bundle(const std::vector<std::string>& arguments);
int combine(const std::vector<std::string>& arguments);

/// On standard error, with the way to the help; gives kUsage.
int complain(std::string_view text);

}  // namespace coffer::ceremony
