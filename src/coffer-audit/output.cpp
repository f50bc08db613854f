#include "output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "coffer/base/terminal.h"
#include "given_file.h"
#include "options.h"

namespace coffer::auditor {
namespace {

/// Keys, checkpoints, proofs, lists of policies.
constexpr std::size_t kLargest = std::size_t{256} << 20U;

}  // namespace

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

bool all_printed() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

void print_object(const model::JsonWriter& json) {
  print(json_for_terminal(json.view()).append("\n"));
}

void print_row(std::string_view name, std::string_view value) {
  std::string row = for_terminal(name);
  row.resize(std::max<std::size_t>(row.size() + 1, 16), ' ');
  print(row.append(for_terminal(value)).append("\n"));
}

std::string cell(std::string_view text) {
  if (text.empty()) return "-";
  std::string shown;
  for (const char c : for_terminal(text)) {
    if (c == ' ') {
      shown += "\\x20";
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string caller_cell(std::string_view caller) {
  constexpr std::string_view kUid = "uid ";
  const bool uid = caller.starts_with(kUid) &&
                   caller.find_first_not_of("0123456789", kUid.size()) == std::string_view::npos;
  return uid ? std::string(caller) : cell(caller);
}

int complain(std::string_view text) {
  std::fprintf(stderr, "coffer-audit: %s\ntry: coffer-audit -help\n", for_terminal(text).c_str());
  return kUsage;
}

int complain(const Error& error) {
  if (error.code != ErrorCode::corrupt) return complain(describe(error));
  // It was asked for rightly: no word of -help.
  std::fprintf(stderr, "coffer-audit: %s\n", for_terminal(describe(error)).c_str());
  return kBadLog;
}

int tell_bad(bool json, std::string_view file, const Error& error) {
  if (error.code != ErrorCode::corrupt) return complain(error);
  if (!json) {
    print_row("result", "BAD");
    print_row("file", file);
    print_row("what is wrong", error.text);
    return kBadLog;
  }
  model::JsonWriter writer;
  writer.begin_object().key("good").boolean(false).key("bad").begin_object();
  writer.key("file").string(file).key("line").number(0);
  writer.key("what").string(error.text).end_object().end_object();
  print_object(writer);
  return kBadLog;
}

Result<std::string> read_whole(const std::string& path) {
  COFFER_TRY(const GivenFile file, GivenFile::open(path));
  std::string text;
  std::array<char, 65536> piece{};
  while (text.size() <= kLargest) {
    const ssize_t size = ::read(file.fd(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return make_error(ErrorCode::unavailable, "cannot read " + path);
    if (size == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  return make_error(ErrorCode::unavailable, "cannot read " + path);
}

Result<audit::TrustedKeys> read_keys(const std::vector<std::string>& paths) {
  audit::TrustedKeys keys;
  for (const std::string& path : paths) {
    COFFER_TRY(const std::string text, read_whole(path));
    COFFER_CHECK(audit::add_keys(keys, text));
  }
  return keys;
}

}  // namespace coffer::auditor
