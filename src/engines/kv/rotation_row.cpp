#include "rotation_row.h"

#include "coffer/base/codec.h"
#include "coffer/lifecycle/rotation_index.h"

namespace coffer::engines::kv {
namespace {

using engine::Expect;

constexpr std::uint8_t kFormat = 4;
/// Without the failures of windows that are over.
constexpr std::uint8_t kWithoutEarlier = 3;
/// Without names of changed members too.
constexpr std::uint8_t kWithoutChanges = 2;
/// Without `base` too.
constexpr std::uint8_t kWithoutBase = 1;

void put(Writer& row, WallTime time) {
  row.u64(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}
void put(Writer& row, std::chrono::seconds time) {
  row.u64(static_cast<std::uint64_t>(time.count()));
}
void put(Writer& row, bool value) { row.u8(value ? 1 : 0); }

Result<void> get(Reader& row, WallTime& time) {
  COFFER_TRY(const std::uint64_t nanoseconds, row.u64());
  time = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
  return {};
}
Result<void> get(Reader& row, std::chrono::seconds& time) {
  COFFER_TRY(const std::uint64_t seconds, row.u64());
  time = std::chrono::seconds(static_cast<std::int64_t>(seconds));
  return {};
}
Result<void> get(Reader& row, bool& value) {
  COFFER_TRY(const std::uint8_t byte, row.u8());
  if (byte > 1)
    return make_error(ErrorCode::corrupt, "a flag of a rotation's row is neither 0 nor 1");
  value = byte == 1;
  return {};
}
Result<void> get(Reader& row, std::string& text) {
  COFFER_TRY(text, row.text());
  return {};
}

void put(Writer& row, const std::vector<std::string>& texts) {
  row.u32(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) row.text(text);
}
Result<void> get(Reader& row, std::vector<std::string>& texts) {
  COFFER_TRY(const std::uint32_t count, row.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::string_view text, row.text());
    texts.emplace_back(text);
  }
  return {};
}

void put(Writer& row, const std::optional<MemberChanges>& changes) {
  put(row, changes.has_value());
  if (!changes) return;
  put(row, changes->made);
  put(row, changes->taken);
}
Result<void> get(Reader& row, std::optional<MemberChanges>& changes) {
  bool known = false;
  COFFER_CHECK(get(row, known));
  if (!known) return {};
  changes.emplace();
  COFFER_CHECK(get(row, changes->made));
  return get(row, changes->taken);
}

void encode_plan(Writer& row, const RotationPlan& plan) {
  row.text(plan.rotator);
  put(row, plan.period);
  row.text(plan.schedule).text(plan.time_zone);
  put(row, plan.window);
  put(row, plan.jitter);
  row.text(plan.password_policy);
  put(row, plan.fields);
  row.text(plan.settings);
  put(row, plan.readers_window);
  put(row, plan.readers_deadline);
  put(row, plan.paused);
}

Result<void> decode_plan(Reader& row, RotationPlan& plan) {
  COFFER_CHECK(get(row, plan.rotator));
  COFFER_CHECK(get(row, plan.period));
  COFFER_CHECK(get(row, plan.schedule));
  COFFER_CHECK(get(row, plan.time_zone));
  COFFER_CHECK(get(row, plan.window));
  COFFER_CHECK(get(row, plan.jitter));
  COFFER_CHECK(get(row, plan.password_policy));
  COFFER_CHECK(get(row, plan.fields));
  COFFER_CHECK(get(row, plan.settings));
  COFFER_CHECK(get(row, plan.readers_window));
  COFFER_CHECK(get(row, plan.readers_deadline));
  return get(row, plan.paused);
}

void encode_state(Writer& row, const RotationState& state) {
  row.u8(static_cast<std::uint8_t>(state.phase)).raw(state.run.view());
  for (const WallTime time : {state.started, state.next, state.last, state.give_up}) put(row, time);
  row.u32(state.failures).u32(state.earlier).text(state.trouble);
  row.u64(state.promoted).u64(state.previous).u64(state.base);
  put(row, state.changes);
  for (const bool flag : {state.forced, state.pending, state.is_set, state.uncertain}) {
    put(row, flag);
  }
  row.raw(state.entered_by.view());
  put(row, state.deadline);
  put(row, state.unknown_readers);
  row.u32(static_cast<std::uint32_t>(state.awaited.size()));
  for (const Awaited& reader : state.awaited) row.text(reader.accessor).text(reader.name);
}

Result<void> decode_state(Reader& row, std::uint8_t format, RotationState& state) {
  COFFER_TRY(const std::uint8_t phase, row.u8());
  if (phase > static_cast<std::uint8_t>(Phase::finish)) {
    return make_error(ErrorCode::corrupt, "unknown phase in a rotation's row");
  }
  state.phase = static_cast<Phase>(phase);
  COFFER_TRY(const ByteView run, row.raw(state.run.bytes.size()));
  COFFER_TRY(state.run, uuid_from(run));
  for (WallTime* time : {&state.started, &state.next, &state.last, &state.give_up}) {
    COFFER_CHECK(get(row, *time));
  }
  COFFER_TRY(state.failures, row.u32());
  if (format > kWithoutEarlier) {
    COFFER_TRY(state.earlier, row.u32());
  }
  COFFER_CHECK(get(row, state.trouble));
  COFFER_TRY(state.promoted, row.u64());
  COFFER_TRY(state.previous, row.u64());
  if (format > kWithoutBase) {
    COFFER_TRY(state.base, row.u64());
  }
  if (format > kWithoutChanges) COFFER_CHECK(get(row, state.changes));
  for (bool* flag : {&state.forced, &state.pending, &state.is_set, &state.uncertain}) {
    COFFER_CHECK(get(row, *flag));
  }
  COFFER_TRY(const ByteView entered_by, row.raw(state.entered_by.bytes.size()));
  COFFER_TRY(state.entered_by, uuid_from(entered_by));
  COFFER_CHECK(get(row, state.deadline));
  COFFER_CHECK(get(row, state.unknown_readers));
  COFFER_TRY(const std::uint32_t awaited, row.u32());
  for (std::uint32_t i = 0; i < awaited; ++i) {
    Awaited reader;
    COFFER_CHECK(get(row, reader.accessor));
    COFFER_CHECK(get(row, reader.name));
    state.awaited.push_back(std::move(reader));
  }
  return {};
}

lifecycle::RotationEntry entry_of(const View& view, std::string_view path,
                                  const Rotation& rotation) {
  return {.mount = view.mount,
          .path = std::string(path),
          .rotator = rotation.plan.rotator,
          .phase = std::string(to_string(rotation.state.phase)),
          .paused = rotation.plan.paused,
          .counts_readers = rotation.plan.readers_window.count() > 0,
          .next = rotation.state.next,
          .last = rotation.state.last,
          .failures = rotation.state.failures,
          .trouble = rotation.state.trouble};
}

}  // namespace

std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::idle: return "idle";
    case Phase::create: return "create";
    case Phase::set: return "set";
    case Phase::test: return "test";
    case Phase::wait: return "wait";
    case Phase::finish: return "finish";
  }
  return "";
}

bool holds_a_value(const RotationState& state) noexcept {
  return state.pending && (state.phase == Phase::set || state.phase == Phase::test);
}

std::string encode(const Rotation& rotation) {
  Writer row;
  row.u8(kFormat);
  encode_plan(row, rotation.plan);
  encode_state(row, rotation.state);
  return std::string(as_text(row.view()));
}

Result<Rotation> decode_rotation(std::string_view text) {
  Reader row(as_bytes(text));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format < kWithoutBase || format > kFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of a rotation's row");
  }
  Rotation rotation;
  COFFER_CHECK(decode_plan(row, rotation.plan));
  COFFER_CHECK(decode_state(row, format, rotation.state));
  COFFER_CHECK(row.finish());
  return rotation;
}

Result<StoredRotation> load_rotation(const View& view, std::string_view path) {
  COFFER_TRY(const auto row, view.tx.read(rotation_row(view.mount, path)));
  if (!row) return StoredRotation();
  COFFER_TRY(Rotation rotation, decode_rotation(row->value));
  return StoredRotation{std::move(rotation), row->version};
}

Result<void> save_rotation(const View& view, std::string_view path, const StoredRotation& stored) {
  COFFER_CHECK(lifecycle::put_rotation(view.tx, entry_of(view, path, stored.rotation)));
  const auto expect =
      stored.row_version == 0 ? Expect::absent() : Expect::unchanged(stored.row_version);
  return view.tx.write(rotation_row(view.mount, path), encode(stored.rotation), expect);
}

Result<void> remove_rotation(const View& view, std::string_view path) {
  COFFER_TRY(const StoredRotation stored, load_rotation(view, path));
  if (stored.row_version == 0) return {};
  if (stored.rotation.state.pending) {
    COFFER_CHECK(view.tx.erase_secret(pending_row(view.mount, path)));
  }
  lifecycle::drop_rotation(view.tx, view.mount, path);
  view.tx.erase(rotation_row(view.mount, path), Expect::unchanged(stored.row_version));
  return {};
}

}  // namespace coffer::engines::kv
