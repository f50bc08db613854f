#include "coffer/audit/known.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace coffer::audit {
namespace {

constexpr std::string_view kSince = " since=";

/// Up to the LF, which goes too.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

Result<KeyPeriod> parse_period(std::string_view line) {
  const auto wrong = [](std::string_view what) {
    return make_error(ErrorCode::invalid_argument, what);
  };
  KeyPeriod period;
  const std::size_t at = line.find(kSince);
  if (at == std::string_view::npos) return wrong("a signer must be NAME+ID+KEY since=N");
  COFFER_TRY(period.key, parse_note_key(line.substr(0, at)));
  const std::string_view digits = line.substr(at + kSince.size());
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), period.since);
  if (read.ec != std::errc() || std::to_string(period.since) != digits) {
    return wrong("a signer's since must be a number of lines");
  }
  return period;
}

/// Of ECDSA: its DER says how long it is.
bool is_torn(const NoteSignature& signature) {
  const Bytes& der = signature.bytes;
  return der.size() >= 2 && der[0] == 0x30 && der[1] + std::size_t{2} > der.size();
}

/// Where files only grow, what a full disk left of a note stays for ever. It is passed over, and
/// what begins in a line behind it is whole. That hides nothing: whoever could tear a note could
/// have taken it away.
Result<SignedCheckpoint> parse_behind_torn(std::string_view piece) {
  auto note = parse_checkpoint(piece);
  if (note.ok() && std::any_of(note->signatures.begin(), note->signatures.end(), is_torn)) {
    return make_error(ErrorCode::corrupt, "its signature is torn");
  }
  while (!note.ok() && !piece.empty()) {
    static_cast<void>(take_line(piece));
    auto behind = parse_checkpoint(piece);
    if (behind.ok()) return behind;
  }
  return note;
}

bool same(const NoteKey& a, const NoteKey& b) { return a.name == b.name && a.spki == b.spki; }

}  // namespace

Result<std::vector<KeyPeriod>> parse_signers(std::string_view file) {
  std::vector<KeyPeriod> periods;
  while (!file.empty()) {
    COFFER_TRY(KeyPeriod period, parse_period(take_line(file)));
    if (!periods.empty()) {
      if (period.since < periods.back().since) {
        return make_error(ErrorCode::invalid_argument, "signers must be in the order of since");
      }
      periods.back().until = period.since;
    }
    periods.push_back(std::move(period));
  }
  return periods;
}

Result<std::vector<NoteKey>> TrustedKeys::under(std::string_view origin) const {
  std::vector<NoteKey> all = named;
  for (const Bytes& spki : bare) {
    COFFER_TRY(NoteKey key, note_key(origin, spki));
    all.push_back(std::move(key));
  }
  return all;
}

const KeyPeriod* newest_period(std::span<const KeyPeriod> periods,
                               std::string_view origin) noexcept {
  const KeyPeriod* newest = nullptr;
  for (const KeyPeriod& period : periods) {
    if (period.key.name != origin) continue;
    if (newest == nullptr || period.since >= newest->since) newest = &period;
  }
  return newest;
}

bool knows_all_in_force(std::span<const KeyPeriod> periods, std::span<const NoteKey> keys,
                        std::string_view origin, std::uint64_t size) noexcept {
  bool any = false;
  for (const KeyPeriod& period : periods) {
    if (period.key.name != origin || size < period.since || size > period.until) continue;
    any = std::any_of(keys.begin(), keys.end(),
                      [&](const NoteKey& key) { return same(key, period.key); });
    if (!any) return false;
  }
  return any;
}

Result<void> check_period(std::span<const KeyPeriod> periods, const NoteKey& key,
                          std::uint64_t size) {
  std::optional<std::uint64_t> retired;
  bool early = false;
  for (const KeyPeriod& period : periods) {
    if (!same(period.key, key)) continue;
    if (size >= period.since && size <= period.until) return {};
    if (size > period.until) retired = period.until;
    early = early || size < period.since;
  }
  if (!retired && !early) return {};
  if (!retired) {
    return make_error(ErrorCode::corrupt, "the key that signed it was not in force yet");
  }
  return make_error(ErrorCode::corrupt,
                    "the key that signed it was retired at line " + std::to_string(*retired));
}

Result<void> add_keys(TrustedKeys& keys, std::string_view file) {
  if (file.find("-----BEGIN") != std::string_view::npos) {
    COFFER_TRY(Bytes spki, crypto::spki_from_pem(file));
    keys.bare.push_back(std::move(spki));
    return {};
  }
  const std::size_t before = keys.named.size();
  if (file.find(kSince) != std::string_view::npos) {
    COFFER_TRY(const std::vector<KeyPeriod> periods, parse_signers(file));
    for (const KeyPeriod& period : periods) {
      keys.named.push_back(period.key);
      keys.periods.push_back(period);
    }
    return {};
  }
  while (!file.empty()) {
    const std::string_view line = take_line(file);
    if (line.empty()) continue;
    COFFER_TRY(NoteKey key, parse_note_key(line));
    keys.named.push_back(std::move(key));
  }
  if (keys.named.size() != before) return {};
  return make_error(ErrorCode::invalid_argument, "the file holds no public key");
}

Result<void> add_checkpoints(std::vector<Checkpoint>& known, std::string_view file,
                             const TrustedKeys& keys) {
  std::size_t number = 0;
  std::optional<Error> torn;
  const std::size_t before = known.size();
  for (const std::string_view text : split_notes(file)) {
    ++number;
    const auto bad = [&](const Error& why) {
      return make_error(ErrorCode::corrupt,
                        "checkpoint " + std::to_string(number) + " of the file: " + why.text);
    };
    const auto note = parse_behind_torn(text);
    if (!note.ok() && !torn) torn = bad(note.error());
    if (!note.ok()) continue;
    const auto all = keys.under(note->checkpoint.origin);
    if (!all.ok()) return bad(all.error());
    const auto verified = verify_checkpoint(*note, *all);
    if (!verified.ok()) return bad(verified.error());
    const auto timely = check_period(keys.periods, (*all)[*verified], note->checkpoint.size);
    if (!timely.ok()) return bad(timely.error());
    known.push_back(note->checkpoint);
  }
  if (known.size() > before) return {};
  return torn ? *torn : make_error(ErrorCode::corrupt, "the file holds no checkpoint");
}

Result<std::vector<Cosigned>> add_cosigned(std::vector<Checkpoint>& known, std::string_view file,
                                           std::span<const Cosigner> witnesses) {
  std::vector<Cosigned> found;
  std::vector<Checkpoint> checkpoints;
  for (const std::string_view text : split_notes(file)) {
    const auto bad = [&](const Error& why) {
      return make_error(why.code, "checkpoint " + std::to_string(checkpoints.size() + 1) +
                                      " of the file: " + why.text);
    };
    const auto note = parse_checkpoint(text);
    if (!note.ok()) return bad(note.error());
    const auto verified = verify_cosignatures(*note, witnesses);
    if (!verified.ok()) return bad(verified.error());
    for (const Cosignature& one : *verified) {
      found.push_back({one.name, note->checkpoint.size, one.at});
    }
    checkpoints.push_back(note->checkpoint);
  }
  if (found.empty()) return make_error(ErrorCode::corrupt, "the file holds no checkpoint");
  known.insert(known.end(), checkpoints.begin(), checkpoints.end());
  return found;
}

}  // namespace coffer::audit
