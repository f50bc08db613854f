#include "help.h"

#include <algorithm>
#include <map>

#include "arguments.h"

namespace coffer::cli {
namespace {

constexpr std::size_t kColumn = 20;

void append_row(std::string& out, std::string_view name, std::string_view summary) {
  out.append("    ").append(name);
  out.append(kColumn - std::min(name.size(), kColumn - 2), ' ').append(summary).append("\n");
}

std::string_view first_word(std::string_view words) { return words.substr(0, words.find(' ')); }

/// Each first word once: a command by itself with its summary, a group as what it is.
std::map<std::string_view, std::string> summaries(std::span<const Command> commands, bool common) {
  std::map<std::string_view, std::string> rows;
  for (const Command& command : commands) {
    if (command.common != common) continue;
    const std::string_view name = first_word(command.words);
    if (name == command.words) {
      rows[name] = command.summary;
    } else {
      std::string& row = rows[name];
      row.append(row.empty() ? "Subcommands: " : ", ")
          .append(command.words.substr(name.size() + 1));
    }
  }
  return rows;
}

std::string_view value_of(FlagKind kind) {
  switch (kind) {
    case FlagKind::boolean: return "";
    case FlagKind::number: return "=<number>";
    case FlagKind::text: return "=<text>";
    case FlagKind::duration: return "=<duration>";
    case FlagKind::list: return "=<text>[,<text>...]";
    case FlagKind::pairs: return "=<name=value>";
  }
  return "";
}

void append_flags(std::string& out, std::string_view title, std::span<const Flag> flags) {
  if (flags.empty()) return;
  out.append("\n").append(title).append("\n");
  for (const Flag& flag : flags) {
    out.append("\n    -").append(flag.name).append(value_of(flag.kind));
    out.append("\n        ").append(flag.help).append("\n");
  }
}

}  // namespace

std::string general_help(std::span<const Command> commands) {
  std::string out = "Usage: coffer <command> [flags] [arguments]\n\nCommon commands:\n";
  for (const auto& [name, summary] : summaries(commands, true)) append_row(out, name, summary);
  out += "\nOther commands:\n";
  auto others = summaries(commands, false);
  others["help"] = "Say what a command does";
  others["version"] = "Print the version";
  for (const auto& [name, summary] : others) append_row(out, name, summary);
  return out + "\nMore about a command: coffer <command> -help. See also coffer(1).\n";
}

std::string group_help(std::span<const Command> commands, std::string_view words) {
  std::string rows;
  const std::string start = std::string(words) + " ";
  for (const Command& command : commands) {
    if (command.words.substr(0, start.size()) != start) continue;
    append_row(rows, command.words.substr(start.size()), command.summary);
  }
  if (rows.empty()) return rows;
  return "Usage: coffer " + start + "<subcommand> [flags] [arguments]\n\nSubcommands:\n" + rows;
}

std::string command_help(const Command& command) {
  std::string out = "Usage: coffer ";
  out.append(command.words).append(command.synopsis.empty() ? "" : " ").append(command.synopsis);
  out.append("\n\n").append(command.help).append("\n");
  append_flags(out, "Flags of this command:", command.flags);
  append_flags(out, "Flags of every command:", common_flags());
  return out;
}

}  // namespace coffer::cli
