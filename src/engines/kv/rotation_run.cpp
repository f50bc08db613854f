#include "rotation_run.h"

#include <algorithm>

#include "coffer/base/failpoint.h"
#include "coffer/crypto/random.h"
#include "coffer/model/json_tree.h"
#include "rotation_readers.h"
#include "rotation_step.h"
#include "rotation_timing.h"
#include "rotation_value.h"

namespace coffer::engines::kv {
namespace {

using lifecycle::Errand;
using lifecycle::RotationStep;
using lifecycle::StepEnd;
using lifecycle::StepResult;

constexpr std::size_t kMaxValue = std::size_t{1} << 20U;
/// A read that was under way when another version became current is noted by then.
constexpr std::chrono::seconds kNoted{2};

/// One rotation that is due, as a transaction sees it.
struct Found {
  Uuid mount;
  std::string path;
  std::string mount_path;
  StoredRotation stored;
  lifecycle::Rotator* rotator = nullptr;

  [[nodiscard]] std::string log_path(std::string_view step) const {
    return "sys/rotation/" + std::string(step) + "/" + mount_path + path;
  }
};

/// What a step is told, kept for as long as it runs.
struct Values {
  std::string secret;
  std::string settings;
  std::uint64_t base = 0;  ///< the version that `pending` was made from
  std::string current;
  std::string pending;
  std::string previous;

  Values() = default;
  Values(Values&&) = default;
  Values(const Values&) = default;
  Values& operator=(Values&&) = default;
  Values& operator=(const Values&) = default;
  ~Values() {
    for (std::string* text : {&current, &pending, &previous}) wipe(*text);
  }
};

constexpr std::size_t kUuidText = 36;

Result<Found> named_by(std::string_view id) {
  Found found;
  if (id.size() <= kUuidText + 1) return make_error(ErrorCode::corrupt, "no id of a rotation");
  COFFER_TRY(found.mount, parse_uuid(id.substr(0, kUuidText)));
  found.path = id.substr(kUuidText + 1);
  return found;
}

Result<std::optional<Found>> find(const RotationTools& tools, engine::SealedTransaction& tx,
                                  std::string_view id, WallTime now) {
  COFFER_TRY(Found found, named_by(id));
  COFFER_TRY(found.stored, load_rotation({tx, found.mount, now}, found.path));
  if (found.stored.row_version == 0) return std::optional<Found>();
  COFFER_TRY(auto mount_path, tools.mount_path(tx, found.mount));
  if (!mount_path) return std::optional<Found>();
  found.mount_path = *std::move(mount_path);
  found.rotator = tools.rotators.find(found.stored.rotation.plan.rotator);
  return std::optional(std::move(found));
}

/// A new value made from none would lose what the rotator leaves as it is.
Error nothing_to_start_from() {
  return make_error(ErrorCode::precondition,
                    "the current version is deleted or destroyed: undelete it, or write another");
}

/// `current` with a new password in each of the plan's fields.
Result<std::string> proposal(const RotationTools& tools, engine::SealedTransaction& tx,
                             const RotationPlan& plan, std::string_view current) {
  if (plan.fields.empty()) return std::string();
  model::Json tree = model::Json::object();
  if (!current.empty()) {
    COFFER_TRY(tree, model::Json::parse(current));
  }
  for (const std::string& field : plan.fields) {
    COFFER_TRY(const SecureBytes password, tools.make_password(tx, plan.password_policy));
    tree.set(field, model::Json::string(std::string(
                        as_text(password.expose(Reveal{"a generated password, to be sealed"})))));
  }
  return tree.compact();
}

Result<Values> gather(const RotationTools& tools, const View& view, const Found& found,
                      RotationStep step) {
  const Rotation& rotation = found.stored.rotation;
  Values values;
  values.secret = found.mount_path + found.path;
  values.settings = rotation.plan.settings;
  COFFER_TRY(const StoredKey key, load(view, found.path));
  const KeyMetadata& metadata = key.metadata;
  COFFER_TRY(values.current, value_of(view, found.path, metadata, metadata.current_version));
  values.base = step == RotationStep::create ? metadata.current_version : rotation.state.base;
  if (step == RotationStep::create) {
    if (values.current.empty() && metadata.current_version != 0) return nothing_to_start_from();
    COFFER_TRY(values.pending, proposal(tools, view.tx, rotation.plan, values.current));
  } else if (rotation.state.pending) {
    COFFER_TRY(values.pending,
               view.tx.open_secret(pending_row(view.mount, found.path),
                                   pending_context(view.mount, found.path, rotation.state.run)));
  }
  if (step == RotationStep::finish) {
    COFFER_TRY(values.previous, value_of(view, found.path, metadata, rotation.state.previous));
  }
  return values;
}

/// What is wrong with a new value; empty: nothing. It is a secret as any other.
std::string_view wrong_with(const std::string& value) {
  if (value.empty()) return "there is no new value";
  if (value.size() > kMaxValue) return "the new value is larger than 1 MiB";
  return model::Fields::parse(value).ok() ? "" : "the new value is no object";
}

StepResult checked_for(RotationStep step, StepResult result, const Values& values) {
  if (step != RotationStep::create || result.end != StepEnd::done) return result;
  if (result.value.empty()) result.value = values.pending;
  const std::string_view why = wrong_with(result.value);
  if (why.empty()) return result;
  wipe(result.value);
  return {.end = StepEnd::refused, .value = {}, .why = std::string(why)};
}

/// Nobody has the old value any more.
void end_or_finish(Rotation& rotation, bool outside, WallTime now) {
  if (!outside) return end_run(rotation, now);
  rotation.state.phase = Phase::finish;
  rotation.state.next = now;
}

/// From here on readers get the new value.
Result<void> promote(const RotationTools& tools, const View& view, const Found& found,
                     Rotation& rotation, const MadeValue& made, bool outside) {
  RotationState& state = rotation.state;
  const RotationPlan& plan = rotation.plan;
  COFFER_TRY(StoredKey key, load(view, found.path));
  COFFER_TRY(const StoredConfig config, load_config(view));
  state.previous = key.metadata.current_version;
  COFFER_TRY(const Wiped value, onto_current(view, found.path, key.metadata, made));
  COFFER_CHECK(add_version(view, found.path, key, config.config, value.text));
  if (state.pending) COFFER_CHECK(view.tx.erase_secret(pending_row(view.mount, found.path)));
  state.pending = false;
  state.changes.reset();
  state.promoted = key.metadata.current_version;
  state.last = view.now;
  forget_failures(state);
  if (plan.readers_window.count() == 0) {
    end_or_finish(rotation, outside, view.now);
    return {};
  }
  const Readers::Known known = tools.readers.of(view.mount, found.path);
  state.awaited = readers_of_old(known, plan, state.promoted, view.now);
  state.unknown_readers = known.since > view.now - plan.readers_window;
  state.deadline = view.now + plan.readers_deadline;
  state.phase = Phase::wait;
  state.next = view.now + kNoted;
  return {};
}

Result<void> change_value(const RotationTools& tools, const View& view, const Found& found,
                          Rotation& rotation, Change change, const Values& values,
                          std::string_view made) {
  RotationState& state = rotation.state;
  const engine::RowName row = pending_row(view.mount, found.path);
  switch (change) {
    case Change::keep: return {};
    case Change::seal: {
      state.pending = true;
      state.base = values.base;
      COFFER_TRY(state.changes, changes_to_keep(values.current, made));
      state.entered_by = tools.instance;
      return view.tx.seal_secret(row, pending_context(view.mount, found.path, state.run), made);
    }
    case Change::drop:
      state.pending = false;
      state.changes.reset();
      return view.tx.erase_secret(row);
    case Change::promote: {
      const bool outside = found.rotator->reaches_outside();
      MadeValue value{made.empty() ? values.pending : made, values.base, state.changes};
      // What needs no step outside is made and current in one.
      if (!state.pending) {
        COFFER_TRY(value.changes, changes_to_keep(values.current, made));
      }
      return promote(tools, view, found, rotation, value, outside);
    }
    case Change::end: end_run(rotation, view.now); return {};
  }
  return {};
}

Result<void> save_next(const RotationTools& tools, const View& view, std::string_view path,
                       const StoredRotation& stored) {
  COFFER_CHECK(save_rotation(view, path, stored));
  return schedule(view, path, stored.rotation, tools);
}

/// Whether the rotation is still where it was when the errand was planned: an operator may have
/// ended or changed it.
bool same(const StoredRotation& now, const StoredRotation& then) {
  return now.row_version != 0 && now.rotation.state.phase == then.rotation.state.phase &&
         now.rotation.state.run == then.rotation.state.run;
}

/// An errand that is nothing but a change of the row.
template <typename Step>
Errand inner(const RotationTools& tools, const Found& found, std::string_view name, Step step) {
  return {
      .path = found.log_path(name),
      .act = {},
      .record = [&tools, found, step](engine::SealedTransaction& tx, WallTime now) -> Result<void> {
        const View view{tx, found.mount, now};
        COFFER_TRY(StoredRotation stored, load_rotation(view, found.path));
        if (!same(stored, found.stored)) return {};
        COFFER_TRY(const auto mount, tools.mount_path(tx, found.mount));
        if (!mount) return {};
        COFFER_CHECK(step(view, stored.rotation));
        return save_next(tools, view, found.path, stored);
      }};
}

Result<void> skip(const View& view, Rotation& rotation) {
  miss_window(rotation, view.now);
  return {};
}

/// The run's name is on disk before a program or a database hears it.
Result<void> begin(const View& view, Rotation& rotation) {
  RotationState& state = rotation.state;
  const RotationPlan& plan = rotation.plan;
  const bool ends = !plan.schedule.empty() && plan.window.count() > 0 && !state.forced;
  const WallTime end = ends ? window_end(plan, state.next) : WallTime();
  if (ends && view.now > end) return skip(view, rotation);
  COFFER_TRY(state.run, crypto::random_uuid());
  state.give_up = end;
  state.started = view.now;
  state.phase = Phase::create;
  state.next = view.now;
  return {};
}

Result<void> look_for_readers(const RotationTools& tools, const View& view, const Found& found,
                              Rotation& rotation) {
  RotationState& state = rotation.state;
  const Readers::Known known = tools.readers.of(view.mount, found.path);
  add_late(state, known, rotation.plan);
  still_awaited(state, known);
  const bool all = state.awaited.empty() && !state.unknown_readers;
  if (!all && view.now < state.deadline) {
    state.next = std::min(state.deadline, view.now + look_interval(view.now, state.deadline));
    return {};
  }
  state.awaited.clear();
  end_or_finish(rotation, found.rotator->reaches_outside(), view.now);
  return {};
}

RotationStep step_of(Phase phase) {
  switch (phase) {
    case Phase::set: return RotationStep::set;
    case Phase::test: return RotationStep::test;
    case Phase::finish: return RotationStep::finish;
    case Phase::idle:
    case Phase::create:
    case Phase::wait: break;
  }
  return RotationStep::create;
}

/// What is shared by an errand's two halves.
struct Under {
  Found found;
  Values values;
  RotationStep step;
  StepResult result{};
  ~Under() { wipe(result.value); }
};

Result<void> carry_out(const RotationTools& tools, Under& under, const std::stop_token& stop) {
  const RotationState& state = under.found.stored.rotation.state;
  const Values& values = under.values;
  if (under.step == RotationStep::set) tools.attempts.began(state.run);
  COFFER_FAILPOINT_OF("rotation.begins", lifecycle::to_string(under.step));
  under.result = checked_for(under.step,
                             under.found.rotator->step({.step = under.step,
                                                        .secret = values.secret,
                                                        .run = state.run,
                                                        .settings = values.settings,
                                                        .current = values.current,
                                                        .pending = values.pending,
                                                        .previous = values.previous},
                                                       stop),
                             values);
  COFFER_FAILPOINT_OF("rotation.acted", lifecycle::to_string(under.step));
  switch (under.result.end) {
    case StepEnd::done: return {};
    case StepEnd::refused:
      return make_error(ErrorCode::precondition, "refused: " + under.result.why);
    case StepEnd::unknown: break;
  }
  return make_error(ErrorCode::unavailable, "not known to be done: " + under.result.why);
}

Result<void> put_down(const RotationTools& tools, const Under& under, engine::SealedTransaction& tx,
                      WallTime now) {
  const Found& found = under.found;
  const View view{tx, found.mount, now};
  COFFER_TRY(StoredRotation stored, load_rotation(view, found.path));
  if (!same(stored, found.stored)) return {};
  COFFER_TRY(const auto mount, tools.mount_path(tx, found.mount));
  if (!mount) return {};
  RotationState& state = stored.rotation.state;
  COFFER_TRY(const Uuid fresh, crypto::random_uuid());
  const bool only_try = state.entered_by == tools.instance &&
                        tools.attempts.only_one(found.stored.rotation.state.run);
  const Change change = after_step(state, under.step, under.result,
                                   {.now = now,
                                    .outside = found.rotator->reaches_outside(),
                                    .only_try = only_try,
                                    .fresh_run = fresh});
  COFFER_CHECK(
      change_value(tools, view, found, stored.rotation, change, under.values, under.result.value));
  if (state.run != found.stored.rotation.state.run || change == Change::promote) {
    tools.attempts.forget(found.stored.rotation.state.run);
  }
  return save_next(tools, view, found.path, stored);
}

Errand step_errand(const RotationTools& tools, const std::shared_ptr<Under>& under) {
  std::string path = under->found.log_path(lifecycle::to_string(under->step));
  return {.path = std::move(path),
          .act = [&tools, under](const std::stop_token& stop) -> Result<void> {
            return carry_out(tools, *under, stop);
          },
          .record = [&tools, under](engine::SealedTransaction& tx, WallTime now) -> Result<void> {
            return put_down(tools, *under, tx, now);
          }};
}

/// What keeps a step from being begun at all: no such rotator, no time zone, a token that is away.
Errand stuck(const RotationTools& tools, const Found& found, const Error& why) {
  Errand errand =
      inner(tools, found, "stuck", [why](const View& view, Rotation& rotation) -> Result<void> {
        RotationState& state = rotation.state;
        ++state.failures;
        state.trouble = why.text;
        if (!lost_its_time(state)) state.next = after_failure(state, view.now);
        return {};
      });
  errand.act = [why](const std::stop_token&) -> Result<void> { return why; };
  return errand;
}

/// When it is due next couldn't be told: once more.
Errand find_time(const RotationTools& tools, const Found& found, WallTime now) {
  const Result<WallTime> next = time_again(found.stored.rotation, now);
  if (!next.ok()) return stuck(tools, found, next.error());
  return inner(tools, found, "time", [next = *next](const View&, Rotation& rotation) {
    // Unless someone asked for it now, or gave it other times.
    if (lost_its_time(rotation.state)) found_time(rotation.state, next);
    return Result<void>();
  });
}

Result<std::optional<Errand>> plan_outside(const RotationTools& tools,
                                           engine::SealedTransaction& tx, const Found& found,
                                           WallTime now) {
  const RotationStep step = step_of(found.stored.rotation.state.phase);
  Result<Values> values = gather(tools, {tx, found.mount, now}, found, step);
  if (!values.ok() && values.error().code == ErrorCode::conflict) return values.error();
  if (!values.ok()) return std::optional(stuck(tools, found, values.error()));
  const auto under = std::make_shared<Under>(Under{found, *std::move(values), step});
  return std::optional(step_errand(tools, under));
}

}  // namespace

void Attempts::began(const Uuid& run) {
  const MutexLock lock(mutex_);
  ++began_[run];
}

bool Attempts::only_one(const Uuid& run) const {
  const MutexLock lock(mutex_);
  const auto found = began_.find(run);
  return found != began_.end() && found->second == 1;
}

void Attempts::forget(const Uuid& run) {
  const MutexLock lock(mutex_);
  began_.erase(run);
}

std::string due_id(const Uuid& mount, std::string_view path) {
  return to_string(mount) + "/" + std::string(path);
}

Result<void> schedule(const View& view, std::string_view path, const Rotation& rotation,
                      const RotationTools& tools) {
  if (rotation.plan.paused && !rotation.state.forced) return {};
  const lifecycle::Rotator* rotator = tools.rotators.find(rotation.plan.rotator);
  const bool outside = rotator != nullptr && rotator->reaches_outside();
  return lifecycle::schedule(view.tx, outside ? kOutsideKind : kInsideKind,
                             due_id(view.mount, path), look_at(rotation.state, view.now), view.now);
}

Result<std::string> waits_for(const RotationTools& tools, engine::SealedTransaction& tx,
                              const lifecycle::Due& due) {
  COFFER_TRY(const Found named, named_by(due.id));
  COFFER_TRY(const StoredRotation stored, load_rotation({tx, named.mount, due.when}, named.path));
  const RotationPlan& plan = stored.rotation.plan;
  const lifecycle::Rotator* rotator = tools.rotators.find(plan.rotator);
  if (rotator == nullptr || !rotator->reaches_outside()) return std::string();
  COFFER_TRY(std::string name, rotator->waits_for(tx, plan.settings));
  return name.empty() ? "rotator " + plan.rotator : std::move(name);
}

Result<std::optional<Errand>> plan_step(const RotationTools& tools, engine::SealedTransaction& tx,
                                        const lifecycle::Due& due, WallTime now) {
  COFFER_TRY(const std::optional<Found> looked, find(tools, tx, due.id, now));
  if (!looked) return std::optional<Errand>();
  const Found& found = *looked;
  const Rotation& rotation = found.stored.rotation;
  const RotationState& state = rotation.state;
  // Each change of `next` has a row of its own: one that comes early is of the past.
  const bool waits = (rotation.plan.paused && !state.forced) || state.next > now;
  if (waits) return std::optional<Errand>();
  if (found.rotator == nullptr) {
    const Error none = make_error(ErrorCode::precondition, "there is no such rotator");
    return std::optional(stuck(tools, found, none));
  }
  if (lost_its_time(state)) return std::optional(find_time(tools, found, now));
  if (state.phase == Phase::idle) return std::optional(inner(tools, found, "begin", begin));
  const bool too_late =
      state.phase == Phase::create && state.give_up != WallTime() && now > state.give_up;
  if (too_late && !state.forced) return std::optional(inner(tools, found, "skip", skip));
  if (state.phase == Phase::wait) {
    return std::optional(
        inner(tools, found, "wait", [&tools, found](const View& view, Rotation& changed) {
          return look_for_readers(tools, view, found, changed);
        }));
  }
  return plan_outside(tools, tx, found, now);
}

}  // namespace coffer::engines::kv
