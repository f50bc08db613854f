// policy: what one decision costs by itself, on one thread, with 1, 20 and 1,000 rules: the last
// column is microseconds. Half of the rules are exact, a quarter prefixes, a quarter have a `+`;
// what is asked is met by each of these, and by none, in turn. 2 µs is the bound of each.
#include "coffer/policy/policy.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace coffer::bench {
namespace {

constexpr int kDecisions = 400'000;
constexpr int kRuns = 5;

std::string rule(int number) {
  const std::string team = "team" + std::to_string(number);
  switch (number % 4) {
    case 0: return "path \"secret/data/" + team + "/*\" { capabilities = [\"read\"] }\n";
    case 1: return "path \"secret/+/" + team + "/key\" { capabilities = [\"read\"] }\n";
    default: return "path \"secret/data/" + team + "/key\" { capabilities = [\"read\"] }\n";
  }
}

std::vector<std::string> questions(int rules) {
  std::vector<std::string> paths;
  for (int i = 0; i < 64; ++i) {
    // Beyond the last rule: refused.
    paths.push_back("secret/data/team" + std::to_string(i * 7 % (rules + rules / 4 + 1)) + "/key");
  }
  return paths;
}

/// Microseconds a decision, the best of some runs: what else the machine does is not asked.
double measure(const policy::Acl& acl, const std::vector<std::string>& paths) {
  double best = 1e9;
  int allowed = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kDecisions; ++i) {
      const auto& path = paths[static_cast<std::size_t>(i) % paths.size()];
      const policy::Query query{.operation = model::Operation::read, .path = path};
      allowed += acl.decide(query).allowed ? 1 : 0;
    }
    const std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count() / kDecisions);
  }
  return allowed == 0 ? 0 : best;
}

int run() {
  for (const int rules : {1, 20, 1000}) {
    std::string text;
    for (int i = 0; i < rules; ++i) text += rule(i);
    const auto parsed = policy::parse("bench", text);
    if (!parsed.ok()) return 1;
    const policy::PolicyPtr all[] = {*parsed};
    const auto acl = policy::Acl::build(all, WallTime{});
    std::printf("decision with %4d rules  %.3f us\n", rules, measure(*acl, questions(rules)));
  }
  return 0;
}

}  // namespace
}  // namespace coffer::bench

int main() { return coffer::bench::run(); }
