// The report of a ceremony: a signed note (c2sp.org/signed-note) whose text follows from plan and
// transcript. docs/formats/ceremony-report.md. Private to the room.
#pragma once

#include "coffer/audit/note.h"
#include "plan.h"
#include "transcript.h"

namespace coffer::ceremony {

/// What is signed. Precondition: the transcript begins with its line "begin".
[[nodiscard]] std::string report_text(const Plan& plan, const Transcript& transcript);

/// Its first line, and the name of the token's key.
[[nodiscard]] std::string report_label(const Transcript& transcript);
/// Of an Ed25519 key of that name (signed-note, "Signature types", 0x01).
[[nodiscard]] Result<std::uint32_t> person_key_id(std::string_view name, ByteView public_key);
/// The line of the note. invalid_argument if the PEM is no private key.
[[nodiscard]] Result<std::string> sign_as_person(std::string_view text, std::string_view name,
                                                 const SecureBytes& pem);

struct Report {
  std::string text;
  std::vector<audit::NoteSignature> signatures;  ///< none, before anyone signed
};
/// corrupt.
[[nodiscard]] Result<Report> parse_report(std::string_view note);

}  // namespace coffer::ceremony
