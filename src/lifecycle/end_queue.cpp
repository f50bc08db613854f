#include "end_queue.h"

#include <algorithm>

namespace coffer::lifecycle {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Below so many that wait, more are read.
constexpr std::size_t kLow = 16;
/// The last places are for targets that have none yet.
constexpr std::size_t kReserve = LeaseEnds::kPerTarget;
constexpr EndQueue::Time kFirstPause = seconds(1);
constexpr EndQueue::Time kLongestPause = minutes(5);
/// Before the second and the third end of what may still have been under way.
constexpr EndQueue::Time kSecondRound = seconds(30);
constexpr EndQueue::Time kThirdRound = minutes(10);
/// A hint comes before its commit, so a look that finds nothing is repeated, ever more seldom.
/// By then whoever changed rows has committed that.
constexpr EndQueue::Time kDoubt = seconds(5);
constexpr EndQueue::Time kFirstLook = milliseconds(10);
constexpr EndQueue::Time kSeldomLook = seconds(10);
constexpr std::uint32_t kMostDoublings = 20;
/// A try that took so long waited for something.
constexpr EndQueue::Time kSlow = seconds(1);

EndQueue::Time doubled(EndQueue::Time first, std::uint32_t times, EndQueue::Time most) {
  return std::min(first * (std::int64_t{1} << std::min(times, kMostDoublings)), most);
}

}  // namespace

EndQueue::Time EndQueue::backoff(std::uint32_t attempts, std::uint64_t salt) {
  constexpr std::int64_t kParts = 1024;
  const Time whole = doubled(kFirstPause, attempts == 0 ? 0 : attempts - 1, kLongestPause);
  const auto part = static_cast<std::int64_t>(salt % kParts);
  return whole - whole / 4 * part / kParts;
}

EndQueue::Target& EndQueue::of(std::string_view name) {
  const auto found = targets_.find(name);
  if (found != targets_.end()) return found->second;
  return targets_.emplace(std::string(name), Target{}).first->second;
}

const EndQueue::Target* EndQueue::find(std::string_view name) const {
  const auto found = targets_.find(name);
  return found == targets_.end() ? nullptr : &found->second;
}

void EndQueue::hint(std::string_view target, Time now) {
  Target& hinted = of(target);
  hinted.empty_looks = 0;
  hinted.look_at = std::min(hinted.look_at, now);
}

void EndQueue::failing_before(std::string_view target) {
  Target& failing = of(target);
  failing.failing_since = Time{0};
  failing.failures = 1;
}

std::optional<EndQueue::Look> EndQueue::next_look(Time now) {
  for (auto& [name, target] : targets_) {
    const bool wanted = target.ready.size() < kLow || now < target.doubt_until;
    if (!wanted || target.looking || target.look_at > now) continue;
    target.looking = true;
    return Look{name, target.after};
  }
  return std::nullopt;
}

void EndQueue::abandon(const Look& look, Time now) {
  Target& target = of(look.target);
  target.looking = false;
  target.settled.clear();
  target.look_at = now + kFirstPause;
}

bool EndQueue::is_news(const Look& look, const PendingEnd& end) const {
  const Target* target = find(look.target);
  if (target == nullptr) return true;
  const std::string id = end.lease.id();
  if (target->settled.contains(id)) return false;
  const auto known = target->known.find(id);
  return known == target->known.end() || known->second != end.version;
}

void EndQueue::found(const Look& look, std::vector<PendingEnd> ends, const store::Key& next,
                     bool done, WallTime wall, Time now) {
  Target& target = of(look.target);
  bool news = false;
  for (PendingEnd& end : ends) {
    if (!is_news(look, end)) continue;
    const std::string id = end.lease.id();
    if (target.known.contains(id)) {
      drop(target, id);
      if (target.known.contains(id)) continue;  // it runs, and will find out
    }
    news = true;
    target.known.emplace(id, end.version);
    put(target, std::move(end), wall, now);
  }
  target.looking = false;
  target.settled.clear();
  target.after = done ? store::Key() : next;
  target.scanned = target.scanned || done;
  if (news) target.empty_looks = 0;
  if (!done) {
    target.look_at = now;
  } else {
    // A hint may have come meanwhile; its commit too, or that comes soon.
    target.look_at = now + doubled(kFirstLook, target.empty_looks++, kSeldomLook);
  }
}

EndQueue::Time EndQueue::pause_before(std::uint8_t further_rounds) {
  return further_rounds == 0 ? kThirdRound : kSecondRound;
}

/// The times in its row are by a wall clock that may have been set since. So what says that it
/// waits longer than it can have been put off for waits no more, and what was put off by a process
/// before this one, since the target was away, waits for that alone, of which one try tells: were
/// they to wait, each restart would begin it anew. And what waits for something slow waits as long
/// as that by the clock of this process, though the wall clock may have leapt while there was none.
EndQueue::Time EndQueue::wait_of(const Target& target, const PendingEnd& end, WallTime wall) {
  const bool first = !end.precaution || end.not_before == end.since;
  if (end.forced || (end.attempts == 0 && first)) return Time(0);
  if (end.attempts == 0) return pause_before(end.rounds);
  if (end.was_away && !target.scanned) return Time(0);
  const Time left = std::max(Time(end.not_before - wall), Time(0));
  if (left > (end.was_away ? kLongestAway : backoff(end.attempts, 0))) return Time(0);
  return target.failing_since ? std::min(left, kLongestAway) : left;
}

void EndQueue::put(Target& target, PendingEnd end, WallTime wall, Time now) {
  const Time wait = wait_of(target, end, wall);
  if (wait > Time(0)) {
    target.delayed.emplace(now + wait, std::move(end));
  } else if (end.forced) {
    target.ready.push_front(std::move(end));
  } else {
    make_ready(target, std::move(end));
  }
}

void EndQueue::make_ready(Target& target, PendingEnd end) {
  const bool slow = target.slow.contains(end.lease.id());
  (slow ? target.ready_slow : target.ready).push_back(std::move(end));
}

/// Out of those that wait.
void EndQueue::drop(Target& target, const std::string& id) {
  const auto is = [&](const PendingEnd& end) { return end.lease.id() == id; };
  const std::size_t dropped =
      std::erase_if(target.ready, is) + std::erase_if(target.ready_slow, is) +
      std::erase_if(target.delayed, [&](const auto& entry) { return is(entry.second); });
  if (dropped > 0) target.known.erase(id);
}

void EndQueue::wake(Target& target, Time now) {
  while (!target.delayed.empty() && target.delayed.begin()->first <= now) {
    make_ready(target, std::move(target.delayed.begin()->second));
    target.delayed.erase(target.delayed.begin());
  }
}

void EndQueue::end_slowness(Target& target) {
  target.slow.clear();
  target.slow_runs = false;
  std::move(target.ready_slow.begin(), target.ready_slow.end(), std::back_inserter(target.ready));
  target.ready_slow.clear();
}

void EndQueue::wake_failed(Target& target) {
  for (auto entry = target.delayed.begin(); entry != target.delayed.end();) {
    const bool failed = entry->second.attempts > 0;
    if (failed) make_ready(target, std::move(entry->second));
    entry = failed ? target.delayed.erase(entry) : std::next(entry);
  }
}

/// A forced one comes first, also at a target that is away.
bool EndQueue::forced_waits(const Target& target) {
  return !target.ready.empty() && target.ready.front().forced;
}

bool EndQueue::one_waits(const Target& target) {
  return !target.ready.empty() || (!target.ready_slow.empty() && !target.slow_runs);
}

bool EndQueue::may_start(const Target& target, Time now) const {
  if (!one_waits(target) || running_ >= LeaseEnds::kInAll) return false;
  const std::size_t running = target.running.size();
  if (forced_waits(target) && running < LeaseEnds::kPerTarget) return true;
  if (target.failing_since && (running > 0 || target.next_try > now)) return false;
  if (running >= LeaseEnds::kPerTarget) return false;
  return running == 0 || running_ + kReserve < LeaseEnds::kInAll;
}

std::optional<PendingEnd> EndQueue::take(Time now) {
  Target* best = nullptr;
  for (auto& [name, target] : targets_) {
    wake(target, now);
    if (!may_start(target, now)) continue;
    const auto rank = [](const Target& t) { return std::pair(t.running.size(), t.last_start); };
    if (best == nullptr || rank(target) < rank(*best)) best = &target;
  }
  if (best == nullptr) return std::nullopt;
  // The slow one before the others, or as long as some of them are ready it would never run.
  const bool slow = !forced_waits(*best) && !best->ready_slow.empty() && !best->slow_runs;
  std::deque<PendingEnd>& line = slow ? best->ready_slow : best->ready;
  best->slow_runs = best->slow_runs || slow;
  PendingEnd end = std::move(line.front());
  line.pop_front();
  best->last_start = ++starts_;
  best->running.emplace(end.lease.id(), now);
  ++running_;
  return end;
}

void EndQueue::vacate(Target& target, const std::string& id) {
  target.running.erase(id);
  if (target.slow.contains(id)) target.slow_runs = false;
  --running_;
}

void EndQueue::leave(Target& target, const PendingEnd& end) {
  const std::string id = end.lease.id();
  vacate(target, id);
  target.known.erase(id);
  if (target.looking) target.settled.insert(id);
}

void EndQueue::done(const PendingEnd& end, bool gone, Time now) {
  Target& target = of(end.lease.terms.target);
  leave(target, end);
  const bool was_slow = target.slow.erase(end.lease.id()) > 0;
  if (!end.forced) {  // that may have been done without a try
    target.failing_since.reset();
    target.failures = 0;
    // What was in its way may have been in the others'.
    if (was_slow) end_slowness(target);
    if (end.attempts > 0 && !end.was_away) wake_failed(target);
  }
  // Its next round stands in its row, with its time.
  if (!gone) hint(end.lease.terms.target, now);
}

void EndQueue::failed(const PendingEnd& end, Time now) {
  Target& target = of(end.lease.terms.target);
  // It answered.
  target.failing_since.reset();
  target.failures = 0;
  const std::string id = end.lease.id();
  const auto since = target.running.find(id);
  const bool slow = since != target.running.end() && now - since->second >= kSlow;
  overtaken(end, now);
  if (slow) {
    target.slow.insert(id);
  } else {
    target.slow.erase(id);
  }
}

void EndQueue::unreachable(const PendingEnd& end, Time now) {
  Target& target = of(end.lease.terms.target);
  // Those that were under way together fail together, and are one failure.
  if (!target.failing_since || target.next_try <= now) {
    if (!target.failing_since) target.failing_since = now;
    ++target.failures;
    target.next_try = now + std::min(backoff(target.failures, starts_ * 389), kLongestAway);
  }
  // Behind the others: were it this one alone that makes the target look dead, the next would show.
  leave(target, end);
  hint(end.lease.terms.target, now);
}

void EndQueue::overtaken(const PendingEnd& end, Time now) {
  leave(of(end.lease.terms.target), end);
  hint(end.lease.terms.target, now);
}

void EndQueue::put_off(PendingEnd end, Time until) {
  Target& target = of(end.lease.terms.target);
  vacate(target, end.lease.id());
  target.delayed.emplace(until, std::move(end));
}

void EndQueue::doubt(std::string_view target, Time now) {
  Target& doubted = of(target);
  doubted.doubt_until = now + kDoubt;
  doubted.after.clear();
  hint(target, now);
}

bool EndQueue::reachable(std::string_view target) const {
  const Target* known = find(target);
  return known == nullptr || !known->failing_since;
}

bool EndQueue::more_wait(std::string_view target) const {
  const Target* known = find(target);
  return known != nullptr && one_waits(*known);
}

std::optional<EndQueue::Time> EndQueue::next_try(std::string_view target) const {
  const Target* known = find(target);
  if (known == nullptr || !known->failing_since) return std::nullopt;
  return known->next_try;
}

std::optional<EndQueue::Time> EndQueue::failing_since(std::string_view target) const {
  const Target* known = find(target);
  return known == nullptr ? std::nullopt : known->failing_since;
}

std::vector<std::string> EndQueue::targets() const {
  std::vector<std::string> names;
  for (const auto& [name, target] : targets_) names.push_back(name);
  return names;
}

std::optional<EndQueue::Time> EndQueue::next_time(Time now) const {
  std::optional<Time> next;
  const auto consider = [&](Time time) { next = std::min(time, next.value_or(time)); };
  for (const auto& [name, target] : targets_) {
    const bool wanted = target.ready.size() < kLow || now < target.doubt_until;
    if (wanted && !target.looking) consider(target.look_at);
    if (!target.delayed.empty()) consider(target.delayed.begin()->first);
    if (target.failing_since && one_waits(target) && target.running.empty()) {
      consider(target.next_try);
    }
    if (may_start(target, now)) consider(now);
  }
  return next;
}

}  // namespace coffer::lifecycle
