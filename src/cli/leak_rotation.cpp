#include "leak_rotation.h"

#include <chrono>
#include <thread>

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::chrono::milliseconds kLook{200};
constexpr std::chrono::minutes kPatience{1};

/// Of a KV secret, or of a static role, which has none before its first.
const Json* last_of(const Json& how) {
  const Json* last = how.find("last");
  return last != nullptr ? last : how.find("last_vault_rotation");
}

std::string text_of(const Json* value) {
  return value == nullptr || value->is_null() ? std::string() : std::string(value->text());
}

/// Its new value is in force.
bool is_ending(const Json& how) {
  const std::string phase = text_in(how, "phase");
  return phase == "wait" || phase == "finish";
}

}  // namespace

std::optional<bool> LeakRotation::done_already() {
  const auto how = look();
  if (!how) return std::nullopt;
  if (step_.find("rotated_before") != nullptr) return has_rotated(*how);
  step_.set("rotated_before", Json::string(text_of(last_of(*how))));
  return false;
}

bool LeakRotation::let_the_last_one_end() {
  const auto how = look();
  if (!how) return false;
  if (!is_ending(*how)) return true;
  if (text_in(*how, "phase") == "wait") {
    const auto hurried = session_.ask_first(
        "ending the wait for readers of " + text_in(step_, "what"),
        {.method = "POST", .path = text_in(step_, "request"), .body = "{}"}, {400, 403, 404, 405});
    if (!hurried) return false;
  }
  return until([](const Json& now) { return !is_ending(now); });
}

bool LeakRotation::await() {
  if (text_in(step_, "at_once") == "true") return true;
  return until([this](const Json& now) { return has_rotated(now); });
}

/// An empty answer if there is none, or it mustn't be read.
std::optional<Json> LeakRotation::look() {
  const auto answer = session_.ask_first("reading the rotation of " + text_in(step_, "what"),
                                         {.path = text_in(step_, "watch")}, {400, 403, 404, 405});
  if (!answer) return std::nullopt;
  const Json* data = answer->json.find("data");
  return answer->status < 300 && data != nullptr ? *data : Json::object();
}

bool LeakRotation::until(const Condition& over) {
  const auto patience_ends = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto how = look();
    if (!how) return false;
    const bool told = last_of(*how) != nullptr;
    if (told && over(*how)) return true;
    if (told && std::chrono::steady_clock::now() < patience_ends) {
      std::this_thread::sleep_for(kLook);
      continue;
    }
    give_up(told ? "isn't over: phase " + text_in(*how, "phase") + ", " + text_in(*how, "trouble")
                 : "can't be followed: " + text_in(step_, "watch") + " can't be read");
    return false;
  }
}

bool LeakRotation::has_rotated(const Json& how) const {
  const Json* last = last_of(how);
  return last != nullptr && text_of(last) != text_in(step_, "rotated_before");
}

void LeakRotation::give_up(const std::string& why) {
  session_.fail(kRemote, "The rotation of " + text_in(step_, "what") + " " + why +
                             "\ngo on with -response=" + response_);
}

}  // namespace coffer::cli
