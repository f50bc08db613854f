#include "report.h"

#include "coffer/crypto/ed25519.h"
#include "coffer/model/json_writer.h"
#include "hash_words.h"

namespace coffer::ceremony {
namespace {

constexpr char kEd25519 = 0x01;

std::string or_none(std::string_view text) { return std::string(text.empty() ? "none" : text); }

/// A line, whatever the value holds.
void add(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(" ");
  std::string quoted;
  model::append_json_string(quoted, value);
  out.append(quoted, 1, quoted.size() - 2).append("\n");
}

bool is_reported(const TranscriptLine& line) {
  return line.type == "done" || line.type == "exception" || is_interruption(line);
}

}  // namespace

std::string report_label(const Transcript& transcript) {
  return "coffer-ceremony/" + std::string(fact(transcript.lines.front().facts, "ceremony"));
}

std::string report_text(const Plan& plan, const Transcript& transcript) {
  const Facts& begin = transcript.lines.front().facts;
  std::string out = report_label(transcript) + "\n";
  add(out, "mode", fact(begin, "mode"));
  add(out, "purpose", plan.purpose);
  add(out, "plan", to_hex(plan.hash));
  add(out, "words", in_words(plan.hash));
  add(out, "rehearsal", or_none(fact(begin, "rehearsal")));
  add(out, "vault", to_string(plan.vault));
  add(out, "lines", std::to_string(transcript.lines.size()));
  add(out, "transcript", transcript.head);
  for (const TranscriptLine& line : transcript.lines) {
    if (!is_reported(line)) continue;
    const std::string what = line.type == "done" ? line.step : line.type;
    if (is_interruption(line) && !line.step.empty()) add(out, what + "/step", line.step);
    for (const Fact& each : line.facts) add(out, what + "/" + each.name, each.value);
  }
  return out;
}

Result<std::uint32_t> person_key_id(std::string_view name, ByteView public_key) {
  std::string named(name);
  named.append("\n").push_back(kEd25519);
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(named), public_key));
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < 4; ++i) id = (id << 8U) | hash.at(i);
  return id;
}

Result<std::string> sign_as_person(std::string_view text, std::string_view name,
                                   const SecureBytes& pem) {
  COFFER_TRY(const Bytes key, crypto::ed25519_public(pem));
  COFFER_TRY(const std::uint32_t id, person_key_id(name, key));
  COFFER_TRY(const Bytes signature, crypto::sign_ed25519(pem, as_bytes(text)));
  Bytes bytes;
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(id >> (shift - 8)));
  }
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return "\xE2\x80\x94 " + std::string(name) + " " + to_base64(bytes) + "\n";
}

Result<Report> parse_report(std::string_view note) {
  if (note.ends_with("\n\n")) return Report{std::string(note.substr(0, note.size() - 1)), {}};
  COFFER_TRY(audit::SignedNote parsed, audit::parse_note(note));
  return Report{std::move(parsed.text), std::move(parsed.signatures)};
}

}  // namespace coffer::ceremony
