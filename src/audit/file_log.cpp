#include "file_log.h"

#include <unistd.h>

#include <algorithm>

#include "coffer/base/log.h"
#include "segments.h"

namespace coffer::audit {
namespace {

/// A batch that was larger than this gives its memory back.
constexpr std::size_t kKeptBuffer = 4U << 20U;

/// After a failed fdatasync nobody knows which pages are on disk, and a second one says "done" to
/// pages that the kernel has dropped. After a failed undo the file ends in half a line. Neither can
/// be served on; the next start reads what is really there.
[[noreturn]] void die(const Error& error) {
  log::error(error);
  log::error("the audit log is in an unknown state: stopping at once");
  ::_exit(kExitSyncFailed);
}

/// Takes back what a call changed in the set, unless it was written.
class Undo final {
 public:
  explicit Undo(OpenRequests& open) : open_(open) { open_.begin(); }
  ~Undo() {
    if (!done_) open_.roll_back();
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  void commit() noexcept {
    open_.commit();
    done_ = true;
  }

 private:
  OpenRequests& open_;
  bool done_ = false;
};

bool opens_request(const Line& line) { return line.kind == Line::Kind::request; }

Error lost(std::string_view what) { return make_error(ErrorCode::unavailable, what); }

}  // namespace

FileLog::FileLog(const LogConfig& config, const Clock& clock, FileOpener opener, UniqueFd directory,
                 OpenSegment segment, ChainEnd end, OpenRequests open)
    : config_(config),
      clock_(clock),
      opener_(std::move(opener)),
      node_member_(",\"node\":\"" + to_string(config.node) + "\",\"seq\":"),
      directory_(std::move(directory)),
      segment_(std::move(segment)),
      end_(end),
      open_(std::move(open)),
      next_sequence_(end_.next_sequence) {}

Result<void> FileLog::append(std::span<const Line> lines, bool sync) {
  const MutexLock lock(mutex_);
  if (lost_) return *lost_;
  if (refusal_ && std::any_of(lines.begin(), lines.end(), opens_request)) return *refusal_;
  // A file that was cut would be filled up with zeros to where this goes, and have its length
  // again.
  COFFER_CHECK(compare_file());
  if (segment_is_full()) COFFER_CHECK(begin_segment());
  buffer_.clear();
  Undo undo(open_);
  ChainEnd end = end_;
  for (const Line& line : lines) COFFER_CHECK(render(line, end));
  COFFER_CHECK(write(*segment_.file, end_.size, buffer_));
  end.size += buffer_.size();
  end_ = end;
  undo.commit();
  next_sequence_ = end_.next_sequence;
  if (buffer_.capacity() > kKeptBuffer) buffer_ = std::string();
  if (sync) sync_or_die(*segment_.file);
  if (sync || config_.durability == Durability::crash) note_synced();
  return {};
}

void FileLog::sync_or_die(File& file) const {
  if (config_.durability != Durability::power) return;
  if (const auto synced = file.sync(); !synced.ok()) die(synced.error());
}

void FileLog::note_synced() {
  synced_ = end_.tree;
  synced_segment_ = segment_.first;
}

/// One that holds nothing but its first line is never full, however small the bound.
bool FileLog::segment_is_full() const {
  if (end_.next_sequence <= segment_.first + 1) return false;
  if (end_.size >= config_.segment_bytes) return true;
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch());
  return now - std::chrono::seconds(segment_.begun) >= config_.segment_age;
}

/// The segment before is on disk as a whole before the next has a line, and the next one's first
/// line and name are before anything else is written to it. A crash in between leaves a file that
/// is empty or torn, and the next start writes that line.
Result<void> FileLog::begin_segment() {
  sync_or_die(*segment_.file);
  note_synced();
  const Segment next = segment_in(config_.directory, end_.next_sequence);
  COFFER_TRY(std::unique_ptr<File> file, opener_(next.path));
  // What an attempt before this one left behind.
  COFFER_TRY(const FileFacts facts, file->facts());
  if (facts.size != 0) COFFER_CHECK(file->truncate(0));
  const WallTime now = clock_.wall();
  buffer_.clear();
  ChainEnd end = end_;
  end.size = 0;
  COFFER_CHECK(render(segment_line(now, end_.tree), end));
  COFFER_CHECK(write(*file, 0, buffer_));
  end.size = buffer_.size();
  sync_or_die(*file);
  if (config_.durability == Durability::power) {
    if (const auto named = sync_directory(directory_); !named.ok()) die(named.error());
  }
  segment_ = {std::move(file), next.first,
              std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()};
  COFFER_CHECK(note_segment_end());
  end_ = end;
  next_sequence_ = end_.next_sequence;
  note_synced();
  return {};
}

/// Precondition: the chain ends with the last line of the segment.
Result<void> FileLog::note_segment_end() {
  COFFER_TRY(const TreeHash root, end_.tree.root());
  if (ends_.size() == kMaxSegmentEnds) ends_.pop_front();
  ends_.push_back({end_.tree.size(), root, synced_segment_});
  return {};
}

std::vector<SyncedTree> FileLog::take_segment_ends() {
  const MutexLock lock(mutex_);
  std::vector<SyncedTree> taken(ends_.begin(), ends_.end());
  ends_.clear();
  return taken;
}

void FileLog::refuse_requests(std::optional<Error> why) {
  const MutexLock lock(mutex_);
  refusal_ = std::move(why);
}

Result<SyncedTree> FileLog::synced_tree() {
  const MutexLock lock(mutex_);
  COFFER_TRY(const TreeHash root, synced_.root());
  return SyncedTree{synced_.size(), root, synced_segment_};
}

LogHead FileLog::head() {
  const MutexLock lock(mutex_);
  return {end_.next_sequence - 1, std::string(view(end_.previous))};
}

Result<void> FileLog::render(const Line& line, ChainEnd& end) {
  COFFER_CHECK(check_body(line));
  switch (line.kind) {
    case Line::Kind::system: break;
    case Line::Kind::request: open_.open(line.request, end.next_sequence); break;
    case Line::Kind::response:
      if (!open_.close(line.request)) {
        return make_error(ErrorCode::internal,
                          "an audit line would close a request that is not open");
      }
      break;
  }
  const std::size_t start = buffer_.size();
  buffer_.append(line.body).append(node_member_);
  append_number(buffer_, end.next_sequence);
  buffer_.append(",\"open\":");
  append_number(buffer_, open_.lowest());
  buffer_.append(",\"prev\":\"").append(view(end.previous)).append("\"}");
  COFFER_TRY(const TreeHash leaf, hash_leaf(std::string_view(buffer_).substr(start)));
  COFFER_CHECK(end.tree.append(leaf));
  end.previous = hex_text(leaf);
  buffer_.push_back('\n');
  ++end.next_sequence;
  return {};
}

/// All of the text behind the last good byte, or nothing.
Result<void> FileLog::write(File& file, std::uint64_t at, std::string_view text) {
  ByteView rest = as_bytes(text);
  while (!rest.empty()) {
    auto written = file.write(at + (text.size() - rest.size()), rest);
    if (!written.ok()) {
      if (const auto undone = file.truncate(at); !undone.ok()) die(undone.error());
      return std::move(written).error();
    }
    rest = rest.subspan(*written);
  }
  return {};
}

Result<void> FileLog::check() {
  const MutexLock lock(mutex_);
  auto compared = compare_file();
  lost_.reset();
  if (!compared.ok()) lost_ = compared.error();
  return compared;
}

Result<void> FileLog::compare_file() const {
  COFFER_TRY(const FileFacts mine, segment_.file->facts());
  if (mine.links == 0) return lost("the audit log file was unlinked");
  const auto there = segment_.file->facts_at_path();
  if (!there.ok() && there.error().code == ErrorCode::not_found) {
    return lost("the audit log file was moved away");
  }
  if (!there.ok()) return there.error();
  if (there->device != mine.device || there->inode != mine.inode) {
    return lost("the audit log file was replaced by another");
  }
  if (mine.size < end_.size) return lost("the audit log file was truncated");
  if (mine.size > end_.size) return lost("the audit log file was written by another process");
  return {};
}

}  // namespace coffer::audit
