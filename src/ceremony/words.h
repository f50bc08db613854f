// The command lines of the acts, in Vault's manner. Private to the room.
#pragma once

#include <boost/program_options.hpp>
#include <map>
#include <string>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::ceremony {

struct Option {
  const char* name;
  const char* about;
  bool required = false;
  bool is_flag = false;  ///< has no value; "yes" where it is given
};

/// Whether an act takes an argument that isn't an option.
enum class Operand { none, one };

struct Words {
  std::map<std::string, std::string> options;
  std::string word;  ///< the one argument that isn't an option; may be empty
  bool help = false;
  [[nodiscard]] const std::string& operator[](const std::string& name) const {
    return options.at(name);
  }
};

/// invalid_argument says what is wrong.
[[nodiscard]] Result<Words> parse_words(const std::vector<std::string>& arguments,
                                        const std::vector<Option>& options,
                                        Operand operand = Operand::none);
/// Of the option "format": table or json. invalid_argument.
[[nodiscard]] Result<bool> wants_json(const Words& words);
/// On standard output.
int print_help(std::string_view usage, const std::vector<Option>& options);
/// On standard error; gives kUsage.
int fail(const Error& error);

}  // namespace coffer::ceremony
