// coffer-audit verify: the whole log, and what was signed of it.
#include "coffer/audit/verify.h"

#include "coffer/model/json_writer.h"
#include "commands.h"
#include "output.h"

namespace coffer::auditor {
namespace {

using audit::Inspection;

void print_json(const Inspection& seen) {
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

int status_of(const Inspection& seen, bool has_keys) {
  if (seen.flaw) return kBadLog;
  const bool unsigned_tail = has_keys && seen.good.signed_lines < seen.good.last_sequence;
  return unsigned_tail || seen.good.clock_back ? kDoubts : kGood;
}

Result<Inspection> inspect(const Options& options) {
  COFFER_TRY(const audit::TrustedKeys keys, read_keys(options.keys));
  std::vector<audit::Checkpoint> known;
  for (const std::string& path : options.checkpoints) {
    COFFER_TRY(const std::string text, read_whole(path));
    COFFER_CHECK(audit::add_checkpoints(known, text, keys));
  }
  return audit::inspect_directory(options.words[0], known, keys);
}

}  // namespace

int verify(const Options& options) {
  if (options.keys.empty() && !options.checkpoints.empty()) {
    return complain("-checkpoint needs -key");
  }
  const auto seen = inspect(options);
  if (!seen.ok()) return complain(seen.error());
  if (options.json) {
    print_json(*seen);
  } else {
    print_table(*seen);
  }
  return status_of(*seen, !options.keys.empty());
}

}  // namespace coffer::auditor
