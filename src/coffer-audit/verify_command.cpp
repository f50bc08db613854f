// coffer-audit verify: the whole log, and what was signed of it.
#include "coffer/audit/verify.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "coffer/audit/witness.h"
#include "coffer/model/json_writer.h"
#include "commands.h"
#include "output.h"

namespace coffer::auditor {
namespace {

using audit::Inspection;

struct Seen : Inspection {
  std::vector<audit::Cosigned> cosigned{};  ///< the newest of each witness
  std::vector<std::string> doubts{};        ///< of a log without a flaw
  std::uint64_t unsigned_from = 0;          ///< the first line that no key given signed; 0: none
};

void print_json(const Seen& seen, bool has_witnesses) {
  model::JsonWriter json;
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
  if (const auto missing = seen.good.missing_before(); missing != 0) {
    number("missing_before", missing);
  }
  if (seen.good.pruned != 0) number("pruned_before", seen.good.pruned);
  if (seen.unsigned_from != 0) number("unsigned_from", seen.unsigned_from);
  if (const auto& anchor = seen.good.anchor) {
    json.key("anchor").begin_object();
    number("number", anchor->number);
    number("sequence", anchor->sequence);
    number("line", anchor->line);
    json.end_object();
  }
  if (has_witnesses) {
    json.key("cosigned").begin_array();
    for (const audit::Cosigned& one : seen.cosigned) {
      json.begin_object().key("witness").string(one.name);
      number("lines", one.lines);
      json.key("at").string(to_rfc3339(one.at)).end_object();
    }
    json.end_array();
  }
  if (const auto& back = seen.good.clock_back) {
    json.key("clock_back").begin_object().key("file").string(back->file);
    number("line", back->line);
    json.key("seconds").number(back->seconds).end_object();
  }
  json.key("doubts").begin_array();
  for (const std::string& doubt : seen.doubts) json.string(doubt);
  json.end_array();
  if (seen.flaw) {
    json.key("bad").begin_object().key("file").string(seen.flaw->file);
    number("line", seen.flaw->line);
    json.key("what").string(seen.flaw->what).end_object();
  }
  json.end_object();
  print_object(json);
}

void print_table(const Seen& seen, bool has_witnesses) {
  print_row("result", seen.flaw ? "BAD" : "good");
  if (seen.flaw) {
    print_row("file", seen.flaw->file);
    print_row("line", std::to_string(seen.flaw->line));
    print_row("what is wrong", seen.flaw->what);
  }
  for (const std::string& doubt : seen.doubts) print_row("doubt", doubt);
  print_row(seen.flaw ? "good lines" : "lines", std::to_string(seen.good.lines));
  print_row("first sequence", std::to_string(seen.good.first_sequence));
  if (const auto missing = seen.good.missing_before(); missing != 0) {
    print_row("missing", "lines 1 to " + std::to_string(missing) + " aren't here" +
                             (seen.good.pruned == 0 ? ""
                                                    : "; prune removed those up to line " +
                                                          std::to_string(seen.good.pruned)));
  }
  print_row("last sequence", std::to_string(seen.good.last_sequence));
  print_row("open requests", std::to_string(seen.good.open_requests));
  print_row("head", seen.good.head);
  print_row("root", seen.good.root);
  print_row("checkpoints", std::to_string(seen.good.checkpoints));
  print_row("signed lines", std::to_string(seen.good.signed_lines));
  if (seen.good.foreign_checkpoints != 0) {
    print_row("of other keys", std::to_string(seen.good.foreign_checkpoints));
  }
  if (const auto& anchor = seen.good.anchor) {
    print_row("last anchor", std::to_string(anchor->number) + ", of the store's commit " +
                                 std::to_string(anchor->sequence) + ", at line " +
                                 std::to_string(anchor->line));
  }
  if (has_witnesses && seen.cosigned.empty()) print_row("cosigned", "by no witness");
  for (const audit::Cosigned& one : seen.cosigned) {
    print_row("cosigned",
              std::to_string(one.lines) + " lines by " + one.name + " at " + to_rfc3339(one.at));
  }
  if (const auto& back = seen.good.clock_back) {
    print_row("clock back", std::to_string(back->seconds) + " s at " + back->file + " line " +
                                std::to_string(back->line));
  }
}

void judge(Seen& seen, const Options& options) {
  if (seen.flaw) return;
  const bool with_keys = !options.keys.empty();
  if (with_keys) seen.unsigned_from = seen.good.unsigned_from();
  seen.doubts = audit::doubts(seen.good, with_keys, system_clock().wall());
  if (!options.witness_keys.empty() && seen.cosigned.empty()) {
    seen.doubts.emplace_back("no witness signed it");
  }
}

int status_of(const Seen& seen) {
  if (seen.flaw) return kBadLog;
  return seen.doubts.empty() ? kGood : kDoubts;
}

Result<std::vector<audit::Cosigner>> read_witnesses(const Options& options) {
  std::vector<audit::Cosigner> all;
  for (const std::string& path : options.witness_keys) {
    COFFER_TRY(const std::string text, read_whole(path));
    COFFER_TRY(const auto some, audit::parse_cosigners(text));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

/// What the log is held against.
struct Given {
  audit::TrustedKeys keys{};
  std::vector<audit::Cosigner> witnesses{};
  std::vector<audit::Checkpoint> known{};
  std::vector<audit::Cosigned> cosigned{};
};

/// Signed by the log, or by a witness of it.
Result<void> add_file(Given& given, const std::string& path) {
  COFFER_TRY(const std::string text, read_whole(path));
  if (!given.witnesses.empty()) {
    const auto cosigned = audit::add_cosigned(given.known, text, given.witnesses);
    if (cosigned.ok()) {
      given.cosigned.insert(given.cosigned.end(), cosigned->begin(), cosigned->end());
      return {};
    }
    const bool other = cosigned.error().code == ErrorCode::not_found && !given.keys.empty();
    if (!other) return make_error(ErrorCode::corrupt, cosigned.error().text);
  }
  return audit::add_checkpoints(given.known, text, given.keys);
}

/// An empty one is what a power cut left of the first: no witness has signed it then.
bool holds_notes(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) && std::filesystem::file_size(path, error) != 0;
}

std::vector<audit::Cosigned> newest_of_each(std::vector<audit::Cosigned> all) {
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, b.lines, b.at) < std::tie(b.name, a.lines, a.at);
  });
  const auto same = [](const auto& a, const auto& b) { return a.name == b.name; };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

/// `file`: what is being looked at, for whoever tells of an error.
Result<Seen> inspect(const Options& options, std::string& file) {
  Given given;
  COFFER_TRY(given.keys, read_keys(options.keys));
  COFFER_TRY(given.witnesses, read_witnesses(options));
  for (const std::string& path : options.checkpoints) COFFER_CHECK(add_file(given, file = path));
  const std::string beside = options.words[0] + "/" + std::string(audit::kCosigned);
  if (!given.witnesses.empty() && holds_notes(beside)) {
    COFFER_CHECK(add_file(given, file = beside));
  }
  file = options.words[0];
  COFFER_TRY(Inspection found, audit::inspect_directory(options.words[0], given.known, given.keys));
  return Seen{std::move(found), newest_of_each(std::move(given.cosigned))};
}

}  // namespace

int verify(const Options& options) {
  const bool has_witnesses = !options.witness_keys.empty();
  if (options.keys.empty() && !has_witnesses && !options.checkpoints.empty()) {
    return complain("-checkpoint needs -key or -witness-key");
  }
  std::string file = options.words[0];
  auto seen = inspect(options, file);
  if (!seen.ok()) return tell_bad(options.json, file, seen.error());
  judge(*seen, options);
  if (options.json) {
    print_json(*seen, has_witnesses);
  } else {
    print_table(*seen, has_witnesses);
  }
  return status_of(*seen);
}

}  // namespace coffer::auditor
