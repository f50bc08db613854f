// Leases over a store of the test's choice, with a target in memory, a clock that stands still, and
// the running of ends as core does it, one at a time.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <map>
#include <set>

#include "coffer/lifecycle/effective_time.h"
#include "coffer/lifecycle/leases.h"
#include "fakes/fake_log.h"
#include "fakes/fake_token.h"
#include "fakes/manual_clock.h"

namespace coffer::lifecycle {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.error()));
  return *std::move(result);
}
inline void must(const Result<void>& result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.error()));
}

/// Users by name, each made for a lease whose payload is that name.
struct FakeTarget {
  std::map<std::string, WallTime> users;  ///< until when the target would let them in
  bool away = false;
  std::set<std::string> stuck;  ///< it answers, and refuses to end these
  int ends = 0;
  int renewals = 0;

  Result<void> end(const Lease& lease) {
    ++ends;
    if (away) return make_error(ErrorCode::unavailable, "the target is away");
    if (stuck.contains(lease.terms.payload)) {
      return make_error(ErrorCode::precondition, "the user owns objects");
    }
    users.erase(lease.terms.payload);
    return {};
  }
  Result<void> renew(const Lease& lease, WallTime until) {
    ++renewals;
    if (away) return make_error(ErrorCode::unavailable, "the target is away");
    users[lease.terms.payload] = until;
    return {};
  }
};

class LeaseWorld {
 public:
  explicit LeaseWorld(LeaseLimits limits = {}, std::unique_ptr<store::Store> store = nullptr)
      : limits_(limits),
        store_(store ? std::move(store) : store::open_memory_store(Uuid{})),
        keyring_(must(envelope::Keyring::create(token_, Uuid{{1}}))),
        sealed_(must(envelope::open_sealed_store(*keyring_, token_, *store_, {}, clock))) {
    start();
  }

  /// As after a crash, or an unseal: what was in memory is gone.
  void restart() {
    leases.reset();
    start();
  }

  /// As requests and ends have it; what is due goes by the other one.
  [[nodiscard]] WallTime now() const { return clocks->latest().wall(); }
  [[nodiscard]] WallTime swept_until() const { return clocks->effective().wall(); }
  std::unique_ptr<envelope::SealedTransaction> begin() { return must(sealed_->begin()); }
  bool commit(envelope::SealedTransaction& tx) {
    const store::Transaction all[] = {tx.take()};
    return must(store_->commit(all)).front() == store::CommitOutcome::committed;
  }

  static NewLease wanted(const std::string& user = "u", const std::string& role = "app") {
    return {.prefix = "database/creds/" + role + "/",
            .owner = "alice",
            .owner_name = "token-alice",
            .kind = "fake",
            .target = "db",
            .payload = user,
            .ttl = hours(1),
            .max_ttl = hours(24)};
  }

  /// One request, from the intent to the answer.
  struct Issued {
    std::optional<Error> error;
    std::string id;
    std::function<void()> then;
  };
  /// Up to what the Door would get. The user is made unless the target is away.
  Issued stage(const NewLease& terms, envelope::SealedTransaction& tx) {
    model::Request request{.id = {}, .time = now(), .path = terms.prefix, .fields = {}};
    audit::Ticket ticket = trail_.open(request, peer_);
    Issued out;
    auto issuing = leases->begin(ticket, tx, terms, must(Leases::new_name()), now());
    const auto close = [&](const Error& error) {
      out.error = error;
      static_cast<void>(std::move(ticket).close(error));
    };
    if (!issuing.ok()) {
      close(issuing.error());
      return out;
    }
    out.id = issuing->lease().id();
    if (targets[terms.target].away) {
      close(make_error(ErrorCode::unavailable, "the target is away"));
      return out;
    }
    targets[terms.target].users[terms.payload] = issuing->lease().expires;
    must(std::move(*issuing).stage(tx, out.then));
    static_cast<void>(std::move(ticket).close(model::Response{}));
    return out;
  }
  std::string issue(const NewLease& terms) {
    const auto tx = begin();
    Issued issued = stage(terms, *tx);
    EXPECT_FALSE(issued.error) << issued.error->text;
    EXPECT_TRUE(commit(*tx));
    if (issued.then) issued.then();
    return issued.id;
  }
  Error refused(const NewLease& terms) {
    const auto tx = begin();
    const Issued issued = stage(terms, *tx);
    EXPECT_TRUE(issued.error.has_value());
    return issued.error.value_or(Error{});
  }

  std::optional<Lease> find(const std::string& id) {
    return must(leases->find(*begin(), id, now()));
  }
  std::vector<std::string> list(const std::string& prefix) {
    return must(leases->list(*begin(), prefix, now()));
  }
  void end(const std::string& id, bool forced = false) {
    const auto tx = begin();
    const auto lease = must(leases->find(*tx, id, now()));
    ASSERT_TRUE(lease.has_value()) << id;
    must(leases->end(*tx, *lease, now(), forced));
    EXPECT_TRUE(commit(*tx));
  }
  Result<void> end_prefix_and_wait(const std::string& prefix, seconds most) {
    model::Request request{
        .id = {}, .time = now(), .path = "sys/leases/revoke-prefix", .fields = {}};
    audit::Ticket ticket = trail_.open(request, peer_);
    auto ended = leases->end_prefix_and_wait(ticket, prefix, now(), most);
    static_cast<void>(std::move(ticket).close(model::Response{}));
    return ended;
  }
  Result<void> end_and_wait(const std::string& id, seconds most) {
    model::Request request{.id = {}, .time = now(), .path = "sys/leases/revoke", .fields = {}};
    audit::Ticket ticket = trail_.open(request, peer_);
    auto ended = leases->end_and_wait(ticket, id, now(), most);
    static_cast<void>(std::move(ticket).close(model::Response{}));
    return ended;
  }
  Result<Renewal> renew(const std::string& id, seconds increment) {
    const auto tx = begin();
    model::Request request{.id = {}, .time = now(), .path = "sys/leases/renew", .fields = {}};
    audit::Ticket ticket = trail_.open(request, peer_);
    const auto lease = must(leases->find(*tx, id, now()));
    if (!lease) {
      static_cast<void>(std::move(ticket).close(model::Response{}));
      return make_error(ErrorCode::not_found, "lease not found");
    }
    auto renewed = leases->renew(ticket, *tx, *lease, increment, now());
    static_cast<void>(std::move(ticket).close(model::Response{}));
    if (renewed.ok()) {
      EXPECT_TRUE(commit(*tx));
    }
    return renewed;
  }

  /// What the sweeper does, until nothing is due.
  void sweep() {
    for (bool more = true; more;) {
      const auto found = must(due(*begin(), swept_until(), 64));
      more = !found.due.empty();
      for (const Due& row : found.due) {
        const auto tx = begin();
        must(handlers_->run(*tx, row, swept_until()));
        EXPECT_TRUE(commit(*tx));
      }
    }
    const auto tx = begin();
    must(advance(*tx, swept_until()));
    EXPECT_TRUE(commit(*tx));
  }

  /// One end, as core runs it. False: none may run now.
  bool run_end() {
    must(leases->end_dropped(now()));
    const auto end = must(leases->ends().take(*sealed_));
    if (!end) return false;
    const Result<void> ended = end->forced && !leases->ends().reachable(end->lease.terms.target)
                                   ? Result<void>()
                                   : leases->kind(end->lease.terms.kind)->end(end->lease);
    const auto tx = begin();
    EndOutcome outcome = ended.ok() ? EndOutcome::done : outcome_of(ended.error());
    bool gone = false;
    if (ended.ok() || end->forced) {
      gone = must(leases->ends().stage_done(*tx, *end));
    } else {
      must(leases->ends().stage_failed(*tx, *end, ended.error()));
    }
    if (!commit(*tx)) outcome = EndOutcome::overtaken;
    leases->ends().settle(*end, outcome, gone);
    const bool over = (ended.ok() || end->forced) && outcome != EndOutcome::overtaken;
    if (over && !end->precaution) leases->counts().gone();
    return true;
  }
  void run_ends() {
    // A hint is followed up for some time; no end is missed for that.
    for (int idle = 0; idle < 3;) {
      idle = run_end() ? 0 : idle + 1;
      if (idle > 0) clock.advance(std::chrono::milliseconds(50));
    }
  }
  /// Sweeper and ends, for so long.
  void live(std::chrono::nanoseconds time, std::chrono::nanoseconds step = seconds(1)) {
    for (std::chrono::nanoseconds gone{0}; gone < time; gone += step) {
      clock.advance(step);
      sweep();
      while (run_end()) {
      }
    }
  }
  /// Rows, those of precautions too.
  std::size_t pending() {
    const auto count = must(LeaseEnds::count(*begin()));
    return count.pending + count.precautions;
  }
  [[nodiscard]] std::size_t users(const std::string& target = "db") {
    return targets[target].users.size();
  }
  std::size_t rows() {
    std::size_t count = 0;
    must(must(store_->snapshot())->scan("", [&](const store::Key&, const store::Row&) {
      ++count;
      return true;
    }));
    return count;
  }

  fakes::ManualClock clock;
  std::unique_ptr<EffectiveTime> clocks;
  std::map<std::string, FakeTarget> targets;
  /// What admit says; the tests' owner and mount.
  std::function<Result<void>(envelope::SealedTransaction&, const NewLease&)> admit;
  /// Commits of the leases' own from now on that come to nothing, one by one: an error, or a race.
  std::deque<Result<bool>> commits;
  /// Called when the target is about to be asked.
  std::function<void(const Lease&)> before_end;
  std::function<void()> before_renewal;
  fakes::FakeLog log;
  std::unique_ptr<Leases> leases;
  envelope::SealedStore& sealed() { return *sealed_; }
  [[nodiscard]] const audit::Trail& trail() const { return trail_; }

 private:
  void start() {
    clocks = std::make_unique<EffectiveTime>(clock);
    if (const auto known = must(done_until(*begin()))) clocks->at_least(*known);
    Leases::Hooks hooks;
    hooks.commit = [this](store::Transaction staged) -> Result<bool> {
      if (!commits.empty()) {
        Result<bool> answer = commits.front();
        commits.pop_front();
        if (!answer.ok() || !*answer) return answer;
      }
      const store::Transaction all[] = {std::move(staged)};
      COFFER_TRY(const auto outcomes, store_->commit(all));
      return outcomes.front() == store::CommitOutcome::committed;
    };
    hooks.admit = [this](envelope::SealedTransaction& tx, const NewLease& terms,
                         WallTime) -> Result<void> {
      return admit ? admit(tx, terms) : Result<void>();
    };
    leases = std::make_unique<Leases>(*sealed_, std::move(hooks), limits_, clocks->latest());
    leases->add_kind("fake", {.end =
                                  [this](const Lease& lease) {
                                    if (before_end) before_end(lease);
                                    return targets[lease.terms.target].end(lease);
                                  },
                              .renew =
                                  [this](const Lease& lease, WallTime until) {
                                    if (before_renewal) before_renewal();
                                    return targets[lease.terms.target].renew(lease, until);
                                  }});
    handlers_ = std::make_unique<Handlers>();
    leases->register_handlers(*handlers_);
    must(leases->load(now()));
  }

  const LeaseLimits limits_;
  fakes::FakeToken token_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<envelope::Keyring> keyring_;
  std::unique_ptr<envelope::SealedStore> sealed_;
  std::unique_ptr<Handlers> handlers_;
  audit::Trail trail_{log, nullptr, clock};
  const model::Peer peer_{.uid = 1, .gid = 1, .pid = 1, .groups = {}, .unit = {}};
};

}  // namespace coffer::lifecycle
