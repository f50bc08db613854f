#include "memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "coffer/connectors/target.h"

namespace coffer::connectors {

Result<std::shared_ptr<const MemoryFile>> MemoryFile::make(std::string_view text) {
  const int file = ::memfd_create("coffer", MFD_CLOEXEC);
  if (file < 0) return make_error(ErrorCode::resource_exhausted, "no more files", "memfd_create");
  const std::shared_ptr<const MemoryFile> made(new MemoryFile(file));
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return make_error(ErrorCode::resource_exhausted, "no more memory", "write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return made;
}

MemoryFile::~MemoryFile() { ::close(file_); }

Result<std::shared_ptr<const MemoryFile>> authorities_file(std::string_view tls_ca) {
  if (tls_ca.empty()) return std::shared_ptr<const MemoryFile>();
  const auto bad = [](std::string_view why) {
    return make_error(ErrorCode::invalid_argument, "field \"tls_ca\": " + std::string(why));
  };
  if (tls_ca.size() > kMaxAuthorities) return bad("longer than 65536 bytes");
  if (tls_ca.find("-----BEGIN CERTIFICATE-----") == std::string_view::npos) {
    return bad("wanted certificates in PEM");
  }
  // It is shown to whoever may read the configuration.
  if (tls_ca.find("PRIVATE KEY") != std::string_view::npos) return bad("a private key in it");
  return MemoryFile::make(tls_ca);
}

}  // namespace coffer::connectors
