// coffer-audit verify-evidence and verify-attestation: what the vault's token signed about itself,
// checked without either.
#include <algorithm>

#include "bundle_file.h"
#include "coffer/model/json_writer.h"
#include "commands.h"
#include "evidence_contents.h"
#include "output.h"

namespace coffer::auditor {
namespace {

using audit::EvidenceFinding;
using audit::EvidenceReport;

/// For people, and to hold against `signers`: the key itself in hex of its hash.
std::string name_of(const audit::EvidenceSigner& signer) {
  const auto name = signer.name();
  return name.ok() ? *name : std::string();
}

struct Checked {
  EvidenceReport report;
  std::vector<Content> contents{};

  [[nodiscard]] bool is_signed() const { return report.flaws.empty(); }
  [[nodiscard]] bool good() const {
    return is_signed() && std::all_of(contents.begin(), contents.end(),
                                      [](const Content& one) { return one.good; });
  }
  [[nodiscard]] bool doubtful() const {
    return std::any_of(contents.begin(), contents.end(),
                       [](const Content& one) { return !one.doubts.empty(); });
  }
  [[nodiscard]] int status() const {
    if (!good()) return kBadLog;
    return doubtful() ? kDoubts : kGood;
  }
};

void print_json(const Checked& checked) {
  const EvidenceReport& report = checked.report;
  model::JsonWriter json;
  json.begin_object().key("good").boolean(checked.good());
  json.key("signed").boolean(checked.is_signed());
  if (report.signer) json.key("signed_by").string(name_of(*report.signer));
  json.key("vault").string(to_string(report.manifest.vault));
  json.key("time").string(report.manifest.time).key("version").string(report.manifest.version);
  json.key("files").begin_array();
  for (const audit::EvidenceFile& file : report.manifest.files) json.string(file.name);
  json.end_array().key("bad").begin_array();
  for (const EvidenceFinding& flaw : report.flaws) {
    json.begin_object().key("file").string(flaw.file).key("what").string(flaw.what).end_object();
  }
  json.end_array().key("contents").begin_array();
  for (const Content& one : checked.contents) {
    json.begin_object().key("name").string(one.name).key("good").boolean(one.good);
    json.key("what").string(one.what).key("doubts").begin_array();
    for (const std::string& doubt : one.doubts) json.string(doubt);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  print_object(json);
}

void print_table(const Checked& checked) {
  const EvidenceReport& report = checked.report;
  print_row("result", checked.good() ? "good" : "BAD");
  print_row("signature", checked.is_signed() ? "good" : "BAD");
  for (const EvidenceFinding& flaw : report.flaws) print_row("bad", flaw.file + " " + flaw.what);
  for (const Content& one : checked.contents) {
    if (!one.good) print_row("contents", one.name + " BAD: " + one.what);
    if (one.good && one.doubts.empty()) print_row("contents", one.name + " good");
    for (const std::string& doubt : one.doubts) print_row("doubt", one.name + ": " + doubt);
  }
  if (report.signer) print_row("signed by", name_of(*report.signer));
  if (report.manifest.time.empty()) return;
  print_row("vault", to_string(report.manifest.vault));
  print_row("signed at", report.manifest.time);
  print_row("version", report.manifest.version);
  print_row("files", std::to_string(report.manifest.files.size()));
}

Result<Checked> check_bundle(const Options& options) {
  COFFER_TRY(const audit::TrustedKeys keys, read_keys(options.keys));
  const auto bundle = read_bundle(options.words[0]);
  if (!bundle.ok() && bundle.error().code != ErrorCode::corrupt) return bundle.error();
  if (!bundle.ok()) return Checked{{{}, {{"", bundle.error().text}}}};
  COFFER_TRY(EvidenceReport report, audit::verify_evidence(*bundle, keys));
  auto contents = contents_of(*bundle, report, keys);
  return Checked{std::move(report), std::move(contents)};
}

Result<audit::Attestation> check_note(const Options& options) {
  COFFER_TRY(const audit::TrustedKeys keys, read_keys(options.keys));
  COFFER_TRY(const std::string note, read_whole(options.words[0]));
  COFFER_TRY(audit::Attestation attestation, audit::verify_attestation(note, keys));
  if (options.challenge.empty() || attestation.value("challenge") == options.challenge) {
    return attestation;
  }
  return make_error(ErrorCode::corrupt, "it answers another challenge");
}

}  // namespace

int verify_evidence(const Options& options) {
  const auto checked = check_bundle(options);
  if (!checked.ok()) return complain(checked.error());
  if (options.json) {
    print_json(*checked);
  } else {
    print_table(*checked);
  }
  return checked->status();
}

int verify_attestation(const Options& options) {
  const auto attestation = check_note(options);
  if (!attestation.ok()) {
    return tell_bad(options.json, options.words[0], attestation.error());
  }
  const auto& retired = attestation->signer.retired;
  const std::string doubt = retired ? "it was signed with " + retired_text(*retired) +
                                          ": by whom, and when, it can't show"
                                    : std::string();
  const int status = retired ? kDoubts : kGood;
  if (!options.json) {
    print_row("result", "good");
    if (retired) print_row("doubt", doubt);
    print_row("signed by", attestation->label);
    print_row("key", name_of(attestation->signer));
    for (const auto& [name, value] : attestation->lines) print_row(name, value);
    return status;
  }
  model::JsonWriter json;
  json.begin_object().key("good").boolean(true).key("label").string(attestation->label);
  json.key("signed_by").string(name_of(attestation->signer)).key("doubts").begin_array();
  if (retired) json.string(doubt);
  json.end_array().key("lines").begin_array();
  for (const auto& [name, value] : attestation->lines) {
    json.begin_object().key("name").string(name).key("value").string(value).end_object();
  }
  json.end_array().end_object();
  print_object(json);
  return status;
}

}  // namespace coffer::auditor
