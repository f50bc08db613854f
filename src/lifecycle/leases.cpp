// How leases come into being.
#include "coffer/lifecycle/leases.h"

#include "coffer/base/failpoint.h"
#include "coffer/base/races.h"
#include "coffer/crypto/random.h"
#include "lease_rows.h"

namespace coffer::lifecycle {
namespace {

using envelope::Expect;

constexpr std::size_t kNameSize = 24;
constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Ends of what may still be under way at the target, after the first.
constexpr std::uint8_t kFurtherRounds = 2;
/// So that every time that comes of it can be told.
constexpr std::chrono::seconds kLongest = std::chrono::hours(24 * 365 * 100);

Result<void> check(const NewLease& wanted) {
  if (wanted.ttl.count() <= 0 || wanted.max_ttl < wanted.ttl || wanted.max_ttl > kLongest) {
    return make_error(ErrorCode::invalid_argument,
                      "the times of a lease must be more than nothing, and its ttl within its max");
  }
  return {};
}

Error refused(LeaseCounts::Cap cap, const LeaseLimits& limits) {
  const auto text = [](std::size_t most, std::string_view of) {
    return "there are " + std::to_string(most) + " leases of this " + std::string(of) +
           " already, as many as there may be";
  };
  switch (cap) {
    case LeaseCounts::Cap::role:
      return make_error(ErrorCode::limit_reached, text(limits.per_role, "role"));
    case LeaseCounts::Cap::identity:
      return make_error(ErrorCode::limit_reached, text(limits.per_owner, "identity"));
    case LeaseCounts::Cap::none:
    case LeaseCounts::Cap::total: break;
  }
  return make_error(ErrorCode::limit_reached, text(limits.total, "vault"));
}

}  // namespace

std::chrono::seconds Lease::remaining(WallTime now) const {
  if (expires <= now) return std::chrono::seconds(0);
  return std::chrono::ceil<std::chrono::seconds>(expires - now);
}

void NewLease::owned_by(const model::Caller& caller) {
  owner = caller.accessor;
  owner_name = caller.display_name;
  owner_is_token = caller.token_type == "service";
  identity = caller.identity == caller.accessor ? std::string() : caller.identity;
}

/// Goes when the last who could still make it stand lets go: the engine, or the Door.
struct Issuing::Hold {
  enum class Step : std::uint8_t { reserved, intended, stands };

  Hold(std::shared_ptr<LeaseCounts> c, std::shared_ptr<LeaseEnds> e, Lease l)
      : counts(std::move(c)), ends(std::move(e)), lease(std::move(l)), id(lease.id()) {
    ends->under_way(id);
  }
  ~Hold() {
    if (step == Step::reserved) counts->release(lease.terms);
    if (step == Step::intended) ends->drop({lease, rounds, withdrawn});
    ends->landed(id);
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  const std::shared_ptr<LeaseCounts> counts;
  const std::shared_ptr<LeaseEnds> ends;
  Lease lease;
  const std::string id;
  Step step = Step::reserved;
  std::uint8_t rounds = kFurtherRounds;
  bool withdrawn = false;
};

const Lease& Issuing::lease() const noexcept { return hold_->lease; }

void Issuing::nothing_was_made() noexcept { hold_->rounds = 0; }

void Issuing::withdraw() noexcept { hold_->withdrawn = true; }

Result<void> Issuing::stage(envelope::SealedTransaction& tx, std::function<void()>& then) && {
  Lease active = hold_->lease;
  active.issuing = false;
  const std::string id = active.id();
  COFFER_CHECK(tx.write(lease_row(active.terms.prefix, active.name), encode_lease(active),
                        Expect::unchanged(active.version)));
  tx.erase(issuing_row(id), Expect::anything());
  COFFER_FAILPOINT("lease.issue.staged");
  then = [hold = std::move(hold_), before = std::move(then)] {
    COFFER_FAILPOINT("lease.issue.stands");
    hold->step = Hold::Step::stands;
    if (before) before();
  };
  return {};
}

Leases::Leases(envelope::SealedStore& store, Hooks hooks, const LeaseLimits& limits,
               const Clock& clock)
    : store_(store),
      hooks_(std::move(hooks)),
      clock_(clock),
      counts_(std::make_shared<LeaseCounts>(limits)),
      ends_(std::make_shared<LeaseEnds>(clock)) {}

Leases::~Leases() = default;

void Leases::add_kind(std::string name, LeaseKind kind) {
  kinds_.insert_or_assign(std::move(name), std::move(kind));
}

const LeaseKind* Leases::kind(std::string_view name) const {
  const auto found = kinds_.find(name);
  return found == kinds_.end() ? nullptr : &found->second;
}

/// Bytes beyond the last multiple of 62 are drawn anew, so every character is as likely.
Result<std::string> Leases::new_name() {
  constexpr std::size_t kFair = 256 - 256 % kBase62.size();
  std::string name;
  while (name.size() < kNameSize) {
    COFFER_TRY(const Bytes drawn, crypto::random_bytes(kNameSize));
    for (const std::uint8_t byte : drawn) {
      if (byte < kFair && name.size() < kNameSize) name.push_back(kBase62[byte % kBase62.size()]);
    }
  }
  return name;
}

Result<void> Leases::commit_own(
    const std::function<Result<void>(envelope::SealedTransaction&)>& stage) {
  for (int race = 0; race < kMostRaces; wait_after_race(race++)) {
    COFFER_TRY(const auto tx, store_.begin());
    const Result<void> staged = stage(*tx);
    if (!staged.ok()) {
      if (staged.error().code == ErrorCode::conflict) continue;
      return staged;
    }
    store::Transaction writes = tx->take();
    if (writes.empty()) return {};
    COFFER_TRY(const bool committed, hooks_.commit(std::move(writes)));
    if (committed) return {};
  }
  return make_error(ErrorCode::resource_exhausted, "too many writers at once; try again");
}

Result<void> Leases::recount(const NewLease& wanted) {
  const auto before = counts_->start_recount(wanted, clock_.boottime());
  if (!before) return {};
  COFFER_TRY(const auto tx, store_.begin());
  const envelope::RowName role = lease_row(wanted.prefix, {});
  // What it owns itself, and what others own that count for it.
  const envelope::RowName itself = owner_row(wanted.counted_for(), {});
  const envelope::RowName others = identity_row(wanted.counted_for(), {});
  COFFER_TRY(const std::size_t of_role, tx->count(role.space, role.parent));
  COFFER_TRY(const std::size_t of_itself, tx->count(itself.space, itself.parent));
  COFFER_TRY(const std::size_t of_others, tx->count(others.space, others.parent));
  counts_->finish_recount(wanted, *before, of_role, of_itself + of_others);
  return {};
}

Result<void> Leases::reserve(const NewLease& wanted) {
  if (counts_->unknown_identity(wanted.counted_for())) COFFER_CHECK(recount(wanted));
  LeaseCounts::Cap cap = counts_->reserve(wanted);
  if (cap == LeaseCounts::Cap::none) return {};
  COFFER_CHECK(recount(wanted));
  cap = counts_->reserve(wanted);
  if (cap == LeaseCounts::Cap::none) return {};
  return refused(cap, counts_->limits());
}

Result<Issuing> Leases::begin(audit::Ticket& ticket, envelope::SealedTransaction& request,
                              NewLease wanted, std::string name, WallTime now) {
  COFFER_CHECK(check(wanted));
  if (kind(wanted.kind) == nullptr) {
    return make_error(ErrorCode::internal, "no kind of leases has this name");
  }
  COFFER_CHECK(request.fix());
  COFFER_CHECK(reserve(wanted));
  Lease lease{.terms = std::move(wanted), .name = std::move(name), .issuing = true, .issued = now};
  lease.expires = now + lease.terms.ttl;
  auto hold = std::make_shared<Issuing::Hold>(counts_, ends_, std::move(lease));
  COFFER_CHECK(ticket.make_durable());
  COFFER_FAILPOINT("lease.issue.logged");
  COFFER_CHECK(commit_intent(hold->lease, now));
  COFFER_FAILPOINT("lease.issue.intended");
  hold->step = Issuing::Hold::Step::intended;
  counts_->committed(hold->lease.terms);
  COFFER_TRY(hold->lease.version, stored_version(hold->lease));
  return Issuing(std::move(hold));
}

Result<void> Leases::commit_intent(const Lease& lease, WallTime now) {
  const NewLease& terms = lease.terms;
  const std::string id = lease.id();
  const envelope::RowName row = lease_row(terms.prefix, lease.name);
  return commit_own([&](envelope::SealedTransaction& tx) -> Result<void> {
    COFFER_CHECK(hooks_.admit(tx, terms, now));
    COFFER_TRY(const store::Key place, tx.place(prefix_row(terms.prefix)));
    COFFER_TRY(const store::RowVersion known, tx.version_at(place));
    if (known == 0) {
      COFFER_CHECK(tx.write(prefix_row(terms.prefix), {}, Expect::anything()));
    } else {
      COFFER_CHECK(tx.require(prefix_row(terms.prefix), Expect::unchanged(known)));
    }
    COFFER_CHECK(tx.write(row, encode_lease(lease), Expect::absent()));
    COFFER_CHECK(tx.write(owner_row(terms.owner, id), {}, Expect::anything()));
    if (!terms.identity.empty()) {
      COFFER_CHECK(tx.write(identity_row(terms.identity, id), {}, Expect::anything()));
    }
    COFFER_CHECK(tx.write(issuing_row(id), {}, Expect::anything()));
    return schedule(tx, kDueKind, id, lease.expires, now);
  });
}

/// Of the row as the intent wrote it. A version of 0 would demand later that there is none.
Result<store::RowVersion> Leases::stored_version(const Lease& lease) {
  COFFER_TRY(const auto tx, store_.begin());
  COFFER_TRY(const store::Key place, tx->place(lease_row(lease.terms.prefix, lease.name)));
  COFFER_TRY(const store::RowVersion version, tx->version_at(place));
  if (version != 0) return version;
  return make_error(ErrorCode::conflict, "the lease was ended while it was being issued");
}

std::vector<std::string> Leases::warnings(const NewLease& wanted) {
  if (counts_->warnings(wanted).empty()) return {};
  static_cast<void>(recount(wanted));
  return counts_->warnings(wanted);
}

}  // namespace coffer::lifecycle
