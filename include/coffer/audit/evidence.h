// What a bundle of evidence is made of: files, and a signed manifest of their hashes.
// docs/formats/evidence.md. Pure functions, thread-safe.
#pragma once

#include <map>
#include <optional>

#include "coffer/audit/known.h"
#include "coffer/base/clock.h"
#include "coffer/model/evidence_limits.h"

namespace coffer::audit {

/// The manifest's own name in the bundle; it comes first.
inline constexpr std::string_view kManifestName = "manifest.note";
using model::kMaxEvidenceFiles;
inline constexpr std::size_t kMaxEvidenceName = 100;

struct EvidenceFile {
  std::string name;    ///< letters, digits, - _ . and single slashes; no part begins with a dot
  std::string sha256;  ///< 64 hex digits, small letters
  std::uint64_t size = 0;
  bool operator==(const EvidenceFile&) const = default;
};

/// "SHA256 SIZE NAME"; invalid_argument, with the rule.
[[nodiscard]] std::string to_text(const EvidenceFile& file);
[[nodiscard]] Result<EvidenceFile> parse_evidence_file(std::string_view line);

struct Manifest {
  Uuid vault{};
  std::string time;     ///< RFC 3339
  std::string version;  ///< of the daemon that signed
  std::vector<EvidenceFile> files;
};
/// What is signed. invalid_argument: too many files, or two of a name.
[[nodiscard]] Result<std::string> manifest_text(const Manifest& manifest);
/// corrupt.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text);

/// What a bundle held: contents by name, in its own order.
struct Bundle {
  std::vector<std::pair<std::string, std::string>> files;
};
struct EvidenceFinding {
  std::string file;  ///< empty: the bundle as a whole
  std::string what;
};
/// Whose signature a note has, and until which line of the log that key signed, if a file `signers`
/// was given and says that it doesn't any more.
struct EvidenceSigner {
  NoteKey key;
  std::optional<std::uint64_t> retired{};
  /// SHA-256 over the SubjectPublicKeyInfo, in hex.
  [[nodiscard]] Result<std::string> name() const;
};
struct EvidenceReport {
  Manifest manifest;
  std::vector<EvidenceFinding> flaws{};      ///< none: every byte is what was signed
  std::optional<EvidenceSigner> signer{};    ///< of the manifest
  std::optional<EvidenceSigner> attester{};  ///< of the attestation
};
/// Manifest, signature, and each file against it: one that was changed, one that is missing, one
/// that nobody signed, one that is there twice. The attestation in it, where there is one, must be
/// the same vault's, signed by one of the keys. invalid_argument: no keys.
[[nodiscard]] Result<EvidenceReport> verify_evidence(const Bundle& bundle, const TrustedKeys& keys);

/// Keys as those that sign under this label, whatever name they were given under.
[[nodiscard]] Result<std::vector<NoteKey>> keys_under(const TrustedKeys& keys,
                                                      std::string_view label);

/// "NAME: VALUE" lines of an attestation whose note one of the keys signed, in their order, the
/// label left out. corrupt, with what is wrong; invalid_argument: no keys.
struct Attestation {
  std::string label;
  std::vector<std::pair<std::string, std::string>> lines;
  EvidenceSigner signer{};
  [[nodiscard]] std::string_view value(std::string_view name) const noexcept;
};
[[nodiscard]] Result<Attestation> verify_attestation(std::string_view note,
                                                     const TrustedKeys& keys);

}  // namespace coffer::audit
