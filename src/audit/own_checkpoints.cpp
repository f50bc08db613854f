#include "own_checkpoints.h"

#include <unistd.h>

#include <algorithm>

#include "checkpoint_files.h"
#include "coffer/audit/proof.h"
#include "line_reader.h"

namespace coffer::audit {
namespace {

Error bad(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

Result<std::string> read_whole(const std::string& path) {
  COFFER_TRY(const ReadAt read, read_file(path));
  std::string text;
  Bytes piece(LineReader::kChunk);
  for (;;) {
    COFFER_TRY(const std::size_t size, read(text.size(), piece));
    if (size == 0) return text;
    text.append(as_text(ByteView(piece).first(size)));
  }
}

/// A log that nothing signed yet has none.
Result<std::vector<KeyPeriod>> read_signers(const std::string& directory) {
  const std::string path = directory + "/" + std::string(kSigners);
  const auto text = read_whole(path);
  if (!text.ok() && ::access(path.c_str(), R_OK) == 0) return text.error();
  if (!text.ok()) return std::vector<KeyPeriod>();
  // A last line that is being written, or was torn, doesn't count.
  const auto periods = parse_signers(std::string_view(*text).substr(0, text->rfind('\n') + 1));
  if (periods.ok()) return *periods;
  return bad("the log's file `signers` can't be read: " + periods.error().text);
}

/// nullopt: it can't be read, is of another log, or none of `keys` signed it.
std::optional<Checkpoint> signed_for(std::string_view origin, std::string_view note,
                                     const std::vector<NoteKey>& keys) {
  const auto parsed = parse_checkpoint(note);
  if (!parsed.ok() || parsed->checkpoint.origin != origin) return std::nullopt;
  if (!verify_checkpoint(*parsed, keys).ok()) return std::nullopt;
  return parsed->checkpoint;
}

}  // namespace

Result<OwnCheckpoints> OwnCheckpoints::open(const std::string& directory, const TrustedKeys& keys) {
  COFFER_TRY(std::vector<Segment> files, list_checkpoints(directory));
  TrustedKeys all = keys;
  COFFER_TRY(const std::vector<KeyPeriod> told, read_signers(directory));
  for (const KeyPeriod& period : told) {
    if (keys.empty()) all.named.push_back(period.key);
    // What came with the keys counts more.
    if (keys.periods.empty()) all.periods.push_back(period);
  }
  return OwnCheckpoints(directory, std::move(all), std::move(files));
}

std::vector<Segment> OwnCheckpoints::after(const Segment& last) const {
  std::vector<Segment> found;
  std::copy_if(files_.begin(), files_.end(), std::back_inserter(found),
               [&](const Segment& file) { return file.first > last.first; });
  return found;
}

Result<std::string> newest_checkpoint(const std::string& directory) {
  COFFER_TRY(const std::vector<Segment> files, list_checkpoints(directory));
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    COFFER_TRY(const std::string text, read_whole(file->path));
    const auto notes = split_notes(text);
    // The last may be torn.
    for (auto note = notes.rbegin(); note != notes.rend(); ++note) {
      if (parse_checkpoint(*note).ok()) return std::string(*note);
    }
  }
  return make_error(ErrorCode::not_found, "there is no checkpoint beside the log");
}

Result<std::optional<Checkpoint>> newest_signed(const std::string& directory,
                                                std::string_view origin, const TrustedKeys& keys) {
  COFFER_TRY(const std::vector<Segment> files, list_checkpoints(directory));
  COFFER_TRY(const std::vector<NoteKey> named, keys.under(origin));
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    COFFER_TRY(const std::string text, read_whole(file->path));
    const auto notes = split_notes(text);
    for (auto one = notes.rbegin(); one != notes.rend(); ++one) {
      auto found = signed_for(origin, *one, named);
      if (found) return found;
    }
  }
  return std::optional<Checkpoint>();
}

Result<std::optional<Checkpoint>> first_signed(const std::string& directory, std::uint64_t segment,
                                               std::string_view origin, const TrustedKeys& keys) {
  COFFER_TRY(const std::vector<Segment> files, list_checkpoints(directory));
  COFFER_TRY(const std::vector<NoteKey> named, keys.under(origin));
  for (const Segment& file : files) {
    if (file.first < segment) continue;
    COFFER_TRY(const std::string text, read_whole(file.path));
    for (const std::string_view one : split_notes(text)) {
      auto found = signed_for(origin, one, named);
      if (found && found->size >= segment) return found;
    }
  }
  return std::optional<Checkpoint>();
}

Result<std::optional<std::uint64_t>> signed_since(const std::string& directory,
                                                  const NoteKey& key) {
  COFFER_TRY(const std::vector<Segment> files, list_checkpoints(directory));
  const std::vector<NoteKey> keys{key};
  std::optional<std::uint64_t> since;
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    COFFER_TRY(const std::string text, read_whole(file->path));
    std::optional<Checkpoint> first;
    for (const std::string_view one : split_notes(text)) {
      first = signed_for(key.name, one, keys);
      if (first) break;
    }
    if (first) since = first->size;
    if (!first && since) break;
  }
  return since;
}

Result<std::optional<Flaw>> OwnCheckpoints::read(const Segment& segment, std::uint64_t next,
                                                 TreeCheck& tree) {
  const Segment file = checkpoints_in(directory_, segment.first);
  const bool there = std::any_of(files_.begin(), files_.end(),
                                 [&](const Segment& one) { return one.first == file.first; });
  if (!there) return std::optional<Flaw>();
  COFFER_TRY(const std::string text, read_whole(file.path));
  const auto notes = split_notes(text);
  for (std::size_t i = 0; i < notes.size(); ++i) {
    // Being written right now, or torn by a crash: that of an older segment too, whose end is
    // signed when the next has begun. Passed over it hides nothing: whoever could tear it could
    // have taken it away, and its lines are covered by a later one, or told as lines that none
    // covers.
    const bool torn = i + 1 == notes.size() && !parse_checkpoint(notes[i]).ok();
    if (torn) break;
    const auto taken = take(notes[i], segment, next, tree);
    if (taken.ok()) continue;
    if (taken.error().code != ErrorCode::corrupt) return taken.error();
    return std::optional<Flaw>(Flaw{file.name, i + 1, taken.error().text});
  }
  return std::optional<Flaw>();
}

Result<void> OwnCheckpoints::take(std::string_view text, const Segment& segment, std::uint64_t next,
                                  TreeCheck& tree) {
  COFFER_TRY(const SignedCheckpoint note, parse_checkpoint(text));
  const std::uint64_t size = note.checkpoint.size;
  if (size < segment.first || size >= next) {
    return bad("the checkpoint is of " + std::to_string(size) +
               " lines, and the last of them is not in this segment");
  }
  if (size < last_size_) return bad("the checkpoint covers fewer lines than the one before it");
  last_size_ = size;
  COFFER_TRY(const SignedBy signer, signer_of(note));
  return tree.add(note.checkpoint, signer);
}

/// Of a log that brings no keys, and to which none were given, any will do.
Result<SignedBy> OwnCheckpoints::signer_of(const SignedCheckpoint& note) const {
  if (keys_.empty()) return SignedBy::trusted;
  const std::string& origin = note.checkpoint.origin;
  const std::uint64_t size = note.checkpoint.size;
  COFFER_TRY(const std::vector<NoteKey> keys, keys_.under(origin));
  const auto signer = verify_checkpoint(note, keys);
  if (!signer.ok() && signer.error().code == ErrorCode::not_found) {
    // Of a time whose key isn't known it may be one that was retired before.
    if (!knows_all_in_force(keys_.periods, keys, origin, size)) return SignedBy::stranger;
    return bad("the checkpoint of " + std::to_string(size) +
               " lines was signed with a key that is not one of those given, and another was in "
               "force");
  }
  if (!signer.ok()) return signer.error();
  const NoteKey& key = keys[*signer];
  COFFER_CHECK(check_period(keys_.periods, key, size));
  const KeyPeriod* const newest = newest_period(keys_.periods, origin);
  const bool is_newest = newest != nullptr && newest->key.spki == key.spki && size >= newest->since;
  return is_newest ? SignedBy::newest_key : SignedBy::trusted;
}

}  // namespace coffer::audit
