#include "program.h"

#include "arguments.h"
#include "coffer/base/version.h"
#include "command.h"
#include "completion.h"
#include "completion_install.h"
#include "help.h"
#include "session.h"
#include "settings.h"

namespace coffer::cli {
namespace {

std::string joined(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

/// The words before the first flag.
std::span<const std::string> leading_words(std::span<const std::string> arguments) {
  std::size_t count = 0;
  while (count < arguments.size() && !arguments[count].starts_with('-')) ++count;
  return arguments.first(count);
}

/// The group that the words name, if they begin with one: "kv" of "kv gett".
std::string find_group_help(std::span<const std::string> words) {
  for (std::size_t count = words.size(); count > 0; --count) {
    std::string help = group_help(all_commands(), joined(words.first(count)));
    if (!help.empty()) return help;
  }
  return {};
}

/// Asked for: on standard output, and a success.
int show_help(std::span<const std::string> words, Console& console) {
  if (words.empty()) {
    console.print(general_help(all_commands()));
    return kOk;
  }
  const Lookup found = find_command(all_commands(), words);
  const std::string text =
      found.command != nullptr ? command_help(*found.command) : find_group_help(words);
  if (text.empty()) {
    console.error("No help: there is no command \"" + joined(words) + "\"\nsee: coffer help");
    return kUnknown;
  }
  console.print(text);
  return kOk;
}

int unknown_command(std::span<const std::string> arguments, Console& console) {
  const auto words = leading_words(arguments);
  if (words.empty() && !arguments.empty()) {
    console.error("Flags go behind the command\nsee: coffer help");
    return kUnknown;
  }
  const std::string group = find_group_help(words);
  if (!words.empty() && (group.empty() || words.size() > 1)) {
    // Two words at most: what follows may be data.
    console.error("Unknown command: " + joined(words.first(group.empty() ? 1 : 2)));
  }
  console.error(group.empty() ? general_help(all_commands()) : group);
  return kUnknown;
}

/// "(expected 1, got 2)" and the like; empty when the number is right.
std::string miscounted(const Command& command, std::size_t count) {
  const bool exact = command.least == command.most;
  if (count < command.least) {
    return "Not enough arguments (expected " + std::string(exact ? "" : "at least ") +
           std::to_string(command.least) + ", got " + std::to_string(count) + ")";
  }
  if (count > command.most) {
    return "Too many arguments (expected " + std::string(exact ? "" : "at most ") +
           std::to_string(command.most) + ", got " + std::to_string(count) + ")";
  }
  return {};
}

void warn_of_trailing_flags(const Arguments& arguments, Console& console) {
  if (arguments.trailing_flags.empty()) return;
  std::string names;
  for (const std::string& flag : arguments.trailing_flags) {
    // Without what follows the '=': it may be a secret.
    names.append(names.empty() ? "" : ", ").append(flag.substr(0, flag.find('=')));
  }
  console.warning("flags must come before the other arguments; these are not taken for flags: " +
                  names);
}

int run_command(const Command& command, std::span<const std::string> rest,
                const Environment& environment, Console& console) {
  const auto usage = [&](std::string_view text) {
    console.error(std::string(text) + "\nsee: coffer " + std::string(command.words) + " -help");
    return kLocal;
  };
  const auto arguments = parse_arguments(command.flags, rest);
  if (!arguments.ok()) return usage(arguments.error().text);
  const auto settings = resolve_settings(arguments->flags, environment);
  if (!settings.ok()) return usage(settings.error().text);
  if (settings->format == Format::table) warn_of_trailing_flags(*arguments, console);
  if (settings->format == Format::raw && !command.raw) {
    return usage("-format=raw is for read alone");
  }
  if (const std::string why = miscounted(command, arguments->positional.size()); !why.empty()) {
    return usage(why);
  }
  Session session(command, *arguments, *settings, environment, console);
  return command.run(session);
}

int print_completion(std::span<const std::string> arguments, const Environment& environment,
                     Console& console) {
  for (const std::string& candidate : complete(arguments, environment)) {
    console.print(candidate + "\n");
  }
  return kOk;
}

int change_completion(bool install, const Environment& environment, Console& console) {
  const auto files = install ? install_completion(environment) : uninstall_completion(environment);
  if (!files.ok()) {
    console.error("Error: " + files.error().text);
    return kLocal;
  }
  for (const std::string& file : *files) {
    console.line(install ? "Completion is in " + file + ": it works in new shells"
                         : "Completion is out of " + file);
  }
  if (files->empty()) console.line("Completion was not installed");
  return kOk;
}

}  // namespace

int run_program(std::span<const std::string> arguments, const Environment& environment,
                Console& console) {
  if (asks_for_completion(environment)) return print_completion(arguments, environment, console);
  if (arguments.empty()) return unknown_command(arguments, console);
  const std::string& first = arguments.front();
  if (first == "-autocomplete-install" || first == "-autocomplete-uninstall") {
    return change_completion(first == "-autocomplete-install", environment, console);
  }
  if (first == "help") return show_help(leading_words(arguments.subspan(1)), console);
  if (asks_for_help(arguments)) return show_help(leading_words(arguments), console);
  if (first == "version" || first == "-v" || first == "-version" || first == "--version") {
    console.line("Coffer v" + std::string(kVersion));
    return kOk;
  }
  const Lookup found = find_command(all_commands(), arguments);
  if (found.command == nullptr) return unknown_command(arguments, console);
  return run_command(*found.command, arguments.subspan(found.words), environment, console);
}

}  // namespace coffer::cli
