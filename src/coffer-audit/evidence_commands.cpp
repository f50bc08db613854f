// coffer-audit verify-evidence and verify-attestation: what the vault's token signed about itself,
// checked without either.
#include "bundle_file.h"
#include "coffer/model/json_writer.h"
#include "commands.h"
#include "output.h"

namespace coffer::auditor {
namespace {

using audit::EvidenceFinding;
using audit::EvidenceReport;

void print_json(const EvidenceReport& report) {
  model::JsonWriter json;
  json.begin_object().key("good").boolean(report.flaws.empty());
  json.key("vault").string(to_string(report.manifest.vault));
  json.key("time").string(report.manifest.time).key("version").string(report.manifest.version);
  json.key("files").begin_array();
  for (const audit::EvidenceFile& file : report.manifest.files) json.string(file.name);
  json.end_array().key("bad").begin_array();
  for (const EvidenceFinding& flaw : report.flaws) {
    json.begin_object().key("file").string(flaw.file).key("what").string(flaw.what).end_object();
  }
  json.end_array().end_object();
  print(std::string(json.view()).append("\n"));
}

void print_table(const EvidenceReport& report) {
  print_row("result", report.flaws.empty() ? "good" : "BAD");
  for (const EvidenceFinding& flaw : report.flaws) print_row("bad", flaw.file + " " + flaw.what);
  if (report.manifest.time.empty()) return;
  print_row("vault", to_string(report.manifest.vault));
  print_row("signed at", report.manifest.time);
  print_row("version", report.manifest.version);
  print_row("files", std::to_string(report.manifest.files.size()));
}

Result<EvidenceReport> check_bundle(const Options& options) {
  COFFER_TRY(const audit::TrustedKeys keys, read_keys(options.keys));
  COFFER_TRY(const audit::Bundle bundle, read_bundle(options.words[0]));
  return audit::verify_evidence(bundle, keys);
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
  const auto report = check_bundle(options);
  if (!report.ok()) return complain(report.error());
  if (options.json) {
    print_json(*report);
  } else {
    print_table(*report);
  }
  return report->flaws.empty() ? kGood : kBadLog;
}

int verify_attestation(const Options& options) {
  const auto attestation = check_note(options);
  if (!attestation.ok()) return complain(attestation.error());
  if (!options.json) {
    print_row("result", "good");
    print_row("signed by", attestation->label);
    for (const auto& [name, value] : attestation->lines) print_row(name, value);
    return kGood;
  }
  model::JsonWriter json;
  json.begin_object().key("good").boolean(true).key("label").string(attestation->label);
  json.key("lines").begin_array();
  for (const auto& [name, value] : attestation->lines) {
    json.begin_object().key("name").string(name).key("value").string(value).end_object();
  }
  json.end_array().end_object();
  print(std::string(json.view()).append("\n"));
  return kGood;
}

}  // namespace coffer::auditor
