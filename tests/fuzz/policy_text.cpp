// Policy text from outside: read or refused with an error that can be shown, never a crash; and
// what was read can be built and asked, the same each time, and laid out once and for all.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "coffer/policy/format.h"
#include "coffer/policy/policy.h"

namespace {

using namespace coffer;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_error(const Error& error) {
  require(error.code == ErrorCode::invalid_argument || error.code == ErrorCode::too_large);
  require(!error.text.empty() && error.text.size() < 1000);
  for (const char c : error.text) require(c >= 0x20 && c <= 0x7E);
}

void lay_out(std::string_view text) {
  const auto once = policy::format(text);
  if (!once.ok()) return check_error(once.error());
  const auto twice = policy::format(*once);
  require(twice.ok() ? *twice == *once : once->size() > text.size());  // grown past the limit
}

void ask(const policy::Acl& acl, std::string_view path) {
  for (const auto operation : {model::Operation::read, model::Operation::list}) {
    const policy::Query query{.operation = operation, .path = path};
    const auto decision = acl.decide(query);
    require(!decision.allowed || !decision.rule.empty());
    const auto explanation = acl.explain(query);
    require(explanation.decision.rule == decision.rule);
    require(explanation.candidates.empty() == decision.rule.empty());
  }
  const auto capabilities = acl.capabilities(path);
  require(!capabilities.empty());
  if (capabilities.front() != "deny") require(acl.any_access_below(path));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  lay_out(text);
  const auto parsed = policy::parse("fuzzed", text);
  if (!parsed.ok()) {
    check_error(parsed.error());
    return 0;
  }
  const policy::PolicyPtr twice[] = {*parsed, *parsed};
  const auto acl = policy::Acl::build(twice, WallTime{});
  for (const std::string_view path : {"secret/data/a", "secret/", "a", "", "/", "+/*", "sys/x/y"}) {
    ask(*acl, path);
  }
  ask(*acl, text.substr(0, 64));
  return 0;
}
