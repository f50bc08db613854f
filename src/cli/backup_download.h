// A backup as it comes from the daemon, a part a request, written out as it is read.
#pragma once

#include <string>

#include "coffer/backup/format.h"
#include "session.h"

namespace coffer::cli {

/// The session and the sink outlive it.
class BackupDownload final {
 public:
  BackupDownload(Session& session, std::string name, backup::Sink sink)
      : session_(session), path_("sys/backup/" + std::move(name)), sink_(std::move(sink)) {}

  /// All that it gives was given to the sink before.
  [[nodiscard]] backup::Source source();
  /// The daemon said no: that has been told.
  [[nodiscard]] bool told() const noexcept { return told_; }

 private:
  [[nodiscard]] Result<void> fetch();

  Session& session_;
  const std::string path_;
  const backup::Sink sink_;
  Bytes part_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
  bool told_ = false;
};

}  // namespace coffer::cli
