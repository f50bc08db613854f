#include "token.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "file_descriptor.h"

namespace coffer::cli {
namespace {

constexpr std::size_t kLongestToken = 8192;

Error unreadable(const std::string& path, const std::string& why) {
  return make_error(ErrorCode::invalid_argument,
                    "cannot read the token file " + path + ": " + why +
                        "\nto go on without a token, set COFFER_TOKEN to nothing");
}

Result<std::optional<Token>> read_token_file(const std::string& path) {
  // O_NONBLOCK: a FIFO in this place shall not hang us.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<Token>();
    return unreadable(path, std::strerror(errno));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return unreadable(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return unreadable(path, "not a regular file");

  COFFER_TRY(SecureBytes content, SecureBytes::allocate(kLongestToken + 1));
  const MutableByteView buffer = content.expose_mutable(Reveal{"read the token file"});
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(file.get(), buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kLongestToken) return unreadable(path, "longer than 8192 bytes");
  content.shrink(size);

  Token token;
  token.origin = path;
  const Reveal trim{"trim the token"};
  COFFER_TRY(token.value, clean_token(as_text(content.expose(trim)), path));
  if (token.value.empty()) return std::optional<Token>();
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    token.warning = "others may read the token in " + path + "; run: chmod 600 " + path;
  }
  return std::optional<Token>(std::move(token));
}

}  // namespace

Result<SecureBytes> clean_token(std::string_view raw, const std::string& origin) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = raw.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return SecureBytes();
  const std::string_view text = raw.substr(first, raw.find_last_not_of(kSpace) - first + 1);
  // A header can't carry more than printable characters, and a line break in it would start a
  // header of its own.
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return make_error(ErrorCode::invalid_argument,
                      "the token in " + origin + " contains characters that no token has");
  }
  return SecureBytes::copy_of(as_bytes(text));
}

std::string token_file(const Environment& environment) {
  for (const std::string name : {"COFFER_TOKEN_PATH", "BAO_TOKEN_PATH"}) {
    if (const auto path = environment.get(name); path && !path->empty()) return std::string(*path);
  }
  const std::string home = home_directory(environment);
  return home.empty() ? std::string() : home + "/.vault-token";
}

Result<std::optional<Token>> find_token(const Environment& environment) {
  if (const auto found = environment.own("TOKEN")) {
    Token token;
    token.origin = found->name;
    COFFER_TRY(token.value, clean_token(found->value, found->name));
    if (!token.value.empty()) return std::optional<Token>(std::move(token));
    if (found->name == "COFFER_TOKEN") return std::optional<Token>();
  }
  const std::string path = token_file(environment);
  if (path.empty()) return std::optional<Token>();
  return read_token_file(path);
}

}  // namespace coffer::cli
