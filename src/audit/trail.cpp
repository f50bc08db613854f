#include "coffer/audit/trail.h"

#include "render.h"
#include "ticket_state.h"

namespace coffer::audit {

Trail::Trail(Log& log, std::shared_ptr<const Hasher> hasher, const Clock& clock)
    : log_(log), clock_(clock), hasher_(std::move(hasher)) {}

void Trail::use(std::shared_ptr<const Hasher> hasher) {
  const MutexLock lock(mutex_);
  hasher_ = std::move(hasher);
}

std::shared_ptr<const Hasher> Trail::hasher() const {
  const MutexLock lock(mutex_);
  return hasher_;
}

Ticket Trail::open(const model::Request& request, const model::Peer& peer) {
  // An aggregate: clang 14 can't make one by std::make_unique.
  std::unique_ptr<Ticket::State> state(
      new Ticket::State{log_, hasher(), clock_, request, peer});  // NOLINT(modernize-make-unique)
  return Ticket(std::move(state));
}

Line Trail::system_line(std::string_view event, std::string_view detail) const {
  Line line{Line::Kind::system, {}, "{"};
  append_member(line.body, "time", to_rfc3339(clock_.wall()));
  append_member(line.body, "type", event);
  append_member(line.body, "detail", detail);
  return line;
}

}  // namespace coffer::audit
