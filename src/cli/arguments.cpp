#include "arguments.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <charconv>

#include "coffer/model/duration.h"

namespace coffer::cli {
namespace {

namespace options = boost::program_options;

constexpr std::array kCommonFlags{
    Flag{"address", FlagKind::text,
         "unix:///path, http://host:port or https://host:port (COFFER_ADDR, BAO_ADDR, VAULT_ADDR)"},
    Flag{"agent-address", FlagKind::text, "an agent's address, used instead (COFFER_AGENT_ADDR)"},
    Flag{"ca-cert", FlagKind::text, "PEM file of the authorities to trust (COFFER_CACERT)"},
    Flag{"ca-path", FlagKind::text, "directory of such files (COFFER_CAPATH)"},
    Flag{"client-cert", FlagKind::text, "PEM certificate to show (COFFER_CLIENT_CERT)"},
    Flag{"client-key", FlagKind::text, "PEM file with its key (COFFER_CLIENT_KEY)"},
    Flag{"tls-skip-verify", FlagKind::boolean, "don't check the server's certificate"},
    Flag{"tls-server-name", FlagKind::text, "name to expect in it (COFFER_TLS_SERVER_NAME)"},
    Flag{"namespace", FlagKind::text, "namespace to work in (COFFER_NAMESPACE)"},
    Flag{"ns", FlagKind::text, "the same"},
    Flag{"header", FlagKind::pairs, "NAME=VALUE: one more header; may be repeated"},
    Flag{"wrap-ttl", FlagKind::text, "have the answer wrapped in a token for so long, as 5m"},
    Flag{"format", FlagKind::text, "table, json, yaml, pretty or raw (COFFER_FORMAT)"},
    Flag{"detailed", FlagKind::boolean, "more columns, where there are any; a list whole"},
    Flag{"non-interactive", FlagKind::boolean, "never ask on the terminal"},
    Flag{"output-curl-string", FlagKind::boolean, "print the request as a curl command instead"},
    Flag{"output-policy", FlagKind::boolean, "print the policy that the request needs instead"},
};

constexpr std::array<std::string_view, 4> kAnywhere{"format", "detailed", "output-curl-string",
                                                    "output-policy"};

const Flag* find_flag(std::span<const Flag> flags, std::string_view name) {
  const auto found =
      std::find_if(flags.begin(), flags.end(), [&](const Flag& flag) { return flag.name == name; });
  return found == flags.end() ? nullptr : &*found;
}

/// One word of the command line, taken apart.
struct Word {
  std::string_view name;  ///< empty: not a flag
  std::optional<std::string_view> value;
};

Word take_apart(std::string_view word) {
  if (word.size() < 2 || word[0] != '-' || word == "--") return {};
  word.remove_prefix(word[1] == '-' ? 2 : 1);
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return {word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

/// The words sorted by what they are. Flags have the form -name or -name=value here, so that
/// nothing that parses them later can take a positional argument for a value.
struct Sorted {
  std::vector<std::string> flags;
  std::vector<std::string> positional;
  std::vector<std::string> trailing;
};

bool found_anywhere(std::string_view name) {
  return std::find(kAnywhere.begin(), kAnywhere.end(), name) != kAnywhere.end();
}

/// Names the flag and nothing else: what stands behind '=' may be a secret.
Error refused(std::string_view flag, std::string_view what) {
  flag.remove_prefix(std::min(flag.find_first_not_of('-'), flag.size()));
  std::string text(what);
  text.append(": -").append(flag.substr(0, flag.find('=')));
  return make_error(ErrorCode::invalid_argument, text);
}

/// Boost knows no durations.
bool is_fit(const Flag& flag, std::optional<std::string_view> value) {
  return flag.kind != FlagKind::duration || !value || value->empty() ||
         model::parse_duration(*value).ok();
}

Result<Sorted> sort_words(std::span<const Flag> flags, std::span<const std::string> arguments) {
  Sorted sorted;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      sorted.positional.insert(sorted.positional.end(),
                               arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                               arguments.end());
      break;
    }
    const Word word = take_apart(argument);
    const bool flags_may_stand_here = sorted.positional.empty();
    if (word.name.empty() || (!flags_may_stand_here && !found_anywhere(word.name))) {
      if (!word.name.empty()) sorted.trailing.push_back(argument);
      sorted.positional.push_back(argument);
      continue;
    }
    const Flag* flag = find_flag(flags, word.name);
    // Boost would take an unknown `-name` for a positional argument and say nothing.
    if (flag == nullptr) return refused(word.name, "flag provided but not defined");
    std::optional<std::string_view> value = word.value;
    if (!value && flag->kind != FlagKind::boolean) {
      if (++i >= arguments.size()) return refused(word.name, "flag needs an argument");
      value = arguments[i];
    }
    if (!is_fit(*flag, value)) return refused(word.name, "invalid value for flag");
    std::string text = "-" + std::string(word.name);
    if (value) text.append("=").append(*value);
    sorted.flags.push_back(std::move(text));
  }
  return sorted;
}

options::options_description describe_flags(std::span<const Flag> flags) {
  options::options_description description;
  for (const Flag& flag : flags) {
    const std::string name(flag.name);
    const options::value_semantic* semantic = nullptr;
    switch (flag.kind) {
      case FlagKind::boolean: semantic = options::value<bool>()->implicit_value(true); break;
      case FlagKind::number: semantic = options::value<std::int64_t>(); break;
      case FlagKind::text:
      case FlagKind::duration:
      case FlagKind::list:
      case FlagKind::pairs: semantic = options::value<std::vector<std::string>>(); break;
    }
    description.add_options()(name.c_str(), semantic);
  }
  return description;
}

/// Boost refuses `-name=`; here it means the same as no flag, as an empty default does elsewhere.
bool is_empty_text(std::span<const Flag> flags, const std::string& word) {
  const Word parts = take_apart(word);
  if (!parts.value || !parts.value->empty()) return false;
  const Flag* flag = find_flag(flags, parts.name);
  return flag != nullptr && flag->kind != FlagKind::boolean && flag->kind != FlagKind::number;
}

/// What Boost read, in one spelling: it takes "+5" and "yes" too.
std::string canonical(const Flag& flag, const options::variable_value& value) {
  switch (flag.kind) {
    case FlagKind::boolean: return value.as<bool>() ? "true" : "false";
    case FlagKind::number: return std::to_string(value.as<std::int64_t>());
    case FlagKind::text:
    case FlagKind::duration:
    case FlagKind::list:
    case FlagKind::pairs: break;
  }
  return value.as<std::vector<std::string>>().front();
}

/// Throws what Boost throws.
Flags parse_flags(std::span<const Flag> flags, std::vector<std::string> words) {
  std::erase_if(words, [&](const std::string& word) { return is_empty_text(flags, word); });
  using Style = options::command_line_style::style_t;
  const options::options_description description = describe_flags(flags);
  const auto parsed =
      options::command_line_parser(words)
          .options(description)
          .style(Style::allow_long | Style::long_allow_adjacent | Style::allow_long_disguise)
          .run();
  // Repeated flags: the last one counts (Boost's map would refuse them), lists collect.
  Flags result;
  for (const options::option& option : parsed.options) {
    options::parsed_options single(&description);
    single.options.push_back(option);
    options::variables_map checked;
    options::store(single, checked);
    const Flag* flag = find_flag(flags, option.string_key);
    if (flag == nullptr) throw options::unknown_option(option.string_key);
    result.add(flag->name, canonical(*flag, checked[option.string_key]));
  }
  return result;
}

}  // namespace

void Flags::add(std::string_view name, std::string value) {
  values_[std::string(name)].push_back(std::move(value));
}

bool Flags::has(std::string_view name) const { return values_.find(name) != values_.end(); }

std::string Flags::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second.back();
}

std::vector<std::string> Flags::list(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

bool Flags::boolean(std::string_view name) const { return text(name) == "true"; }

std::optional<std::int64_t> Flags::number(std::string_view name) const {
  const std::string value = text(name);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

std::span<const Flag> common_flags() { return kCommonFlags; }

Lookup find_command(std::span<const Command> commands, std::span<const std::string> arguments) {
  std::string words;
  Lookup best;
  for (std::size_t count = 1; count <= std::min<std::size_t>(arguments.size(), 4); ++count) {
    words.append(count == 1 ? "" : " ").append(arguments[count - 1]);
    const auto found = std::find_if(commands.begin(), commands.end(),
                                    [&](const Command& command) { return command.words == words; });
    if (found != commands.end()) best = {&*found, count};
  }
  return best;
}

bool asks_for_help(std::span<const std::string> arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return false;
    if (argument == "-h" || argument == "-help" || argument == "--help") return true;
  }
  return false;
}

Result<Arguments> parse_arguments(std::span<const Flag> own_flags,
                                  std::span<const std::string> arguments) {
  std::vector<Flag> flags(own_flags.begin(), own_flags.end());
  flags.insert(flags.end(), kCommonFlags.begin(), kCommonFlags.end());
  COFFER_TRY(Sorted sorted, sort_words(flags, arguments));
  try {
    return Arguments{parse_flags(flags, std::move(sorted.flags)), std::move(sorted.positional),
                     std::move(sorted.trailing)};
  } catch (const options::unknown_option& error) {
    return refused(error.get_option_name(), "flag provided but not defined");
  } catch (const options::error_with_option_name& error) {
    return refused(error.get_option_name(), "invalid value for flag");
  } catch (const std::exception&) {
    return make_error(ErrorCode::invalid_argument, "invalid flags");
  }
}

}  // namespace coffer::cli
