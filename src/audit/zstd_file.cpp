#include "zstd_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "plain_file.h"

namespace coffer::audit {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10U;
constexpr int kLevel = 3;
/// Memory that a frame may ask for: ours ask for 2 MiB.
constexpr int kMostWindowLog = 23;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kLargestHeader = 18;  // RFC 8878, section 3.1.1.1

struct FreeReader {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};
struct FreeWriter {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

Result<std::size_t> read_some(const UniqueFd& fd, MutableByteView out, std::uint64_t offset) {
  ssize_t size = -1;
  do {
    size = ::pread(fd.get(), out.data(), out.size(), static_cast<off_t>(offset));
  } while (size < 0 && errno == EINTR);
  if (size < 0) return system_error("pread", errno);
  return static_cast<std::size_t>(size);
}

Result<void> write_all(const UniqueFd& fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error("write", written < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

/// One frame, from its beginning on.
class Frame final {
 public:
  explicit Frame(UniqueFd fd) : fd_(std::move(fd)), context_(ZSTD_createDCtx()), input_(kPiece) {}

  Result<std::size_t> read(std::uint64_t offset, MutableByteView out) {
    if (context_ == nullptr) return make_error(ErrorCode::resource_exhausted, "out of memory");
    if (offset < position_) restart();
    Bytes passed(offset > position_ ? kPiece : 0);
    while (position_ < offset) {
      const auto step =
          static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, offset - position_));
      COFFER_TRY(const std::size_t got, next(MutableByteView(passed).first(step)));
      if (got == 0) return std::size_t{0};
    }
    return next(out);
  }

 private:
  void restart() {
    ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
    position_ = 0;
    taken_ = 0;
    unread_ = {};
    ended_ = false;
  }

  Result<std::size_t> next(MutableByteView out) {
    ZSTD_outBuffer into{out.data(), out.size(), 0};
    while (into.pos == 0 && into.size != 0) {
      if (unread_.empty()) COFFER_CHECK(fill());
      if (unread_.empty() && ended_) return std::size_t{0};
      if (unread_.empty()) return broken("the compressed segment is cut off");
      if (ended_) return broken("something stands behind the compressed segment");
      ZSTD_inBuffer from{unread_.data(), unread_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(context_.get(), &into, &from);
      if (ZSTD_isError(left) != 0) return broken("the segment's compression is damaged");
      unread_ = unread_.subspan(from.pos);
      ended_ = left == 0;
    }
    position_ += into.pos;
    return into.pos;
  }

  Result<void> fill() {
    if (taken_ == 0) ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMostWindowLog);
    COFFER_TRY(const std::size_t size, read_some(fd_, input_, taken_));
    taken_ += size;
    unread_ = ByteView(input_).first(size);
    return {};
  }

  UniqueFd fd_;
  std::unique_ptr<ZSTD_DCtx, FreeReader> context_;
  Bytes input_;
  ByteView unread_;
  std::uint64_t taken_ = 0;     ///< bytes of the file
  std::uint64_t position_ = 0;  ///< bytes of the segment
  bool ended_ = false;
};

}  // namespace

Result<ReadAt> read_compressed(const std::string& path) {
  COFFER_TRY(UniqueFd fd, open_plain(path));
  // Shared, since a std::function must be copyable.
  auto frame = std::make_shared<Frame>(std::move(fd));
  return ReadAt(
      [frame](std::uint64_t offset, MutableByteView out) { return frame->read(offset, out); });
}

Result<std::uint64_t> size_of_compressed(const std::string& path) {
  COFFER_TRY(const UniqueFd fd, open_plain(path));
  Bytes header(kLargestHeader);
  COFFER_TRY(const std::size_t size, read_some(fd, header, 0));
  const unsigned long long told = ZSTD_getFrameContentSize(header.data(), size);
  if (told == ZSTD_CONTENTSIZE_UNKNOWN || told == ZSTD_CONTENTSIZE_ERROR) {
    return broken("the compressed segment doesn't say its size");
  }
  return std::uint64_t{told};
}

Result<void> compress_file(const std::string& from, const std::string& to) {
  COFFER_TRY(const UniqueFd source, open_plain(from));
  struct stat status {};
  if (::fstat(source.get(), &status) != 0) return system_error("fstat", errno);
  const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!target.valid()) return system_error("open " + to, errno);
  // Whoever may read the segment may go on reading it.
  if (::fchown(target.get(), status.st_uid, status.st_gid) != 0 ||
      ::fchmod(target.get(), status.st_mode & 0640U) != 0) {
    return system_error("fchown", errno);
  }
  const std::unique_ptr<ZSTD_CCtx, FreeWriter> context(ZSTD_createCCtx());
  if (context == nullptr) return make_error(ErrorCode::resource_exhausted, "out of memory");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setPledgedSrcSize(context.get(), static_cast<unsigned long long>(status.st_size));
  Bytes input(kPiece);
  Bytes output(ZSTD_CStreamOutSize());
  std::uint64_t offset = 0;
  for (bool last = false; !last;) {
    COFFER_TRY(const std::size_t size, read_some(source, input, offset));
    offset += size;
    last = size == 0;
    ZSTD_inBuffer piece{input.data(), size, 0};
    for (bool done = false; !done;) {
      ZSTD_outBuffer into{output.data(), output.size(), 0};
      const std::size_t left =
          ZSTD_compressStream2(context.get(), &into, &piece, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0) {
        return make_error(ErrorCode::unavailable, "the segment changed while it was compressed");
      }
      COFFER_CHECK(write_all(target, ByteView(output).first(into.pos)));
      done = last ? left == 0 : piece.pos == piece.size;
    }
  }
  if (::fsync(target.get()) != 0) return system_error("fsync", errno);
  return {};
}

}  // namespace coffer::audit
