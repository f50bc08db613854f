#include "checkpoint_files.h"

#include <algorithm>

#include "coffer/base/log.h"
#include "line_reader.h"
#include "own_checkpoints.h"
#include "plain_file.h"
#include "segments.h"

namespace coffer::audit {
namespace {

/// Bytes of the notes that are whole. Only the last can be torn.
std::size_t whole_notes(std::string_view text) {
  const auto notes = split_notes(text);
  if (notes.empty() || parse_checkpoint(notes.back()).ok()) return text.size();
  return static_cast<std::size_t>(notes.back().data() - text.data());
}

std::size_t whole_lines(std::string_view text) { return text.rfind('\n') + 1; }

std::string_view last_line(std::string_view text) {
  if (text.empty()) return {};
  text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

Result<std::string> read_whole(const std::string& path, std::uint64_t size) {
  COFFER_TRY(const ReadAt read, read_file(path));
  Bytes bytes(static_cast<std::size_t>(size));
  std::size_t had = 0;
  while (had < bytes.size()) {
    COFFER_TRY(const std::size_t more, read(had, MutableByteView(bytes).subspan(had)));
    if (more == 0) break;
    had += more;
  }
  return std::string(as_text(ByteView(bytes).first(had)));
}

}  // namespace

CheckpointFiles::CheckpointFiles(std::string directory, Durability durability, FileOpener opener)
    : directory_(std::move(directory)), durability_(durability), opener_(std::move(opener)) {}

Result<void> CheckpointFiles::add(std::uint64_t segment, std::string_view note) {
  COFFER_CHECK(open(checkpoints_in(directory_, segment).path, whole_notes));
  return append(std::string(note) + "\n");
}

Result<void> CheckpointFiles::signs_since(const NoteKey& key, std::uint64_t since) {
  const std::string path = directory_ + "/" + std::string(kSigners);
  COFFER_CHECK(open(path, whole_lines));
  COFFER_TRY(const std::string text, read_whole(path, open_.size));
  const std::string named = to_text(key) + " since=";
  if (last_line(text).starts_with(named)) return {};
  COFFER_TRY(const std::vector<KeyPeriod> told, parse_signers(text));
  const bool comes_back = std::any_of(told.begin(), told.end(), [&](const KeyPeriod& period) {
    return to_text(period.key) == to_text(key);
  });
  if (!comes_back) {
    COFFER_TRY(const auto first, signed_since(directory_, key));
    const std::uint64_t earliest = told.empty() ? 0 : told.back().since;
    since = std::max(std::min(since, first.value_or(since)), earliest);
  }
  return append(named + std::to_string(since) + "\n");
}

bool CheckpointFiles::lost() {
  if (open_.file == nullptr) return lost_;
  const auto ours = open_.file->facts();
  const auto there = open_.file->facts_at_path();
  const bool gone = !there.ok() && there.error().code == ErrorCode::not_found;
  const bool other =
      ours.ok() && there.ok() &&
      (ours->inode != there->inode || ours->device != there->device || there->size != open_.size);
  if (!gone && !other) return lost_;
  if (!lost_) log::error(std::string(kLost));
  lost_ = true;
  open_ = {};
  return true;
}

/// One file at a time: they change with segments and keys.
Result<void> CheckpointFiles::open(const std::string& path, Whole whole) {
  if (open_.file != nullptr && open_.path == path) return {};
  open_ = {};
  COFFER_TRY(std::unique_ptr<File> file, opener_(path));
  COFFER_TRY(const FileFacts facts, file->facts());
  COFFER_TRY(const std::string text, read_whole(path, facts.size));
  const std::size_t good = whole(text);
  if (good != facts.size) COFFER_CHECK(file->truncate(good));
  if (facts.size == 0) COFFER_CHECK(sync_name());
  open_ = {std::move(file), path, good};
  return {};
}

Result<void> CheckpointFiles::append(std::string_view text) {
  auto done = write(text);
  // What is there now isn't known: the next one looks.
  if (!done.ok()) open_ = {};
  return done;
}

Result<void> CheckpointFiles::write(std::string_view text) {
  ByteView rest = as_bytes(text);
  while (!rest.empty()) {
    const auto written = open_.file->write(open_.size + (text.size() - rest.size()), rest);
    if (!written.ok()) {
      // Cut at the next opening, if not here.
      static_cast<void>(open_.file->truncate(open_.size));
      return written.error();
    }
    rest = rest.subspan(*written);
  }
  if (durability_ == Durability::power) COFFER_CHECK(open_.file->sync());
  open_.size += text.size();
  return {};
}

Result<void> CheckpointFiles::sync_name() const {
  if (durability_ != Durability::power) return {};
  return sync_names(directory_);
}

}  // namespace coffer::audit
