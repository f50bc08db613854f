#include "evidence_contents.h"

#include <algorithm>
#include <charconv>

#include "coffer/audit/checkpoint.h"
#include "coffer/model/json_tree.h"

namespace coffer::auditor {
namespace {

using model::Json;

constexpr std::string_view kVerifiedLog = "audit/verified.json";
constexpr std::string_view kAuditStatus = "audit/status.json";
constexpr std::string_view kCheckpoints = "audit/checkpoints";
constexpr std::string_view kCeremonies = "ceremonies.json";
constexpr std::string_view kMissing = "missing.json";
constexpr std::string_view kBelow = "ceremonies/";
constexpr std::string_view kTranscript = "transcript";
constexpr std::string_view kUnsignedTail = "no checkpoint of the keys given covers";

std::string text_in(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* const found = json.find_path(path);
  return found == nullptr ? std::string() : found->text();
}

std::uint64_t number_in(const Json& json, std::string_view name) {
  const std::string text = text_in(json, {name});
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

const std::string* file_in(const audit::Bundle& bundle, std::string_view name) {
  for (const auto& [each, content] : bundle.files) {
    if (each == name) return &content;
  }
  return nullptr;
}

/// Empty, or why the newest checkpoint doesn't show that the token signed that many lines.
std::string why_unsigned(const std::string& file, const audit::TrustedKeys& keys,
                         std::uint64_t lines) {
  const auto notes = audit::split_notes(file);
  if (notes.empty()) return "it has no checkpoint";
  const auto newest = audit::parse_checkpoint(notes.back());
  if (!newest.ok()) return newest.error().text;
  const auto all = keys.under(newest->checkpoint.origin);
  if (!all.ok()) return all.error().text;
  const auto signer = audit::verify_checkpoint(*newest, *all);
  if (!signer.ok()) return "its newest checkpoint: " + signer.error().text;
  const auto timely = audit::check_period(keys.periods, (*all)[*signer], newest->checkpoint.size);
  if (!timely.ok()) return "its newest checkpoint: " + timely.error().text;
  if (newest->checkpoint.size >= lines) return {};
  return "its newest checkpoint is of fewer lines than were verified as signed";
}

/// Lines that the vault itself said it had signed, before the log was verified. 0: it didn't say.
std::uint64_t signed_by_vault(const audit::Bundle& bundle) {
  const std::string* const text = file_in(bundle, kAuditStatus);
  const auto status = text == nullptr ? Result<Json>(Json()) : Json::parse(*text);
  return status.ok() ? number_in(*status, "signed_lines") : 0;
}

void add_doubts(const Json& log, Content& content) {
  const bool young_tail = text_in(log, {"tail_signed_since"}) == "true";
  if (const Json* const doubts = log.find("doubts"); doubts != nullptr) {
    for (const Json& doubt : doubts->elements()) {
      std::string text = doubt.text();
      if (young_tail && text.starts_with(kUnsignedTail)) continue;
      content.doubts.push_back(std::move(text));
    }
  }
  if (text_in(log, {"with_key"}) != "true") {
    content.doubts.emplace_back(
        "it was verified without a key: whoever wrote it may have signed it");
  }
  if (number_in(log, "signed_lines") == 0) content.doubts.emplace_back("nothing of it is signed");
}

Content of_log(const Json& log, const audit::Bundle& bundle, const audit::TrustedKeys& keys) {
  Content content{"audit log", text_in(log, {"good"}) == "true"};
  const std::string status = text_in(log, {"status"});
  if (!content.good) {
    content.what = text_in(log, {"bad", "file"}) + " line " + text_in(log, {"bad", "line"}) + ": " +
                   text_in(log, {"bad", "what"});
    return content;
  }
  if (status != "0" && status != "3") {
    content.good = false;
    content.what = "its verification ended with another exit status than 0 and 3";
    return content;
  }
  if (const std::uint64_t told = signed_by_vault(bundle); number_in(log, "last_sequence") < told) {
    content.good = false;
    content.what = "it ends with line " + text_in(log, {"last_sequence"}) +
                   ", and the vault had signed " + std::to_string(told) +
                   ": it isn't the vault's log, or it was cut";
    return content;
  }
  add_doubts(log, content);
  const std::string* const checkpoints = file_in(bundle, kCheckpoints);
  if (checkpoints == nullptr) {
    content.doubts.emplace_back("its newest checkpoints aren't in the bundle");
    return content;
  }
  content.what = why_unsigned(*checkpoints, keys, number_in(log, "signed_lines"));
  content.good = content.what.empty();
  return content;
}

Content of_ceremony(const Json::Member& one) {
  const std::string mode = text_in(one.value, {"mode"});
  const bool rehearsal = mode == "rehearsal";
  Content content{(rehearsal ? "rehearsal " : "ceremony ") + one.name,
                  text_in(one.value, {"good"}) == "true" && text_in(one.value, {"status"}) == "0" &&
                      (rehearsal || mode == "live")};
  const Json* const problems = one.value.find("problems");
  if (!content.good && problems != nullptr && !problems->elements().empty()) {
    content.what = problems->elements().front().text();
  }
  return content;
}

/// The directory below ceremonies/ that a file is the transcript of; "." for that itself.
std::string ceremony_of(std::string_view file) {
  if (!file.starts_with(kBelow)) return {};
  file.remove_prefix(kBelow.size());
  if (file == kTranscript) return ".";
  const std::size_t slash = file.rfind('/');
  const bool is = slash != std::string_view::npos && file.substr(slash + 1) == kTranscript;
  return is ? std::string(file.substr(0, slash)) : std::string();
}

void add_ceremonies(const Json& all, const audit::Bundle& bundle, std::vector<Content>& found) {
  bool any = false;
  bool live = false;
  for (const Json::Member& one : all.members()) {
    found.push_back(of_ceremony(one));
    any = true;
    live = live || text_in(one.value, {"mode"}) != "rehearsal";
  }
  for (const auto& file : bundle.files) {
    const std::string name = ceremony_of(file.first);
    if (name.empty() || all.find(name) != nullptr) continue;
    found.push_back({"ceremony " + name, false, "nobody verified it when the bundle was made"});
  }
  if (any && !live) {
    found.push_back({"ceremonies", true, {}, {"there are only rehearsals, and no ceremony"}});
  }
}

/// What there is nothing of, or what nobody asked for, is no gap. A log is always asked for.
void add_missing(const Json& missing, std::vector<Content>& found) {
  for (const Json& one : missing.elements()) {
    const std::string file = text_in(one, {"file"});
    const std::string kind = text_in(one, {"kind"});
    if (kind == "none" || (kind == "not asked for" && file != kVerifiedLog)) continue;
    found.push_back({"missing " + file, true, {}, {text_in(one, {"why"})}});
  }
}

/// Lines that the log in the bundle had, by whatever in it tells of more.
std::uint64_t lines_told(const audit::Bundle& bundle) {
  std::uint64_t most = 0;
  if (const std::string* const text = file_in(bundle, kVerifiedLog); text != nullptr) {
    const auto json = Json::parse(*text);
    if (json.ok())
      most = std::max(number_in(*json, "signed_lines"), number_in(*json, "last_sequence"));
  }
  const std::string* const file = file_in(bundle, kCheckpoints);
  if (file == nullptr) return most;
  for (const std::string_view text : audit::split_notes(*file)) {
    const auto note = audit::parse_checkpoint(text);
    if (note.ok()) most = std::max(most, note->checkpoint.size);
  }
  return most;
}

/// What a key signed that isn't used any more may be of its time, or of whoever has it now.
void add_retired(const audit::Bundle& bundle, const audit::EvidenceReport& report,
                 std::vector<Content>& found) {
  const auto add = [&](std::string_view name, const auto& signer, std::uint64_t lines) {
    if (!signer || !signer->retired) return;
    Content content{std::string(name)};
    content.good = lines <= *signer->retired;
    const std::string what = "it was signed with " + retired_text(*signer->retired);
    if (content.good) content.doubts.push_back(what + ": by whom, and when, it can't show");
    if (!content.good) content.what = what + ", and the log in the bundle is longer";
    found.push_back(std::move(content));
  };
  add(audit::kManifestName, report.signer, lines_told(bundle));
  // Made before the log was gathered: the key may have been rotated in between.
  add("attestation.note", report.attester, 0);
}

}  // namespace

std::string retired_text(std::uint64_t line) {
  return "a key that was retired at line " + std::to_string(line) + " of the log";
}

std::vector<Content> contents_of(const audit::Bundle& bundle, const audit::EvidenceReport& report,
                                 const audit::TrustedKeys& keys) {
  std::vector<Content> found;
  add_retired(bundle, report, found);
  const auto look = [&](std::string_view name, Json::Kind kind, const auto& take) {
    const std::string* const text = file_in(bundle, name);
    if (text == nullptr) return false;
    const auto json = Json::parse(*text);
    if (json.ok() && json->kind() == kind) {
      take(*json);
    } else {
      found.push_back({std::string(name), false, "isn't the JSON that it should be"});
    }
    return true;
  };
  const bool log = look(kVerifiedLog, Json::Kind::object,
                        [&](const Json& json) { found.push_back(of_log(json, bundle, keys)); });
  const bool ceremonies = look(kCeremonies, Json::Kind::object,
                               [&](const Json& json) { add_ceremonies(json, bundle, found); });
  if (!ceremonies) add_ceremonies(Json::object(), bundle, found);
  const bool missing =
      look(kMissing, Json::Kind::array, [&](const Json& json) { add_missing(json, found); });
  if (!log) found.push_back({"audit log", true, {}, {"its verification isn't in the bundle"}});
  if (!missing) {
    found.push_back(
        {std::string(kMissing), true, {}, {"isn't in the bundle: nobody says what is"}});
  }
  return found;
}

}  // namespace coffer::auditor
