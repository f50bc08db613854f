#include "acts.h"

#include <array>
#include <cstdio>

#include "coffer/base/terminal.h"

namespace coffer::ceremony {
namespace {

constexpr std::array kActs = {
    Act{"plan", "check a ceremony's plan, or print the templates of keys for one", plan},
    Act{"render", "the script of a plan, to be printed (Markdown)", render},
    Act{"person", "make the key that a person signs reports with", person},
    Act{"preflight", "look at machine, programs and token of a plan, as a ceremony does first",
        preflight},
    Act{"rehearse", "hold the ceremony of a plan on a token that is thrown away", rehearse},
    Act{"run", "hold the ceremony of a plan, or go on with one", run},
    Act{"sign", "sign a ceremony's report as one of its people", sign},
    Act{"verify-bundle", "whether what a ceremony left behind holds together", verify_bundle},
    Act{"combine", "put a secret together from its shares", combine},
    Act{"enrol", "make a vault's keys on a further token, and write down what to enrol", enrol},
    Act{"probe", "try what a token can do, and what it ignores", probe},
};

}  // namespace

std::span<const Act> acts() noexcept { return kActs; }

int complain(std::string_view text) {
  std::fprintf(stderr, "coffer-ceremony: %s\ntry: coffer-ceremony -help\n",
               for_terminal(text).c_str());
  return kUsage;
}

}  // namespace coffer::ceremony
