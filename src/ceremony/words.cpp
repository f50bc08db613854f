#include "words.h"

#include <cstdio>

#include "acts.h"
#include "coffer/base/option_name.h"
#include "coffer/base/terminal.h"

namespace coffer::ceremony {
namespace {

namespace po = boost::program_options;

Error wrong(const std::string& what) { return make_error(ErrorCode::invalid_argument, what); }

po::options_description described(const std::vector<Option>& options) {
  po::options_description all;
  all.add_options()("help,h", "")("word", po::value<std::string>()->default_value(""), "");
  for (const Option& each : options) {
    if (each.is_flag) {
      all.add_options()(each.name, "");
      continue;
    }
    all.add_options()(each.name, po::value<std::string>()->default_value(""), "");
  }
  return all;
}

}  // namespace

Result<Words> parse_words(const std::vector<std::string>& arguments,
                          const std::vector<Option>& options, Operand operand) {
  const po::options_description all = described(options);
  po::positional_options_description positional;
  positional.add("word", 1);
  po::variables_map values;
  try {
    po::store(
        po::command_line_parser(arguments)
            .options(all)
            .positional(positional)
            .style(po::command_line_style::unix_style | po::command_line_style::allow_long_disguise)
            .run(),
        values);
  } catch (const po::error_with_option_name& error) {
    return wrong(bad_option(error.get_option_name()));
  } catch (const po::error&) {
    return wrong("bad command line");
  }
  Words words;
  words.help = values.contains("help");
  words.word = values["word"].as<std::string>();
  // A word that was meant as an option must not be as if it weren't there. It may be a secret, too.
  if (operand == Operand::none && !words.word.empty()) {
    return wrong("takes options alone: there is a word that isn't one");
  }
  for (const Option& each : options) {
    if (each.is_flag) {
      words.options[each.name] = values.contains(each.name) ? "yes" : "";
      continue;
    }
    words.options[each.name] = values[each.name].as<std::string>();
    if (!words.help && each.required && words[each.name].empty()) {
      return wrong("want -" + std::string(each.name) + "=…");
    }
  }
  return words;
}

Result<bool> wants_json(const Words& words) {
  const std::string& format = words["format"];
  if (format.empty() || format == "table") return false;
  if (format == "json") return true;
  return wrong("-format must be table or json");
}

int print_help(std::string_view usage, const std::vector<Option>& options) {
  std::printf("usage: coffer-ceremony %.*s\n\n", static_cast<int>(usage.size()), usage.data());
  for (const Option& each : options) std::printf("  -%-16s %s\n", each.name, each.about);
  return kDone;
}

int fail(const Error& error) {
  std::fprintf(stderr, "coffer-ceremony: %s\n", for_terminal(describe(error)).c_str());
  return kUsage;
}

}  // namespace coffer::ceremony
