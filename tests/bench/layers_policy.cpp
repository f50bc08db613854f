// Decisions of policies with few rules and with many, and what they allocate.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "coffer/policy/policy.h"
#include "layers_house.h"

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

// All of the program's: the difference around a loop is the loop's own.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace coffer::bench {
namespace {

using benchmark::State;

/// Rules of all kinds that a policy has: whole paths, prefixes, and segments that may be anything.
std::string policy_text(std::int64_t rules) {
  std::string text;
  for (std::int64_t i = 1; i < rules; ++i) {
    const std::string team = "team-" + std::to_string(i);
    const std::string paths[] = {"secret/data/" + team + "/*", "secret/data/" + team + "/app",
                                 "secret/+/" + team + "/*"};
    text += "path \"" + paths[static_cast<std::size_t>(i % 3)] +
            "\" { capabilities = [\"read\", \"list\"] }\n";
  }
  return text + "path \"secret/data/app/*\" { capabilities = [\"read\"] }\n";
}

void decide(State& state) {
  const auto parsed = policy::parse("bench", policy_text(state.range(0)));
  if (!parsed.ok()) return state.SkipWithError(describe(parsed.error()).c_str());
  const policy::PolicyPtr policies[] = {*parsed};
  const auto acl = policy::Acl::build(policies, system_clock().wall());
  policy::Query query;
  query.path = "secret/data/app/db";
  if (!acl->decide(query).allowed) return state.SkipWithError("the policy doesn't allow it");
  const std::size_t before = allocations;
  std::size_t allowed = 0;
  for (auto _ : state) allowed += acl->decide(query).allowed ? 1U : 0U;
  benchmark::DoNotOptimize(allowed);
  const std::size_t made = (allocations - before) / static_cast<std::size_t>(state.iterations());
  state.SetLabel("decide among " + std::to_string(state.range(0)) +
                 " rules; allocations: " + std::to_string(made));
}

}  // namespace

void register_policy() {
  benchmark::RegisterBenchmark("policy/decide", decide)->Arg(1)->Arg(20)->Arg(1000);
}

}  // namespace coffer::bench
