// The manifest of a bundle, as text.
#include <algorithm>
#include <charconv>
#include <set>

#include "coffer/audit/evidence.h"
#include "take_line.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kLabel = "coffer-evidence/";
constexpr std::string_view kTime = "time: ";
constexpr std::string_view kVersion = "version: ";
constexpr std::size_t kHashDigits = 64;

Error invalid(std::string_view what) { return make_error(ErrorCode::invalid_argument, what); }
Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

/// Whoever unpacks a bundle gets its files below the directory that he chose.
bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxEvidenceName || name == kManifestName) return false;
  bool begins = true;
  for (const char c : name) {
    if (begins ? !is_plain(c) || c == '.' : !is_plain(c) && c != '/') return false;
    begins = c == '/';
  }
  return !begins;
}

bool is_hash(std::string_view text) {
  return text.size() == kHashDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// What follows `name` in a line of its own.
Result<std::string> take_value(std::string_view& rest, std::string_view name) {
  const auto line = take_line(rest);
  if (!line || !line->starts_with(name)) {
    return broken("a manifest must be label, time, version, and a line for each file");
  }
  return std::string(line->substr(name.size()));
}

}  // namespace

std::string to_text(const EvidenceFile& file) {
  return file.sha256 + " " + std::to_string(file.size) + " " + file.name;
}

Result<EvidenceFile> parse_evidence_file(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return invalid("a file of evidence must be HASH SIZE NAME");
  EvidenceFile file{std::string(line.substr(second + 1)), std::string(line.substr(0, first)), 0};
  const std::string_view size = line.substr(first + 1, second - first - 1);
  const auto read = std::from_chars(size.data(), size.data() + size.size(), file.size);
  if (read.ec != std::errc() || std::to_string(file.size) != size) {
    return invalid("a file's size must be a decimal number");
  }
  if (!is_hash(file.sha256)) return invalid("a file's hash must be SHA-256 in hex");
  if (!is_name(file.name)) return invalid("a file's name must be plain, at most 100 characters");
  return file;
}

Result<std::string> manifest_text(const Manifest& manifest) {
  if (manifest.files.size() > kMaxEvidenceFiles) return invalid("too many files of evidence");
  std::set<std::string_view> names;
  std::string text = evidence_label(manifest.vault) + "\n";
  text.append(kTime).append(manifest.time).append("\n");
  text.append(kVersion).append(manifest.version).append("\n");
  for (const EvidenceFile& file : manifest.files) {
    if (!names.insert(file.name).second) return invalid("two files of evidence have one name");
    text.append(to_text(file)).append("\n");
  }
  return text;
}

Result<Manifest> parse_manifest(std::string_view text) {
  Manifest manifest;
  std::string_view rest = text;
  COFFER_TRY(const std::string vault, take_value(rest, kLabel));
  const auto id = parse_uuid(vault);
  if (!id.ok()) return broken("a manifest's label must name a vault");
  manifest.vault = *id;
  COFFER_TRY(manifest.time, take_value(rest, kTime));
  COFFER_TRY(manifest.version, take_value(rest, kVersion));
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (!line) return broken("a manifest must end in a line break");
    auto file = parse_evidence_file(*line);
    if (!file.ok()) return broken(file.error().text);
    manifest.files.push_back(*std::move(file));
  }
  // Two of a name, or a spelling of its own.
  const auto again = manifest_text(manifest);
  if (!again.ok() || *again != text) return broken("a manifest names a file twice");
  return manifest;
}

}  // namespace coffer::audit
