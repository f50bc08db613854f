#include "completion.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "arguments.h"
#include "command.h"
#include "completion_paths.h"
#include "completion_words.h"
#include "settings.h"

namespace coffer::cli {
namespace {

using Words = std::vector<std::string>;

/// The line up to the cursor.
std::string typed_line(const Environment& environment) {
  const std::string_view line = environment.get("COMP_LINE").value_or("");
  const std::string_view point = environment.get("COMP_POINT").value_or("");
  std::size_t size = line.size();
  std::from_chars(point.data(), point.data() + point.size(), size);
  return std::string(line.substr(0, size));
}

/// The words that may follow: "get", "put" after "kv".
Words next_words(std::span<const std::string> before) {
  std::string start;
  for (const std::string& word : before) start.append(word).append(" ");
  Words found;
  if (before.empty()) found = {"help", "version"};
  for (const Command& command : all_commands()) {
    if (!command.words.starts_with(start)) continue;
    const std::string_view rest = command.words.substr(start.size());
    found.emplace_back(rest.substr(0, rest.find(' ')));
  }
  return found;
}

/// What stands between the command's words and the word that is being typed.
struct Position {
  std::size_t positional = 0;      ///< how many arguments are complete
  const Flag* value_of = nullptr;  ///< the word is this flag's value
};

const Flag* find_flag(const Command& command, std::string_view word) {
  if (!word.starts_with('-')) return nullptr;
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  const auto named = [word](const Flag& flag) { return flag.name == word; };
  const auto own = std::find_if(command.flags.begin(), command.flags.end(), named);
  if (own != command.flags.end()) return &*own;
  const auto common = common_flags();
  const auto found = std::find_if(common.begin(), common.end(), named);
  return found == common.end() ? nullptr : &*found;
}

Position position_of(const Command& command, std::span<const std::string> before) {
  Position position;
  for (const std::string& word : before) {
    if (position.value_of != nullptr) {
      position.value_of = nullptr;
    } else if (position.positional > 0 || !word.starts_with('-')) {
      ++position.positional;
    } else {
      const Flag* flag = find_flag(command, word);
      if (flag != nullptr && flag->kind != FlagKind::boolean) position.value_of = flag;
    }
  }
  return position;
}

Words flag_names(const Command& command) {
  Words names;
  const auto add = [&names](const Flag& flag) {
    names.push_back("-" + std::string(flag.name) + (flag.kind == FlagKind::boolean ? "" : "="));
  };
  std::for_each(command.flags.begin(), command.flags.end(), add);
  std::for_each(common_flags().begin(), common_flags().end(), add);
  return names;
}

/// Completes the words of one command.
class CommandCompletion final {
 public:
  CommandCompletion(const Command& command, std::span<const std::string> before,
                    const Environment& environment)
      : command_(command), before_(before), environment_(environment) {}

  [[nodiscard]] Words candidates(const std::string& word) const {
    const Position position = position_of(command_, before_);
    if (position.value_of != nullptr) return values(*position.value_of, word);
    if (position.positional > 0) return {};
    if (!word.starts_with('-')) return asked_for(command_.argument, word);
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return flag_names(command_);
    const Flag* flag = find_flag(command_, word.substr(0, equals));
    if (flag == nullptr) return {};
    Words found = values(*flag, word.substr(equals + 1));
    for (std::string& value : found) value.insert(0, word.substr(0, equals + 1));
    return found;
  }

 private:
  [[nodiscard]] Words values(const Flag& flag, const std::string& word) const {
    if (flag.name == "format") return {"json", "pretty", "raw", "table", "yaml"};
    if (flag.name == "method" && command_.words == "login") return {"token", "unix", "userpass"};
    if (flag.name == "method") return {"patch", "rw"};
    if (flag.name == "mode") return {"orphan", "path"};
    if (flag.name == "policy") return asked_for(Argument::policy, word);
    if (flag.name == "mount") return asked_for(Argument::engine, word);
    if (flag.name == "operation" || flag.name == "capability") {
      return {"create", "delete", "list", "patch", "read", "scan", "update"};
    }
    return {};
  }

  [[nodiscard]] Words asked_for(Argument what, const std::string& word) const {
    // A half-typed flag makes the rest unreadable: then the environment alone says whom to ask.
    const auto arguments = parse_arguments(command_.flags, before_);
    const Flags flags = arguments.ok() ? arguments->flags : Flags();
    const auto settings = resolve_settings(flags, environment_);
    if (!settings.ok()) return {};
    return PathCompletion(*settings, environment_).candidates(what, word, flags.text("mount"));
  }

  const Command& command_;
  std::span<const std::string> before_;
  const Environment& environment_;
};

Words all_candidates(std::span<const std::string> before, const std::string& word,
                     const Environment& environment) {
  const Lookup found = find_command(all_commands(), before);
  if (found.command == nullptr) return next_words(before);
  return CommandCompletion(*found.command, before.subspan(found.words), environment)
      .candidates(word);
}

/// The shell replaces less than the whole word when it takes '=' or ':' for its end.
std::size_t kept_by_shell(const std::string& word, std::span<const std::string> arguments) {
  if (arguments.size() < 2 || !word.ends_with(arguments[1])) return 0;
  return word.size() - arguments[1].size();
}

}  // namespace

bool asks_for_completion(const Environment& environment) {
  return environment.get("COMP_LINE") && environment.get("COMP_POINT");
}

Words complete(std::span<const std::string> arguments, const Environment& environment) {
  const Words words = split_words(typed_line(environment));
  if (words.size() < 2) return {};
  const std::string& word = words.back();
  const std::span<const std::string> before(words.data() + 1, words.size() - 2);
  const std::size_t kept = kept_by_shell(word, arguments);
  Words result;
  for (const std::string& candidate : all_candidates(before, word, environment)) {
    if (!candidate.starts_with(word)) continue;
    std::string text = escaped_word(std::string_view(candidate).substr(kept));
    if (text.empty()) continue;
    if (!text.ends_with('/') && !text.ends_with('=')) text += ' ';
    result.push_back(std::move(text));
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

}  // namespace coffer::cli
