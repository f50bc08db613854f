// Proofs as text, and their check.
#include <algorithm>
#include <charconv>

#include "coffer/audit/proof.h"
#include "take_line.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::string_view kOld = "old ";

Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

/// `prefix` and a decimal number, spelt in the one way.
Result<std::uint64_t> take_number(std::string_view& rest, std::string_view prefix) {
  const auto line = take_line(rest);
  std::uint64_t number = 0;
  if (line && line->starts_with(prefix)) {
    const std::string_view digits = line->substr(prefix.size());
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec == std::errc() && std::to_string(number) == digits) return number;
  }
  return broken("a proof must have a line \"" + std::string(prefix) + "NUMBER\"");
}

/// Up to the empty line, which goes too.
Result<std::vector<TreeHash>> take_path(std::string_view& rest) {
  std::vector<TreeHash> path;
  for (;;) {
    const auto line = take_line(rest);
    if (!line) return broken("a proof's hashes must end in an empty line");
    if (line->empty()) return path;
    const auto bytes = from_base64(*line);
    if (!bytes.ok() || bytes->size() != TreeHash{}.size() || path.size() == kMaxProofPath) {
      return broken("a proof's hashes must be at most 64, of 32 bytes each, in base64");
    }
    std::copy(bytes->begin(), bytes->end(), path.emplace_back().begin());
  }
}

Result<std::string> take_checkpoint(std::string_view rest) {
  COFFER_CHECK(parse_checkpoint(rest));
  return std::string(rest);
}

std::string path_text(std::span<const TreeHash> path) {
  std::string text;
  for (const TreeHash& hash : path) text.append(to_base64(hash)).append("\n");
  return text.append("\n");
}

Result<Checkpoint> trusted(const SignedCheckpoint& note, const TrustedKeys& keys) {
  COFFER_TRY(const std::vector<NoteKey> all, keys.under(note.checkpoint.origin));
  const auto signer = verify_checkpoint(note, all);
  if (!signer.ok()) return broken(signer.error().text);
  COFFER_CHECK(check_period(keys.periods, all[*signer], note.checkpoint.size));
  return note.checkpoint;
}

Result<Checkpoint> trusted(std::string_view note, const TrustedKeys& keys) {
  COFFER_TRY(const SignedCheckpoint read, parse_checkpoint(note));
  return trusted(read, keys);
}

}  // namespace

std::string to_text(const LineProof& proof) {
  std::string text(kHeader);
  text.append("\n");
  if (!proof.line.empty()) {
    text.append(kExtra).append(to_base64(as_bytes(proof.line))).append("\n");
  }
  text.append(kIndex).append(std::to_string(proof.index)).append("\n");
  return text.append(path_text(proof.path)).append(proof.checkpoint);
}

std::string to_text(const GrowthProof& proof) {
  std::string text(kOld);
  text.append(std::to_string(proof.old_size)).append("\n");
  return text.append(path_text(proof.path)).append(proof.checkpoint);
}

Result<LineProof> parse_line_proof(std::string_view text) {
  const auto header = take_line(text);
  if (!header || *header != kHeader) return broken("the text is no tlog-proof of version 1");
  LineProof proof;
  if (text.starts_with(kExtra)) {
    const auto line = take_line(text);
    if (!line) return broken("a proof must not end in its extra data");
    const auto extra = from_base64(line->substr(kExtra.size()));
    if (!extra.ok() || extra->empty()) return broken("a proof's extra data must be in base64");
    proof.line = as_text(*extra);
  }
  COFFER_TRY(proof.index, take_number(text, kIndex));
  COFFER_TRY(proof.path, take_path(text));
  COFFER_TRY(proof.checkpoint, take_checkpoint(text));
  return proof;
}

Result<GrowthProof> parse_growth_proof(std::string_view text) {
  GrowthProof proof;
  COFFER_TRY(proof.old_size, take_number(text, kOld));
  COFFER_TRY(proof.path, take_path(text));
  COFFER_TRY(proof.checkpoint, take_checkpoint(text));
  return proof;
}

Result<Checkpoint> check(const LineProof& proof, std::string_view line, const TrustedKeys& keys) {
  COFFER_TRY(Checkpoint signed_root, trusted(proof.checkpoint, keys));
  COFFER_TRY(const TreeHash leaf, hash_leaf(line));
  COFFER_CHECK(verify_inclusion(leaf, proof.index, signed_root.size, proof.path, signed_root.root));
  return signed_root;
}

Result<Checkpoint> check(const GrowthProof& proof, const SignedCheckpoint& old,
                         const TrustedKeys& keys) {
  COFFER_TRY(const Checkpoint before, trusted(old, keys));
  COFFER_TRY(Checkpoint now, trusted(proof.checkpoint, keys));
  if (before.origin != now.origin) return broken("the two checkpoints are of different logs");
  if (before.size != proof.old_size) {
    return broken("the proof starts from another size than the older checkpoint has");
  }
  COFFER_CHECK(verify_consistency(before.size, before.root, now.size, now.root, proof.path));
  return now;
}

}  // namespace coffer::audit
