// coffer-audit: checks an audit log without daemon, token or key.
#include <boost/program_options.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "coffer/audit/known.h"
#include "coffer/audit/verify.h"
#include "coffer/base/version.h"
#include "coffer/model/json_writer.h"

namespace {

namespace po = boost::program_options;
using coffer::audit::Inspection;

constexpr int kGood = 0;
constexpr int kUsage = 1;  ///< or the log can't be read
constexpr int kBadLog = 2;
constexpr int kDoubts = 3;

constexpr std::string_view kHelp =
    "usage: coffer-audit verify [-key=FILE [-checkpoint=FILE]] [-format=table|json] DIR\n"
    "\n"
    "Walks all segments of the audit log in DIR and checks that no line was edited, removed,\n"
    "added or moved. With the vault's public key it checks the checkpoints beside the segments\n"
    "too, and finds a log that was written anew by who hasn't the token. Only checkpoints that\n"
    "were kept elsewhere show that lines and their checkpoints were cut off at the end.\n"
    "\n"
    "  -key=FILE            a public key in PEM, verifier keys, or a copy of the log's file\n"
    "                       signers; may be given several times\n"
    "  -checkpoint=FILE     checkpoints, signed by those keys; may be given several times\n"
    "  -format=table|json   how the result is printed (table)\n"
    "  -help, -version\n"
    "\n"
    "exit status: 0 the log is good; 1 wrong usage, or something can't be read; 2 the log or a\n"
    "checkpoint is bad; 3 the log is good, but its clock went back, or it has lines that no\n"
    "checkpoint covers that one of the keys signed\n";

struct Options {
  bool json = false;
  bool help = false;
  bool version = false;
  std::vector<std::string> keys;
  std::vector<std::string> checkpoints;
  std::string directory;
};

int complain(std::string_view text) {
  std::fprintf(stderr, "coffer-audit: %.*s\ntry: coffer-audit -help\n",
               static_cast<int>(text.size()), text.data());
  return kUsage;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// Vault's manner: -format=json and --format=json are the same.
coffer::Result<Options> parse(int argc, char** argv) {
  const auto wrong = [](std::string_view what) {
    return coffer::make_error(coffer::ErrorCode::invalid_argument, what);
  };
  po::options_description described;
  described.add_options()("help,h", "")("version", "")("format", po::value<std::string>());
  described.add_options()("key", po::value<std::vector<std::string>>());
  described.add_options()("checkpoint", po::value<std::vector<std::string>>());
  described.add_options()("words", po::value<std::vector<std::string>>());
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
  } catch (const po::error& error) {
    return wrong(error.what());
  }
  Options options;
  options.help = values.contains("help");
  options.version = values.contains("version");
  if (options.help || options.version) return options;
  const std::string format =
      values.contains("format") ? values["format"].as<std::string>() : "table";
  if (format != "table" && format != "json") return wrong("-format must be table or json");
  options.json = format == "json";
  std::vector<std::string> words;
  if (values.contains("words")) words = values["words"].as<std::vector<std::string>>();
  if (words.size() != 2 || words[0] != "verify") return wrong("want: verify DIR");
  options.directory = words[1];
  if (values.contains("key")) options.keys = values["key"].as<std::vector<std::string>>();
  if (values.contains("checkpoint")) {
    options.checkpoints = values["checkpoint"].as<std::vector<std::string>>();
  }
  if (options.keys.empty() && !options.checkpoints.empty()) {
    return wrong("-checkpoint needs -key");
  }
  return options;
}

void print_json(const Inspection& seen) {
  coffer::model::JsonWriter json;
  const auto number = [&](std::string_view name, std::uint64_t value) {
    json.key(name).number(static_cast<std::int64_t>(value));
  };
  json.begin_object().key("good").boolean(!seen.flaw);
  number("lines", seen.good.lines);
  number("first_sequence", seen.good.first_sequence);
  number("last_sequence", seen.good.last_sequence);
  number("open_requests", seen.good.open_requests);
  json.key("head").string(seen.good.head).key("root").string(seen.good.root);
  number("checkpoints", seen.good.checkpoints);
  number("signed_lines", seen.good.signed_lines);
  if (seen.good.foreign_checkpoints != 0) {
    number("foreign_checkpoints", seen.good.foreign_checkpoints);
  }
  if (const auto& back = seen.good.clock_back) {
    json.key("clock_back").begin_object().key("file").string(back->file);
    number("line", back->line);
    json.key("seconds").number(back->seconds).end_object();
  }
  if (seen.flaw) {
    json.key("bad").begin_object().key("file").string(seen.flaw->file);
    number("line", seen.flaw->line);
    json.key("what").string(seen.flaw->what).end_object();
  }
  json.end_object();
  print(json.view());
  print("\n");
}

void print_row(std::string_view name, std::string_view value) {
  std::string row(name);
  row.resize(16, ' ');
  print(row.append(value).append("\n"));
}

void print_table(const Inspection& seen) {
  print_row("result", seen.flaw ? "BAD" : "good");
  if (seen.flaw) {
    print_row("file", seen.flaw->file);
    print_row("line", std::to_string(seen.flaw->line));
    print_row("what is wrong", seen.flaw->what);
  }
  print_row(seen.flaw ? "good lines" : "lines", std::to_string(seen.good.lines));
  print_row("first sequence", std::to_string(seen.good.first_sequence));
  print_row("last sequence", std::to_string(seen.good.last_sequence));
  print_row("open requests", std::to_string(seen.good.open_requests));
  print_row("head", seen.good.head);
  print_row("root", seen.good.root);
  print_row("checkpoints", std::to_string(seen.good.checkpoints));
  print_row("signed lines", std::to_string(seen.good.signed_lines));
  if (seen.good.foreign_checkpoints != 0) {
    print_row("of other keys", std::to_string(seen.good.foreign_checkpoints));
  }
  if (const auto& back = seen.good.clock_back) {
    print_row("clock back", std::to_string(back->seconds) + " s at " + back->file + " line " +
                                std::to_string(back->line));
  }
}

coffer::Result<std::string> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad() || !in.is_open()) {
    return coffer::make_error(coffer::ErrorCode::unavailable, "cannot read " + path);
  }
  return text;
}

coffer::Result<coffer::audit::TrustedKeys> keys_of(const Options& options) {
  coffer::audit::TrustedKeys keys;
  for (const std::string& path : options.keys) {
    COFFER_TRY(const std::string text, read_whole(path));
    COFFER_CHECK(coffer::audit::add_keys(keys, text));
  }
  return keys;
}

coffer::Result<std::vector<coffer::audit::Checkpoint>> known_of(
    const Options& options, const coffer::audit::TrustedKeys& keys) {
  std::vector<coffer::audit::Checkpoint> known;
  for (const std::string& path : options.checkpoints) {
    COFFER_TRY(const std::string text, read_whole(path));
    COFFER_CHECK(coffer::audit::add_checkpoints(known, text, keys));
  }
  return known;
}

int status_of(const Inspection& seen, bool has_keys) {
  if (seen.flaw) return kBadLog;
  const bool unsigned_tail = has_keys && seen.good.signed_lines < seen.good.last_sequence;
  return unsigned_tail || seen.good.clock_back ? kDoubts : kGood;
}

coffer::Result<Inspection> inspect(const Options& options) {
  COFFER_TRY(const auto keys, keys_of(options));
  COFFER_TRY(const auto known, known_of(options, keys));
  return coffer::audit::inspect_directory(options.directory, known, keys);
}

int verify(const Options& options) {
  const auto seen = inspect(options);
  if (!seen.ok()) {
    complain(coffer::describe(seen.error()));
    return seen.error().code == coffer::ErrorCode::corrupt ? kBadLog : kUsage;
  }
  if (options.json) {
    print_json(*seen);
  } else {
    print_table(*seen);
  }
  return status_of(*seen, !options.keys.empty());
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options.ok()) return complain(options.error().text);
  if (options->help) {
    print(kHelp);
    return kGood;
  }
  if (options->version) {
    print(std::string("coffer-audit ").append(coffer::kVersion).append("\n"));
    return kGood;
  }
  return verify(*options);
}
