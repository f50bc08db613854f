#include "options.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <charconv>
#include <limits>

#include "coffer/base/option_name.h"

namespace coffer::auditor {
namespace {

namespace po = boost::program_options;
using Names = std::vector<std::string>;

constexpr std::string_view kHelp =
    "usage: coffer-audit verify [-key=FILE] [-witness-key=FILE] [-checkpoint=FILE]\n"
    "                           [-format=table|json] DIR\n"
    "       coffer-audit prove -line=N|-from=FILE [-checkpoint=FILE] DIR\n"
    "       coffer-audit check -key=FILE [-from=FILE] [-text=FILE] [-format=table|json] PROOF\n"
    "       coffer-audit search|follow [FILTER…] [-format=table|json] DIR\n"
    "       coffer-audit search -events [-since=TIME] [-until=TIME] [-format=table|json] DIR\n"
    "       coffer-audit report [FILTER…] [-policies=FILE] [-format=table|json] DIR\n"
    "       coffer-audit verify-evidence -key=FILE [-format=table|json] BUNDLE.tar\n"
    "       coffer-audit verify-attestation -key=FILE [-challenge=TEXT] [-format=table|json] NOTE\n"
    "       coffer-audit compress [-format=table|json] DIR\n"
    "       coffer-audit prune -keep-days=N -key=FILE [-format=table|json] DIR\n"
    "\n"
    "verify walks all segments of the audit log in DIR and checks that no line was edited,\n"
    "removed, added or moved. With the vault's public key it checks the checkpoints beside the\n"
    "segments too, and finds a log that was written anew by who hasn't the token. Only\n"
    "checkpoints that were kept elsewhere show that lines and their checkpoints were cut off at\n"
    "the end.\n"
    "\n"
    "prove prints a proof that line N is in the log, or that the log only grew since the\n"
    "checkpoint in FILE; check checks it, and needs no log. search prints the requests that\n"
    "match, follow those that come; report tells who reached what, and what was refused.\n"
    "verify-evidence checks that each file of what `coffer evidence` gathered is as the token\n"
    "signed it, verify-attestation what `coffer token attest` printed.\n"
    "compress compresses segments that nobody writes any more; prune verifies the log and removes\n"
    "the oldest ones, never of the last 90 days.\n"
    "\n"
    "  -key=FILE            a public key in PEM, verifier keys, or a copy of the log's file\n"
    "                       signers; may be given several times\n"
    "  -checkpoint=FILE     checkpoints, signed by those keys; may be given several times. Of\n"
    "                       prove: the one to prove against (the newest beside the log)\n"
    "  -witness-key=FILE    verifier keys of witnesses (type 4), one a line: what they signed of\n"
    "                       the log, in its file cosigned and in -checkpoint, must verify and fit\n"
    "  -line=N              the line's seq\n"
    "  -from=FILE           an older checkpoint\n"
    "  -text=FILE           the line, where the proof doesn't bring it\n"
    "  -challenge=TEXT      what the attestation must answer\n"
    "  -events              no requests, but what the daemon tells of itself: starts, stops,\n"
    "                       changes of its configuration, what it took on or found wrong\n"
    "  -keep-days=N         days that stay, 90 to 36500\n"
    "  -policies=FILE       names of all policies, one a line\n"
    "  -format=table|json   how the result is printed (table)\n"
    "  -help, -version\n"
    "\n"
    "filters: -path=PATH (with * for any characters), -caller=NAME (display name, unit or uid),\n"
    "  -accessor=ACCESSOR, -operation=NAME, -policy=NAME, -since=TIME, -until=TIME (UTC:\n"
    "  2026-01-02T03:04:05Z or 2026-01-02), -outcome=served|denied|failed|interrupted\n"
    "\n"
    "exit status: 0 the log or the proof is good; 1 wrong usage, or something can't be read;\n"
    "2 the log, a checkpoint, the proof, or what a bundle shows is bad; 3 the log is good, with\n"
    "doubts, which are named: its clock went back, it has lines that none of the keys signed, no\n"
    "witness signed it, or lines are missing at its beginning that prune didn't remove\n";

struct Command {
  std::string_view name;
  std::string_view argument;
  Names options;
};

/// Which options each takes; -format of all but prove.
const std::vector<Command>& commands() {
  static const Names filters = {"path",  "caller", "accessor", "operation", "policy",
                                "since", "until",  "outcome",  "format"};
  static const std::vector<Command> all = [] {
    Names search = filters;
    search.emplace_back("events");
    Names report = filters;
    report.emplace_back("policies");
    return std::vector<Command>{{"verify", "DIR", {"key", "witness-key", "checkpoint", "format"}},
                                {"prove", "DIR", {"line", "from", "checkpoint"}},
                                {"check", "PROOF", {"key", "from", "text", "format"}},
                                {"search", "DIR", search},
                                {"follow", "DIR", filters},
                                {"report", "DIR", report},
                                {"verify-evidence", "BUNDLE", {"key", "format"}},
                                {"verify-attestation", "NOTE", {"key", "challenge", "format"}},
                                {"compress", "DIR", {"format"}},
                                {"prune", "DIR", {"key", "keep-days", "format"}}};
  }();
  return all;
}

Error wrong(std::string_view what) { return make_error(ErrorCode::invalid_argument, what); }

Result<po::variables_map> read(int argc, const char* const* argv) {
  po::options_description described;
  described.add_options()("help,h", "")("version", "")("events", "");
  for (const char* name :
       {"format", "from", "challenge", "text", "policies", "path", "caller", "accessor",
        "operation", "policy", "since", "until", "outcome", "line", "keep-days"}) {
    described.add_options()(name, po::value<std::string>());
  }
  for (const char* name : {"key", "witness-key", "checkpoint", "words"}) {
    described.add_options()(name, po::value<Names>());
  }
  po::positional_options_description positional;
  positional.add("words", -1);
  po::variables_map values;
  try {
    const int style =
        po::command_line_style::unix_style | po::command_line_style::allow_long_disguise;
    po::store(po::command_line_parser(argc, argv)
                  .options(described)
                  .positional(positional)
                  .style(style)
                  .run(),
              values);
  } catch (const po::error_with_option_name& error) {
    return wrong(bad_option(error.get_option_name()));
  } catch (const po::error&) {
    return wrong("bad command line");
  }
  return values;
}

std::string text_of(const po::variables_map& values, const char* name) {
  return values.contains(name) ? values[name].as<std::string>() : std::string();
}

Names names_of(const po::variables_map& values, const char* name) {
  return values.contains(name) ? values[name].as<Names>() : Names();
}

/// Boost would take "-1" for the largest number that there is.
template <class Number>
Result<std::optional<Number>> number_of(const po::variables_map& values, const char* name) {
  if (!values.contains(name)) return std::optional<Number>();
  const std::string text = text_of(values, name);
  Number number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc() && end == text.data() + text.size()) return std::optional(number);
  return wrong("-" + std::string(name) + " must be a whole number, not negative and not larger " +
               "than " + std::to_string(std::numeric_limits<Number>::max()));
}

Result<std::optional<std::int64_t>> moment_of(const po::variables_map& values, const char* name) {
  if (!values.contains(name)) return std::optional<std::int64_t>();
  const auto moment = audit::parse_moment(text_of(values, name));
  if (moment.ok()) return std::optional<std::int64_t>(*moment);
  return wrong("-" + std::string(name) + ": " + moment.error().text);
}

Result<audit::RecordFilter> filter_of(const po::variables_map& values) {
  audit::RecordFilter filter{.path = text_of(values, "path"),
                             .caller = text_of(values, "caller"),
                             .accessor = text_of(values, "accessor"),
                             .operation = text_of(values, "operation"),
                             .policy = text_of(values, "policy")};
  COFFER_TRY(filter.since, moment_of(values, "since"));
  COFFER_TRY(filter.until, moment_of(values, "until"));
  if (values.contains("outcome")) {
    filter.ending = audit::parse_ending(text_of(values, "outcome"));
    if (!filter.ending) return wrong("-outcome must be served, denied, failed or interrupted");
  }
  return filter;
}

Result<void> check_events(const po::variables_map& values) {
  for (const char* name : {"path", "caller", "accessor", "operation", "policy", "outcome"}) {
    if (values.contains(name)) return wrong("search -events takes no -" + std::string(name));
  }
  return {};
}

Result<void> check_command(const po::variables_map& values, const Options& options) {
  const auto command = std::find_if(commands().begin(), commands().end(), [&](const Command& one) {
    return one.name == options.command;
  });
  if (command == commands().end()) {
    return wrong(
        "want: verify, prove, check, search, follow, report, verify-evidence, verify-attestation, "
        "compress "
        "or prune");
  }
  if (options.words.size() != 1) {
    return wrong("want: " + std::string(command->name) + " " + std::string(command->argument));
  }
  for (const auto& [name, value] : values) {
    const bool taken =
        name == "words" ||
        std::find(command->options.begin(), command->options.end(), name) != command->options.end();
    if (!taken) return wrong(std::string(command->name) + " takes no -" + name);
  }
  return {};
}

}  // namespace

std::string_view help_text() { return kHelp; }

Result<Options> parse_options(int argc, const char* const* argv) {
  COFFER_TRY(const po::variables_map values, read(argc, argv));
  Options options;
  options.help = values.contains("help");
  options.version = values.contains("version");
  if (options.help || options.version) return options;
  options.words = names_of(values, "words");
  if (!options.words.empty()) {
    options.command = options.words.front();
    options.words.erase(options.words.begin());
  }
  COFFER_CHECK(check_command(values, options));
  const std::string format = values.contains("format") ? text_of(values, "format") : "table";
  if (format != "table" && format != "json") return wrong("-format must be table or json");
  options.json = format == "json";
  options.keys = names_of(values, "key");
  options.witness_keys = names_of(values, "witness-key");
  options.checkpoints = names_of(values, "checkpoint");
  options.from = text_of(values, "from");
  options.challenge = text_of(values, "challenge");
  options.text = text_of(values, "text");
  options.policies = text_of(values, "policies");
  COFFER_TRY(options.line, number_of<std::uint64_t>(values, "line"));
  COFFER_TRY(options.keep_days, number_of<std::uint32_t>(values, "keep-days"));
  COFFER_TRY(options.filter, filter_of(values));
  options.events = values.contains("events");
  if (options.events) COFFER_CHECK(check_events(values));
  return options;
}

}  // namespace coffer::auditor
