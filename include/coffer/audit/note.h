// Signed notes (c2sp.org/signed-note): a text, an empty line, and lines of signatures. Checkpoints
// are such notes (checkpoint.h), so are attestations of the token and the manifests of evidence.
// docs/formats/audit-log.md, docs/formats/evidence.md. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/uuid.h"
#include "coffer/crypto/signer.h"

namespace coffer::audit {

/// A public key under a name: with its id it tells whose signature a line of a note is.
struct NoteKey {
  std::string name;
  std::uint32_t id = 0;
  Bytes spki;
};

/// invalid_argument: neither P-256 nor RSA, or no name that a note can hold.
[[nodiscard]] Result<NoteKey> note_key(std::string_view name, ByteView spki);
/// NAME+ID+KEY, as Go's package `note` writes verifier keys.
[[nodiscard]] std::string to_text(const NoteKey& key);
/// invalid_argument for any other text.
[[nodiscard]] Result<NoteKey> parse_note_key(std::string_view text);

struct NoteSignature {
  std::string name;
  std::uint32_t id = 0;
  Bytes bytes;
};

/// The line of a note, ending in LF.
[[nodiscard]] std::string to_line(const NoteSignature& signature);

/// At most so many bytes, and signatures, has a note.
inline constexpr std::size_t kMaxNote = 128U << 10U;
inline constexpr std::size_t kMaxSignatures = 64;

struct SignedNote {
  std::string text;  ///< what is signed; ends in LF
  std::vector<NoteSignature> signatures;
  /// The first line of the text.
  [[nodiscard]] std::string_view label() const noexcept {
    return std::string_view(text).substr(0, text.find('\n'));
  }
};

/// The note, ending in LF. The key's name is the text's first line: what is signed starts with a
/// label that nothing else of the house signs, never with bytes of a caller. invalid_argument: the
/// text doesn't end in LF.
[[nodiscard]] Result<std::string> sign_note(std::string_view text, crypto::Signer& signer);

/// corrupt, with what is wrong. The text ends where the last empty line is.
[[nodiscard]] Result<SignedNote> parse_note(std::string_view note);
/// Lines of signatures to the end; what is before them was taken off.
[[nodiscard]] Result<std::vector<NoteSignature>> parse_signatures(std::string_view lines);

/// Which of the keys signed the text. not_found: none of them; corrupt: a signature that is to be
/// one of theirs isn't.
[[nodiscard]] Result<std::size_t> verify_note(std::string_view text,
                                              std::span<const NoteSignature> signatures,
                                              std::span<const NoteKey> keys);

// The first lines of notes about a vault.
[[nodiscard]] std::string attestation_label(const Uuid& vault);
[[nodiscard]] std::string evidence_label(const Uuid& vault);

}  // namespace coffer::audit
