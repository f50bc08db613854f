// A rotated secret and the world that it opens: passwords that a server takes, and a rotator that
// fails when it is told to.
#pragma once

#include <set>

#include "coffer/lifecycle/rotator.h"
#include "kv_kit.h"

namespace coffer::engines::kv {

using lifecycle::RotationCall;
using lifecycle::RotationStep;
using lifecycle::StepEnd;
using lifecycle::StepResult;

/// What one step does, and what it says.
struct Fault {
  StepEnd says = StepEnd::done;
  bool happens = true;  ///< the effect, whatever it says
};

/// A server with passwords. `two`: set() adds one and finish() ends the others, as with two users
/// in turn; else set() takes the place of the old one, and only who has that may do it.
class Server {
 public:
  bool two = true;
  std::set<std::string> takes{R"({"password":"first"})"};
  std::string rest;           ///< other members of a made value: `,"host":"a"`
  std::vector<Fault> faults;  ///< of the next steps, in order; then none
  std::vector<std::string> calls;
  std::set<Uuid> runs;
  std::function<void(const RotationCall&)> watch;

  StepResult step(const RotationCall& call) {
    calls.emplace_back(lifecycle::to_string(call.step));
    runs.insert(call.run);
    if (watch) watch(call);
    Fault fault;
    if (!faults.empty()) {
      fault = faults.front();
      faults.erase(faults.begin());
    }
    // A test that says no while the value works would be a lie, and no vault can live with that.
    const bool lies = call.step == RotationStep::test && fault.says == StepEnd::refused &&
                      takes.contains(std::string(call.pending));
    if (lies) fault.says = StepEnd::unknown;
    const bool works = !fault.happens || happen(call);
    if (!works) return {.end = StepEnd::refused, .value = {}, .why = "not taken"};
    const std::string value = call.step == RotationStep::create ? made(call) : "";
    return {.end = fault.says, .value = value, .why = "as told"};
  }

 private:
  std::string made(const RotationCall&) {
    return R"({"password":"made-)" + std::to_string(++count_) + "\"" + rest + "}";
  }
  bool happen(const RotationCall& call) {
    const std::string pending(call.pending);
    switch (call.step) {
      case RotationStep::create: return true;
      case RotationStep::set: {
        // Either lets us in: one that was set already is set again.
        const bool in = takes.contains(std::string(call.current)) || takes.contains(pending);
        if (!in) return false;
        if (!two) takes.clear();
        takes.insert(pending);
        return true;
      }
      case RotationStep::test: return takes.contains(pending);
      case RotationStep::finish: break;
    }
    if (!takes.contains(std::string(call.current))) return false;
    takes = {std::string(call.current)};
    return true;
  }
  int count_ = 0;
};

class FakeRotator final : public lifecycle::Rotator {
 public:
  explicit FakeRotator(Server& server) : server_(server) {}
  [[nodiscard]] bool reaches_outside() const override { return true; }
  [[nodiscard]] Result<std::string> take_settings(std::string_view /*secret*/,
                                                  const model::Fields& given,
                                                  std::string_view before) const override {
    COFFER_TRY(const auto target, given.string("target"));
    if (!target) return std::string(before.empty() ? "{}" : before);
    return R"({"target":")" + *target + "\"}";
  }
  [[nodiscard]] StepResult step(const RotationCall& call, const std::stop_token&) override {
    return server_.step(call);
  }

 private:
  Server& server_;
};

class RotationKit : public KvTest {
 protected:
  RotationKit() { add_rotator(); }
  void add_rotator() { vault.open().rotators.add("fake", std::make_unique<FakeRotator>(server)); }
  Answer configure_rotation(const std::string& body, const std::string& path = "app/db") {
    return call(Operation::update, "rotation/" + path, body);
  }
  Answer rotation(const std::string& path = "app/db") {
    return call(Operation::read, "rotation/" + path);
  }
  Answer rotate_now(const std::string& path = "app/db") {
    return call(Operation::update, "rotate/" + path);
  }
  std::string phase() { return member(rotation(), "phase"); }
  Answer read_stage(const std::string& stage, const std::string& path = "app/db") {
    return call(Operation::read, "data/" + path, R"({"stage":")" + stage + "\"}");
  }
  void first(const std::string& plan = R"({"rotator":"fake","period":"1h"})") {
    ASSERT_TRUE(write("app/db", R"({"password":"first"})").ok());
    const auto answer = configure_rotation(plan);
    ASSERT_TRUE(answer.ok()) << describe(answer.error());
  }
  void later(std::chrono::seconds by) { vault.ahead += by; }
  std::string current() { return value("app/db"); }
  /// As at a restart: whatever was in memory alone is gone.
  void reopen() {
    vault.state->seal();
    ASSERT_TRUE(vault.call_as("", Operation::update, "sys/unseal", R"({"key":"1234"})").ok());
    add_rotator();
  }

  Server server;
};

}  // namespace coffer::engines::kv
