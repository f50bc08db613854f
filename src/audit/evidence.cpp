#include "coffer/audit/evidence.h"

#include <algorithm>

#include "coffer/crypto/digest.h"
#include "take_line.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kAttestationName = "attestation.note";
constexpr std::string_view kAttestationLabel = "coffer-attestation/";

Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

/// The line at which a key stopped to sign, by what is told of it and of others of its log.
/// nullopt: it signs still, or nothing tells.
std::optional<std::uint64_t> retired_at(std::span<const KeyPeriod> periods,
                                        ByteView spki) noexcept {
  const auto is = [&](const KeyPeriod& period) {
    return std::equal(spki.begin(), spki.end(), period.key.spki.begin(), period.key.spki.end());
  };
  std::optional<std::uint64_t> last;
  for (const KeyPeriod& period : periods) {
    if (!is(period)) continue;
    const KeyPeriod* const newest = newest_period(periods, period.key.name);
    if (newest == nullptr || is(*newest)) return std::nullopt;
    // An older copy of the file knows of no end.
    last = std::max(last.value_or(0), std::min(period.until, newest->since));
  }
  return last;
}

struct VerifiedNote {
  SignedNote note;
  EvidenceSigner signer;
};

/// The note, if one of the keys signed it under its own label.
Result<VerifiedNote> verified(std::string_view text, const TrustedKeys& keys) {
  COFFER_TRY(SignedNote note, parse_note(text));
  const auto all = keys_under(keys, note.label());
  if (!all.ok()) return broken("its first line can't be a signer's name");
  const auto signer = verify_note(note.text, note.signatures, *all);
  if (!signer.ok()) return broken(signer.error().text);
  const NoteKey& key = (*all)[*signer];
  return VerifiedNote{std::move(note), {key, retired_at(keys.periods, key.spki)}};
}

const std::string* find(const Bundle& bundle, std::string_view name) {
  for (const auto& [have, content] : bundle.files) {
    if (have == name) return &content;
  }
  return nullptr;
}

std::size_t count(const Bundle& bundle, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(bundle.files.begin(), bundle.files.end(),
                    [&](const auto& one) { return one.first == name; }));
}

Result<std::string> what_is_wrong(const Bundle& bundle, const EvidenceFile& wanted) {
  const std::string* const content = find(bundle, wanted.name);
  if (content == nullptr) return std::string("is missing");
  if (content->size() != wanted.size) return std::string("has another size than was signed");
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(*content)));
  if (to_hex(hash) != wanted.sha256) return std::string("isn't what was signed");
  return std::string();
}

void check_strangers(const Bundle& bundle, EvidenceReport& report) {
  const auto& signed_files = report.manifest.files;
  for (const auto& file : bundle.files) {
    const std::string& name = file.first;
    const bool known = name == kManifestName ||
                       std::any_of(signed_files.begin(), signed_files.end(),
                                   [&](const EvidenceFile& one) { return one.name == name; });
    if (!known) report.flaws.push_back({name, "isn't in the manifest: nobody signed it"});
    const auto told = std::any_of(report.flaws.begin(), report.flaws.end(), [&](const auto& flaw) {
      return flaw.file == name && flaw.what == "is there twice";
    });
    if (count(bundle, name) > 1 && !told) report.flaws.push_back({name, "is there twice"});
  }
}

void check_attestation(const Bundle& bundle, const TrustedKeys& keys, EvidenceReport& report) {
  const std::string* const note = find(bundle, kAttestationName);
  if (note == nullptr) return;
  const std::string name(kAttestationName);
  const auto attested = verify_attestation(*note, keys);
  if (!attested.ok()) {
    report.flaws.push_back({name, attested.error().text});
  } else if (attested->label != attestation_label(report.manifest.vault)) {
    report.flaws.push_back({name, "is another vault's"});
  } else {
    report.attester = attested->signer;
  }
}

}  // namespace

Result<std::vector<NoteKey>> keys_under(const TrustedKeys& keys, std::string_view label) {
  if (keys.empty()) return make_error(ErrorCode::invalid_argument, "want a key to verify with");
  std::vector<NoteKey> all;
  const auto add = [&](ByteView spki) -> Result<void> {
    COFFER_TRY(NoteKey key, note_key(label, spki));
    all.push_back(std::move(key));
    return {};
  };
  for (const Bytes& spki : keys.bare) COFFER_CHECK(add(spki));
  for (const NoteKey& key : keys.named) COFFER_CHECK(add(key.spki));
  return all;
}

Result<std::string> EvidenceSigner::name() const {
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(key.spki));
  return to_hex(hash);
}

Result<EvidenceReport> verify_evidence(const Bundle& bundle, const TrustedKeys& keys) {
  if (keys.empty()) return make_error(ErrorCode::invalid_argument, "want a key to verify with");
  EvidenceReport report;
  const std::string manifest_name(kManifestName);
  const std::string* const text = find(bundle, kManifestName);
  if (text == nullptr) {
    report.flaws.push_back({manifest_name, "is missing"});
    return report;
  }
  const auto note = verified(*text, keys);
  if (!note.ok()) {
    report.flaws.push_back({manifest_name, note.error().text});
    return report;
  }
  report.signer = note->signer;
  auto manifest = parse_manifest(note->note.text);
  if (!manifest.ok()) {
    report.flaws.push_back({manifest_name, manifest.error().text});
    return report;
  }
  report.manifest = *std::move(manifest);
  for (const EvidenceFile& wanted : report.manifest.files) {
    COFFER_TRY(std::string wrong, what_is_wrong(bundle, wanted));
    if (!wrong.empty()) report.flaws.push_back({wanted.name, std::move(wrong)});
  }
  check_strangers(bundle, report);
  check_attestation(bundle, keys, report);
  return report;
}

std::string_view Attestation::value(std::string_view name) const noexcept {
  for (const auto& [have, text] : lines) {
    if (have == name) return text;
  }
  return {};
}

Result<Attestation> verify_attestation(std::string_view note, const TrustedKeys& keys) {
  if (keys.empty()) return make_error(ErrorCode::invalid_argument, "want a key to verify with");
  COFFER_TRY(VerifiedNote read, verified(note, keys));
  Attestation attestation;
  attestation.signer = std::move(read.signer);
  std::string_view rest = read.note.text;
  attestation.label = *take_line(rest);
  if (!attestation.label.starts_with(kAttestationLabel)) return broken("isn't an attestation");
  while (const auto line = take_line(rest)) {
    const std::size_t colon = line->find(": ");
    if (colon == std::string_view::npos) return broken("has a line that isn't NAME: VALUE");
    attestation.lines.emplace_back(line->substr(0, colon), line->substr(colon + 2));
  }
  return attestation;
}

}  // namespace coffer::audit
