#include "rewrap_step.h"

#include <algorithm>

#include "coffer/crypto/digest.h"

namespace coffer::envelope {
namespace {

constexpr std::size_t kRowKeySize = 2 * kRowKeyHalf;

struct Found {
  store::Key key;
  store::Row row;
};

class Rewrap final {
 public:
  Rewrap(Transaction& tx, const RewrapLimits& limits)
      : tx_(tx), sealing_(tx.parts().sealings.current()), limits_(limits) {}

  Result<RewrapStep> run(const store::Key& after) {
    step_.next = after;
    step_.done = true;
    COFFER_TRY(store::Snapshot * view, tx_.snapshot());
    std::size_t rows = 0;
    COFFER_CHECK(view->scan_after(after, [&](const store::Key& key, const store::Row& row) {
      if (rows == limits_.rows || (limits_.rewraps > 0 && stale_.size() == limits_.rewraps)) {
        step_.done = false;
        return false;
      }
      ++rows;
      look_at(key, row);
      step_.next = key;
      return true;
    }));
    if (limits_.rewraps > 0) COFFER_CHECK(rewrap_all());
    // Of what follows this keyring alone: recipients, and what is told of them.
    tx_.expect_keyring(sealing_);
    return std::move(step_);
  }

 private:
  [[nodiscard]] const KeyringState& ring() const { return *sealing_.ring; }

  /// Only what the bind key vouches for is counted, and only that ever reaches the token.
  Result<Record> read(const std::string& value) const {
    COFFER_TRY(Record record, parse_record(as_bytes(value)));
    COFFER_TRY(const ByteView bind, tx_.bind_key(record));
    COFFER_CHECK(authenticate(record, bind));
    return record;
  }

  void look_at(const store::Key& key, const store::Row& row) {
    if (key.size() != kRowKeySize || !row.value.starts_with(kRecordMagic)) return;
    ++step_.records;
    const Result<Record> record = read(row.value);
    if (!record.ok()) {
      ++step_.unreadable;
      return;
    }
    if (!is_stale(*record)) return count(record->recipients);
    if (find(*record, ring().our()) == nullptr) {
      ++step_.elsewhere;
      return count(record->recipients);
    }
    ++step_.stale;
    if (limits_.rewraps == 0) return count(record->recipients);
    stale_.push_back({key, row});
  }

  void count(std::span<const Recipient> recipients) {
    for (const Recipient& recipient : recipients) {
      add(step_.references, {recipient.token, recipient.kek_version, 1,
                             recipients.size() == 1 ? std::uint64_t{1} : std::uint64_t{0}});
    }
  }

  void count_left(const Record& record, std::span<const Recipient> now) {
    for (const Recipient& before : record.recipients) {
      const bool stays = std::any_of(now.begin(), now.end(), [&](const Recipient& recipient) {
        return recipient.token == before.token && recipient.kek_version == before.kek_version;
      });
      if (!stays) add(step_.left, {before.token, before.kek_version, 1, 0});
    }
  }

  [[nodiscard]] bool can_wrap_to(std::size_t index) const {
    return index == ring().ours || ring().tokens[index].token.wraps_on_host();
  }

  [[nodiscard]] static const Recipient* find(const Record& record, const EnrolledToken& token) {
    const auto found =
        std::find_if(record.recipients.begin(), record.recipients.end(),
                     [&](const Recipient& recipient) { return recipient.token == token.id; });
    return found == record.recipients.end() ? nullptr : &*found;
  }

  /// One recipient for each token, of its current kek; of a token that can't be wrapped to,
  /// whatever it has; of no other.
  [[nodiscard]] bool is_stale(const Record& record) const {
    std::size_t known = 0;
    for (std::size_t i = 0; i < ring().tokens.size(); ++i) {
      const EnrolledToken& token = ring().tokens[i].token;
      const Recipient* recipient = find(record, token);
      if (recipient != nullptr) ++known;
      if (!can_wrap_to(i)) continue;
      if (recipient == nullptr || recipient->kek_version != token.kek_version) return true;
    }
    return known != record.recipients.size();
  }

  Result<void> rewrap_all() {
    for (const Found& found : stale_) {
      const Result<void> done = rewrap(found);
      if (done.ok()) {
        ++step_.rewrapped;
        continue;
      }
      if (done.error().code != ErrorCode::corrupt) return done;
      ++step_.unreadable;
      const Record record = *parse_record(as_bytes(found.row.value));
      count(record.recipients);
    }
    return {};
  }

  Result<void> rewrap(const Found& found) {
    COFFER_TRY(const Record record, read(found.row.value));
    DataKeys& data_keys = tx_.parts().data_keys;
    COFFER_TRY(const SecureBytes key, data_keys.unwrap(record, ring().our().id));
    std::vector<Wrap> fresh;
    fresh.reserve(ring().tokens.size());
    std::vector<Recipient> recipients;
    for (std::size_t i = 0; i < ring().tokens.size(); ++i) {
      const EnrolledToken& token = ring().tokens[i].token;
      const Recipient* before = find(record, token);
      const bool good = before != nullptr && before->kek_version == token.kek_version;
      if (good || !can_wrap_to(i)) {
        if (before != nullptr) recipients.push_back(*before);
        continue;
      }
      COFFER_TRY(Wrap wrap, data_keys.wrap(sealing_, i, record.id, key));
      if (i == ring().ours) COFFER_CHECK(read_back(record, wrap, key));
      fresh.push_back(std::move(wrap));
      recipients.push_back(fresh.back().view());
    }
    count_left(record, recipients);
    COFFER_TRY(const ByteView bind, tx_.bind_key(record));
    COFFER_TRY(std::string rewrapped, with_recipients(record, recipients, bind));
    count(recipients);
    tx_.replace(found.key, found.row.version, std::move(rewrapped));
    return {};
  }

  /// Before the old wrap goes. A token that opens something else than it wrapped isn't well: that
  /// is no fault of the record.
  Result<void> read_back(const Record& record, const Wrap& wrap, const SecureBytes& key) const {
    Result<SecureBytes> opened = tx_.parts().data_keys.unwrap(record.vault, record.id, wrap.view());
    const Reveal why{"a rewrapped key is compared with what was wrapped"};
    if (opened.ok() && crypto::equal_constant_time(opened->expose(why), key.expose(why))) return {};
    if (!opened.ok() && opened.error().code != ErrorCode::corrupt) return opened.error();
    return make_error(ErrorCode::unavailable, "the token doesn't open what it wrapped just now");
  }

  Transaction& tx_;
  const Sealing& sealing_;
  const RewrapLimits limits_;
  RewrapStep step_;
  std::vector<Found> stale_;
};

}  // namespace

void add(std::vector<References>& all, const References& more) {
  for (References& known : all) {
    if (known.token != more.token || known.version != more.version) continue;
    known.records += more.records;
    known.alone += more.alone;
    return;
  }
  all.push_back(more);
}

Result<RewrapStep> rewrap_step(Transaction& tx, const store::Key& after,
                               const RewrapLimits& limits) {
  return Rewrap(tx, limits).run(after);
}

Result<RowWalk> walk_rows(Transaction& tx, const store::Key& after, std::size_t most) {
  RowWalk walk{.rows = {}, .next = after, .done = true};
  COFFER_TRY(store::Snapshot * view, tx.snapshot());
  std::size_t seen = 0;
  COFFER_CHECK(view->scan_after(after, [&](const store::Key& key, const store::Row& row) {
    walk.done = seen++ < most;
    if (!walk.done) return false;
    walk.next = key;
    if (key.size() != kRowKeySize || !row.value.starts_with(kRowMagic)) return true;
    Result<OpenRow> opened = tx.open(key, row.version, row.value);
    if (opened.ok()) {
      walk.rows.push_back({std::move(opened->row), std::move(opened->value)});
    } else {
      ++walk.unreadable;
    }
    return true;
  }));
  return walk;
}

}  // namespace coffer::envelope
