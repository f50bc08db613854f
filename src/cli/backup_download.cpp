#include "backup_download.h"

#include <algorithm>

namespace coffer::cli {

Result<void> BackupDownload::fetch() {
  const auto answer = session_.ask("reading the backup",
                                   {.path = path_, .query = {{"offset", std::to_string(offset_)}}});
  if (!answer || answer->missing()) {
    told_ = !answer;
    return make_error(ErrorCode::unavailable, "the daemon doesn't have the backup any more");
  }
  const model::Json* chunk = answer->json.find_path({"data", "chunk"});
  if (chunk == nullptr) return make_error(ErrorCode::corrupt, "the answer has no part of a backup");
  auto bytes = from_base64(chunk->text());
  if (!bytes.ok()) return make_error(ErrorCode::corrupt, "the answer isn't in base64");
  part_ = *std::move(bytes);
  at_ = 0;
  offset_ += part_.size();
  return part_.empty() ? Result<void>() : sink_(part_);
}

backup::Source BackupDownload::source() {
  return [this](MutableByteView out) -> Result<std::size_t> {
    if (at_ == part_.size()) COFFER_CHECK(fetch());
    const std::size_t size = std::min(out.size(), part_.size() - at_);
    std::copy_n(part_.begin() + static_cast<std::ptrdiff_t>(at_), size, out.begin());
    at_ += size;
    return size;
  };
}

}  // namespace coffer::cli
