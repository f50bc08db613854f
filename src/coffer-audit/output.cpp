#include "output.h"

#include <cstdio>
#include <fstream>
#include <iterator>

#include "options.h"

namespace coffer::auditor {

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_row(std::string_view name, std::string_view value) {
  std::string row(name);
  row.resize(16, ' ');
  print(row.append(value).append("\n"));
}

int complain(std::string_view text) {
  std::fprintf(stderr, "coffer-audit: %.*s\ntry: coffer-audit -help\n",
               static_cast<int>(text.size()), text.data());
  return kUsage;
}

int complain(const Error& error) {
  complain(describe(error));
  return error.code == ErrorCode::corrupt ? kBadLog : kUsage;
}

Result<std::string> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad() || !in.is_open()) {
    return make_error(ErrorCode::unavailable, "cannot read " + path);
  }
  return text;
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
