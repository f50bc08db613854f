#include "rotation_fields.h"

#include <algorithm>

#include "coffer/lifecycle/schedule.h"
#include "coffer/model/duration.h"

namespace coffer::engines::kv {
namespace {

using model::Fields;
using std::chrono::seconds;

constexpr std::size_t kMaxFields = 16;
constexpr std::size_t kMaxName = 128;
constexpr seconds kDefaultDeadline = std::chrono::hours(24);
constexpr seconds kShortestWindow = std::chrono::minutes(1);
constexpr std::string_view kGenerate = "generate";
constexpr std::string_view kDefaultField = "password";

Error invalid(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

Result<void> take(const Fields& fields, std::string_view name, seconds& into) {
  COFFER_TRY(const std::optional<seconds> given, fields.duration(name));
  if (given && given->count() < 0) {
    return invalid("field \"" + std::string(name) + "\" must not be negative");
  }
  if (given) into = *given;
  return {};
}

Result<void> take(const Fields& fields, std::string_view name, std::string& into) {
  COFFER_TRY(std::optional<std::string> given, fields.string(name));
  if (given) into = *std::move(given);
  return {};
}

/// One of the two says when: whichever is given takes the other's place.
Result<void> take_times(const Fields& fields, RotationPlan& plan) {
  if (fields.has("period") && fields.has("schedule")) {
    return invalid("give field \"period\" or field \"schedule\", not both");
  }
  if (fields.has("period")) {
    plan.schedule.clear();
    plan.time_zone.clear();
    plan.window = seconds(0);
  }
  if (fields.has("schedule")) plan.period = seconds(0);
  COFFER_CHECK(take(fields, "period", plan.period));
  COFFER_CHECK(take(fields, "schedule", plan.schedule));
  COFFER_CHECK(take(fields, "time_zone", plan.time_zone));
  COFFER_CHECK(take(fields, "window", plan.window));
  COFFER_CHECK(take(fields, "jitter", plan.jitter));
  return {};
}

Result<void> check_times(const RotationPlan& plan) {
  if (plan.schedule.empty()) {
    if (plan.period.count() < 1) {
      return invalid("field \"period\" must be at least 1s, or field \"schedule\" given");
    }
    if (plan.window.count() > 0 || !plan.time_zone.empty()) {
      return invalid("fields \"window\" and \"time_zone\" go with a schedule");
    }
    return {};
  }
  const auto schedule = lifecycle::Schedule::parse(plan.schedule, plan.time_zone);
  if (!schedule.ok()) return schedule.error();
  if (plan.window.count() > 0 && plan.window < kShortestWindow) {
    return invalid("field \"window\" must be at least 1m, or 0 for no end");
  }
  if (plan.window.count() > 0 && plan.jitter > plan.window) {
    return invalid("field \"jitter\" must not be longer than field \"window\"");
  }
  return {};
}

Result<void> take_password(const Fields& fields, RotationPlan& plan, bool is_new) {
  COFFER_CHECK(take(fields, "password_policy", plan.password_policy));
  COFFER_TRY(auto names, fields.strings("fields"));
  if (names) plan.fields = *std::move(names);
  if (!names && is_new && plan.rotator == kGenerate) plan.fields = {std::string(kDefaultField)};
  if (plan.fields.size() > kMaxFields)
    return invalid("field \"fields\" must list at most 16 names");
  for (const std::string& name : plan.fields) {
    if (name.empty() || name.size() > kMaxName) {
      return invalid("field \"fields\" must list names of 1 to 128 bytes");
    }
  }
  if (plan.rotator == kGenerate && plan.fields.empty()) {
    return invalid("field \"fields\" must list what gets a new password");
  }
  return {};
}

Result<void> take_readers(const Fields& fields, RotationPlan& plan) {
  COFFER_CHECK(take(fields, "readers_window", plan.readers_window));
  COFFER_CHECK(take(fields, "readers_deadline", plan.readers_deadline));
  const bool waits = plan.readers_window.count() > 0;
  if (waits && plan.readers_deadline.count() == 0) plan.readers_deadline = kDefaultDeadline;
  return {};
}

void append_time(model::JsonWriter& json, std::string_view name, WallTime time) {
  json.key(name);
  if (time == WallTime()) {
    json.null();
  } else {
    json.string(to_rfc3339(time));
  }
}

void append_plan(model::JsonWriter& json, const RotationPlan& plan) {
  json.key("rotator").string(plan.rotator);
  json.key("period").number(plan.period.count());
  json.key("schedule").string(plan.schedule).key("time_zone").string(plan.time_zone);
  json.key("window").number(plan.window.count()).key("jitter").number(plan.jitter.count());
  json.key("password_policy").string(plan.password_policy).key("fields").begin_array();
  for (const std::string& field : plan.fields) json.string(field);
  json.end_array().key("settings").raw(plan.settings);
  json.key("readers_window").number(plan.readers_window.count());
  json.key("readers_deadline").number(plan.readers_deadline.count());
  json.key("paused").boolean(plan.paused);
}

void append_version(model::JsonWriter& json, std::string_view name, std::uint64_t version) {
  json.key(name);
  if (version == 0) {
    json.null();
  } else {
    json.number(static_cast<std::int64_t>(version));
  }
}

}  // namespace

Result<void> apply_fields(std::string_view secret, const Fields& fields,
                          const lifecycle::Rotators& rotators, RotationPlan& plan) {
  const std::string before = plan.rotator;
  COFFER_CHECK(take(fields, "rotator", plan.rotator));
  if (plan.rotator.empty()) return invalid("missing field \"rotator\"");
  const lifecycle::Rotator* rotator = rotators.find(plan.rotator);
  if (rotator == nullptr) return invalid("field \"rotator\" names none that there is");
  const bool is_new = before != plan.rotator;
  COFFER_TRY(plan.settings, rotator->take_settings(secret, fields, is_new ? "" : plan.settings));
  COFFER_CHECK(take_times(fields, plan));
  COFFER_CHECK(check_times(plan));
  COFFER_CHECK(take_password(fields, plan, is_new));
  COFFER_CHECK(take_readers(fields, plan));
  COFFER_TRY(const std::optional<bool> paused, fields.boolean("paused"));
  if (paused) plan.paused = *paused;
  return {};
}

void append_stages(model::JsonWriter& json, const Rotation& rotation,
                   std::uint64_t current_version) {
  const RotationState& state = rotation.state;
  json.key("stages").begin_object();
  append_version(json, "current", current_version);
  append_version(json, "previous", state.promoted == current_version ? state.previous : 0);
  json.key("pending").boolean(state.pending).end_object();
}

void append_rotation(model::JsonWriter& json, const Rotation& rotation,
                     std::uint64_t current_version) {
  const RotationState& state = rotation.state;
  append_plan(json, rotation.plan);
  json.key("phase").string(to_string(state.phase));
  const bool stands = rotation.plan.paused && !state.forced;
  append_time(json, "next", stands ? WallTime() : state.next);
  append_time(json, "last", state.last);
  json.key("failures").number(state.failures).key("trouble").string(state.trouble);
  json.key("awaits").number(static_cast<std::int64_t>(state.awaited.size()));
  append_time(json, "awaits_until", state.phase == Phase::wait ? state.deadline : WallTime());
  append_stages(json, rotation, current_version);
}

}  // namespace coffer::engines::kv
