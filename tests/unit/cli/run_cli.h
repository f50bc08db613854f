// Runs the command line program in the test's process, with an environment and streams of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace coffer::cli {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

struct Surroundings {
  std::map<std::string, std::string> environment = {};
  std::string standard_input = {};
  std::string typed = {};  ///< what the user types when asked
  bool terminal = false;
};

Outcome run_cli(const std::vector<std::string>& arguments, const Surroundings& surroundings);

}  // namespace coffer::cli
