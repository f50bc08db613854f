#include "file_log.h"

#include <unistd.h>

#include "coffer/base/log.h"

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

Error lost(std::string_view what) { return make_error(ErrorCode::unavailable, what); }

}  // namespace

FileLog::FileLog(const LogConfig& config, UniqueFd directory, std::unique_ptr<File> file,
                 ChainEnd end, OpenRequests open)
    : durability_(config.durability),
      node_member_(",\"node\":\"" + to_string(config.node) + "\",\"seq\":"),
      directory_(std::move(directory)),
      file_(std::move(file)),
      end_(end),
      open_(std::move(open)),
      next_sequence_(end.next_sequence) {}

Result<void> FileLog::append(std::span<const Line> lines, bool sync) {
  const MutexLock lock(mutex_);
  if (lost_) return *lost_;
  buffer_.clear();
  Undo undo(open_);
  ChainEnd end = end_;
  for (const Line& line : lines) COFFER_CHECK(render(line, end));
  COFFER_CHECK(write());
  end.size += buffer_.size();
  end_ = end;
  undo.commit();
  next_sequence_ = end.next_sequence;
  if (buffer_.capacity() > kKeptBuffer) buffer_ = std::string();
  if (sync && durability_ == Durability::power) {
    if (const auto synced = file_->sync(); !synced.ok()) die(synced.error());
  }
  return {};
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
  COFFER_TRY(end.previous, leaf_hash(std::string_view(buffer_).substr(start)));
  buffer_.push_back('\n');
  ++end.next_sequence;
  return {};
}

/// All of the buffer behind the last good byte, or nothing.
Result<void> FileLog::write() {
  ByteView rest = as_bytes(buffer_);
  while (!rest.empty()) {
    auto written = file_->write(end_.size + (buffer_.size() - rest.size()), rest);
    if (!written.ok()) {
      if (const auto undone = file_->truncate(end_.size); !undone.ok()) die(undone.error());
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
  COFFER_TRY(const FileFacts mine, file_->facts());
  if (mine.links == 0) return lost("the audit log file was unlinked");
  const auto there = file_->facts_at_path();
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
