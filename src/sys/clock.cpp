// sys/clock: whether the wall clock has stepped, and that it is right all the same.
#include "coffer/lifecycle/effective_time.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

Result<lifecycle::EffectiveTime*> time_of(Call& call) {
  lifecycle::EffectiveTime* const time = call.parts.control.time();
  if (time != nullptr) return time;
  return make_error(ErrorCode::unsupported, "this vault has no clock of its own");
}

Result<Response> show(Call& call) {
  COFFER_TRY(const lifecycle::EffectiveTime* const time, time_of(call));
  const auto now = time->read();
  const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(now.wall - now.effective);
  JsonWriter json;
  json.begin_object().key("wall").string(to_rfc3339(now.wall));
  json.key("effective").string(to_rfc3339(now.effective));
  json.key("ahead_seconds").number(ahead.count());
  json.key("stepped").boolean(now.stepped).end_object();
  return answer(std::move(json));
}

/// Once the answer is on record: from then on what is past its time by the new clock is over.
Result<Response> confirm(Call& call) {
  COFFER_TRY(lifecycle::EffectiveTime* const time, time_of(call));
  if (!time->read().stepped) {
    return make_error(ErrorCode::precondition, "the clock hasn't stepped");
  }
  call.context.then = [time] { time->confirm(); };
  return no_content();
}

}  // namespace

std::span<const Handler> clock_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "clock",
        .help = "The wall clock, the time that counts, and whether they differ."},
       show},
      {{.operation = Operation::update,
        .pattern = "clock/confirm",
        .sudo = true,
        .help = "The clock has stepped, and is right: what is past its time by it may end."},
       confirm},
  };
  return kHandlers;
}

}  // namespace coffer::sys
