// coffer-audit prove and check: what a third party is given, and how it checks that.
#include "coffer/audit/proof.h"
#include "coffer/model/json_writer.h"
#include "commands.h"
#include "output.h"

namespace coffer::auditor {
namespace {

Error wrong(std::string_view what) { return make_error(ErrorCode::invalid_argument, what); }

/// The last of the file, which may be one of the log's own files of checkpoints.
Result<std::string> read_checkpoint(const std::string& path) {
  COFFER_TRY(const std::string text, read_whole(path));
  const auto notes = audit::split_notes(text);
  if (notes.empty()) return make_error(ErrorCode::corrupt, "the file holds no checkpoint");
  return std::string(notes.back());
}

Result<std::string> proof_text(const Options& options) {
  if (options.line.has_value() == !options.from.empty()) return wrong("want: -line or -from");
  if (options.checkpoints.size() > 1) return wrong("want one -checkpoint");
  const std::string& directory = options.words[0];
  COFFER_TRY(const std::string note, options.checkpoints.empty()
                                         ? audit::newest_checkpoint(directory)
                                         : read_checkpoint(options.checkpoints[0]));
  if (options.line) {
    COFFER_TRY(const auto proof, audit::prove_line(directory, *options.line, note));
    return to_text(proof);
  }
  COFFER_TRY(const std::string older, read_checkpoint(options.from));
  COFFER_TRY(const auto old, audit::parse_checkpoint(older));
  COFFER_TRY(const auto proof, audit::prove_growth(directory, old.checkpoint.size, note));
  return to_text(proof);
}

struct Checked {
  audit::Checkpoint checkpoint;
  std::uint64_t proven = 0;  ///< the line's number, or the older size
  std::string line{};
};

Result<Checked> check_line(const Options& options, const std::string& text,
                           const audit::TrustedKeys& keys) {
  COFFER_TRY(const audit::LineProof proof, audit::parse_line_proof(text));
  Checked checked{{}, proof.index + 1, proof.line};
  if (!options.text.empty()) {
    COFFER_TRY(checked.line, read_whole(options.text));
    if (checked.line.ends_with('\n')) checked.line.pop_back();
  }
  if (checked.line.empty()) return wrong("the proof doesn't bring its line: want -text");
  COFFER_TRY(checked.checkpoint, audit::check(proof, checked.line, keys));
  return checked;
}

Result<Checked> check_growth(const Options& options, const std::string& text,
                             const audit::TrustedKeys& keys) {
  COFFER_TRY(const audit::GrowthProof proof, audit::parse_growth_proof(text));
  COFFER_TRY(const std::string older, read_checkpoint(options.from));
  COFFER_TRY(const audit::SignedCheckpoint old, audit::parse_checkpoint(older));
  Checked checked{{}, proof.old_size, {}};
  COFFER_TRY(checked.checkpoint, audit::check(proof, old, keys));
  return checked;
}

Result<Checked> check_proof(const Options& options) {
  if (options.keys.empty()) return wrong("want -key");
  COFFER_TRY(const audit::TrustedKeys keys, read_keys(options.keys));
  COFFER_TRY(const std::string text, read_whole(options.words[0]));
  return options.from.empty() ? check_line(options, text, keys) : check_growth(options, text, keys);
}

void print_json(const Options& options, const Checked& checked) {
  model::JsonWriter json;
  json.begin_object().key("good").boolean(true);
  json.key("origin").string(checked.checkpoint.origin);
  json.key("size").number(static_cast<std::int64_t>(checked.checkpoint.size));
  json.key(options.from.empty() ? "line" : "from_size");
  json.number(static_cast<std::int64_t>(checked.proven));
  if (!checked.line.empty()) json.key("text").string(checked.line);
  json.end_object();
  print_object(json);
}

void print_table(const Options& options, const Checked& checked) {
  print_row("result", "good");
  print_row("origin", checked.checkpoint.origin);
  print_row("signed lines", std::to_string(checked.checkpoint.size));
  print_row(options.from.empty() ? "line" : "grew from", std::to_string(checked.proven));
  if (!checked.line.empty()) print_row("text", checked.line);
}

}  // namespace

int prove(const Options& options) {
  const auto text = proof_text(options);
  if (!text.ok()) return complain(text.error());
  print(*text);
  return kGood;
}

int check(const Options& options) {
  const auto checked = check_proof(options);
  if (!checked.ok()) return tell_bad(options.json, options.words[0], checked.error());
  if (options.json) {
    print_json(options, *checked);
  } else {
    print_table(options, *checked);
  }
  return kGood;
}

}  // namespace coffer::auditor
