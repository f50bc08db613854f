#include "plan.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

namespace coffer::p11_fault {
namespace {

constexpr const char* kVariable = "COFFER_P11_FAULT";
constexpr std::chrono::milliseconds kHangRound{20};

/// Beside this very file, unless the environment names another: a worker's environment is empty.
std::string default_script_path() {
  if (const char* const named = std::getenv(kVariable)) return named;
  Dl_info info{};
  static const int here = 0;
  if (::dladdr(&here, &info) == 0 || info.dli_fname == nullptr) return {};
  return std::string(info.dli_fname) + ".script";
}

struct Stamp {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino, status.st_size};
}

/// FNV-1a: tells scripts apart, the same one written twice too.
std::uint64_t hash_of(const Stamp& stamp) {
  std::uint64_t hash = 14695981039346656037U;
  for (const auto part :
       {static_cast<std::uint64_t>(stamp.seconds), static_cast<std::uint64_t>(stamp.nanoseconds),
        stamp.inode, static_cast<std::uint64_t>(stamp.size)}) {
    hash = (hash ^ part) * 1099511628211U;
  }
  return hash;
}

void crash() {
  std::signal(SIGSEGV, SIG_DFL);
  std::raise(SIGSEGV);
}

/// Kills the process unless it ignores the signal, as p11-kit's remoting does when its server dies.
void write_to_closed_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe(static_cast<int*>(ends)) != 0) return;
  ::close(ends[0]);
  static_cast<void>(!::write(ends[1], "x", 1));
  ::close(ends[1]);
}

/// Where the file system never answers, not even SIGKILL ends this (state D).
void read_a_byte(const std::string& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return;
  char byte = 0;
  static_cast<void>(!::read(opened, &byte, 1));
  ::close(opened);
}

}  // namespace

struct Faults::State {
  std::mutex mutex;
  Stamp stamp{};
  std::shared_ptr<const Script> script = std::make_shared<Script>();
};

Faults& Faults::get() {
  static auto* const instance = new Faults;
  return *instance;
}

Faults::Faults() : state_(*new State), script_path_(default_script_path()) {
  const auto first = current();
  module_ = first->module;
  counts_path_ = first->counts.empty() ? script_path_ + ".counts" : first->counts;
  counts_ = &map_counts(counts_path_);
  adopt_script(*counts_, counts_path_, hash_of(state_.stamp));
}

std::shared_ptr<const Script> Faults::current() {
  const std::lock_guard lock(state_.mutex);
  const Stamp stamp = stamp_of(script_path_);
  if (stamp == state_.stamp) return state_.script;
  std::ostringstream text;
  text << std::ifstream(script_path_).rdbuf();
  state_.script = std::make_shared<Script>(parse_script(text.str()));
  state_.stamp = stamp;
  if (counts_ != nullptr) adopt_script(*counts_, counts_path_, hash_of(stamp));
  return state_.script;
}

bool Faults::changed(const Script& script) { return current().get() != &script; }

const Rule* Faults::Plan::find(Effect effect) const {
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [effect](const Rule* rule) { return rule->effect == effect; });
  return found == rules.end() ? nullptr : *found;
}

Faults::Plan Faults::enter(Function function) {
  ++counts_->functions[static_cast<std::size_t>(function)].calls;
  static const Rule not_understood{.effect = Effect::fail, .number = CKR_ARGUMENTS_BAD};
  Plan plan{current(), {}};
  if (!plan.script->problem.empty()) plan.rules.push_back(&not_understood);
  for (std::size_t i = 0; i < plan.script->rules.size(); ++i) {
    const Rule& rule = plan.script->rules[i];
    if (rule.is_about(function) && rule.fits(++counts_->rules[i])) plan.rules.push_back(&rule);
  }
  for (const Rule* const rule : plan.rules) {
    if (rule->effect == Effect::delay) {
      std::this_thread::sleep_for(std::chrono::milliseconds(rule->number));
    }
    while (rule->effect == Effect::hang && !changed(*plan.script)) {
      std::this_thread::sleep_for(kHangRound);
    }
    if (rule->effect == Effect::stuck) read_a_byte(rule->text);
    if (rule->effect == Effect::crash) crash();
    if (rule->effect == Effect::sigpipe) write_to_closed_pipe();
  }
  return plan;
}

void Faults::leave(Function function, CK_RV rv) {
  if (rv != CKR_OK) ++counts_->functions[static_cast<std::size_t>(function)].failed;
}

}  // namespace coffer::p11_fault
