#include "acts.h"

#include <array>
#include <cstdio>

namespace coffer::ceremony {
namespace {

constexpr std::array kActs = {
    Act{"enrol", "make a vault's keys on a further token, and write down what to enrol", enrol},
    Act{"probe", "try what a token can do, and what it ignores", probe},
};

}  // namespace

std::span<const Act> acts() noexcept { return kActs; }

int complain(std::string_view text) {
  std::fprintf(stderr, "coffer-ceremony: %.*s\ntry: coffer-ceremony -help\n",
               static_cast<int>(text.size()), text.data());
  return kUsage;
}

}  // namespace coffer::ceremony
