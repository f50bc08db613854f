#include "resume.h"

#include <algorithm>

#include "known_hashes.h"
#include "preflight.h"

namespace coffer::ceremony {
namespace {

bool had_exception(const Transcript& transcript, std::string_view finding) {
  return std::any_of(transcript.lines.begin(), transcript.lines.end(), [&](const auto& line) {
    return line.type == "exception" && fact(line.facts, "finding") == finding;
  });
}

/// Why this finding needs an exception of its own; empty if it doesn't.
std::string complaint(const Transcript& transcript, const Finding& finding) {
  if (is_hash(finding.name)) {
    if (!has_changed(transcript, finding.name, finding.found)) return {};
    return finding.found + ", at the preflight " +
           std::string(hash_at_preflight(transcript, finding.name));
  }
  const bool known = finding.good || had_exception(transcript, finding.name);
  return known ? std::string() : finding.found;
}

}  // namespace

Result<void> resume(Ceremony& ceremony) {
  COFFER_TRY(const std::vector<Finding> findings, preflight(ceremony.plan, machine_of(ceremony)));
  Facts facts{{"torn", ceremony.journal.was_torn() ? "yes" : "no"}};
  for (const Finding& each : findings) facts.push_back({each.name, each.found});
  COFFER_CHECK(ceremony.journal.append("resumed", {}, std::move(facts)));
  // Before the preflight was done its step will ask.
  if (ceremony.journal.transcript().find("done", "preflight") == nullptr) return {};
  for (const Finding& each : findings) {
    const std::string why = complaint(ceremony.journal.transcript(), each);
    if (!why.empty()) COFFER_CHECK(make_exception(ceremony, {}, each.name, why));
  }
  return {};
}

}  // namespace coffer::ceremony
