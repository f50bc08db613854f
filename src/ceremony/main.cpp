// coffer-ceremony: what is done to a token by people, beside the daemon.
#include <algorithm>
#include <cstdio>

#include "acts.h"
#include "coffer/base/no_dumps.h"
#include "coffer/base/version.h"

namespace {

using coffer::ceremony::Act;
using coffer::ceremony::acts;

int help() {
  std::printf("usage: coffer-ceremony ACT [OPTIONS]\n\nacts:\n");
  for (const Act& act : acts()) {
    std::printf("  %-14.*s %.*s\n", static_cast<int>(act.name.size()), act.name.data(),
                static_cast<int>(act.about.size()), act.about.data());
  }
  std::printf("\n  coffer-ceremony ACT -help\n  coffer-ceremony -version\n");
  return coffer::ceremony::kDone;
}

}  // namespace

int main(int argc, char** argv) {
  coffer::refuse_dumps();  // PINs pass through
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) return coffer::ceremony::complain("want an act");
  const std::string& name = words.front();
  if (name == "-help" || name == "--help" || name == "-h") return help();
  if (name == "-version" || name == "--version") {
    std::printf("coffer-ceremony %s\n", std::string(coffer::kVersion).c_str());
    return coffer::ceremony::kDone;
  }
  const auto act = std::find_if(acts().begin(), acts().end(),
                                [&](const Act& each) { return each.name == name; });
  if (act == acts().end()) return coffer::ceremony::complain("no such act");
  return act->run({words.begin() + 1, words.end()});
}
