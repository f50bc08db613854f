#include "changes.h"

#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "contexts.h"
#include "data_keys.h"
#include "packer.h"
#include "signers.h"

namespace coffer::envelope {
namespace {

/// Versions that nobody retired; the format holds 255.
constexpr std::size_t kMaxOldKeks = 64;
constexpr std::size_t kCanarySize = 32;
constexpr std::string_view kCanaryContext = "coffer new kek";
constexpr int kAttempts = 8;

Error from(Result<void> result) { return from_token(std::move(result).error()); }

Result<void> has_room(const EnrolledToken& ours) {
  if (ours.old_keks.size() < kMaxOldKeks) return {};
  return make_error(ErrorCode::precondition, "too many old versions of the kek: retire some");
}

/// What a commit gave the row; it can be read, or the store is in trouble.
Result<store::RowVersion> version_of(const KeyringState& ring, store::Store& store) {
  Error last = make_error(ErrorCode::unavailable, "the stored keyring can't be read again");
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Result<store::RowVersion> version = row_version_of(ring, store);
    if (version.ok()) return version;
    last = std::move(version).error();
  }
  return last;
}

}  // namespace

/// One change at a time, and no waiting: a change may take a token's whole patience.
class Changes::Turn final {
 public:
  explicit Turn(Changes& changes) : changes_(changes), mine_(!changes.busy_.exchange(true)) {}
  ~Turn() {
    if (mine_) changes_.busy_ = false;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] Result<void> check() const {
    if (mine_) return {};
    return make_error(ErrorCode::unavailable, "another change of the keys is under way");
  }

 private:
  Changes& changes_;
  const bool mine_;
};

Result<void> Changes::make_key(pkcs11::KeyRole role, const pkcs11::KeyRef& key,
                               const std::string& label) {
  Result<void> made = parts_.token.generate(role, key, label);
  if (!made.ok() && made.error().code != ErrorCode::conflict) return from(std::move(made));
  // Once more, whoever made it: what is on the token may be of a change that was cut short, and is
  // taken only if it is what its role demands.
  Result<void> verified = parts_.token.verify(role, key);
  return verified.ok() ? verified : Result<void>(from(std::move(verified)));
}

Result<std::uint32_t> Changes::make_fresh(pkcs11::KeyRole role, std::uint32_t past) {
  const bool is_kek = role == pkcs11::KeyRole::kek;
  const Uuid& vault = parts_.keyring.vault();
  for (std::uint32_t version = past + 1; version <= past + kAttempts; ++version) {
    const pkcs11::KeyRef key = is_kek ? kek_ref(vault, version) : sign_ref(vault, version);
    const std::string label = (is_kek ? "coffer kek v" : "coffer sign v") + std::to_string(version);
    Result<void> made = parts_.token.generate(role, key, label);
    if (!made.ok() && made.error().code == ErrorCode::conflict) continue;
    if (!made.ok()) return from(std::move(made));
    Result<void> verified = parts_.token.verify(role, key);
    if (!verified.ok()) return from(std::move(verified));
    return version;
  }
  return make_error(ErrorCode::conflict, "the versions after the newest key are all taken");
}

Result<void> Changes::prove_kek(std::uint32_t version) {
  const pkcs11::KeyRef kek = kek_ref(parts_.keyring.vault(), version);
  COFFER_TRY(const SecureBytes canary, crypto::random_secret(kCanarySize));
  Result<Bytes> wrapped = parts_.token.wrap(kek, canary, as_bytes(kCanaryContext));
  if (!wrapped.ok()) return from_token(std::move(wrapped).error());
  Result<SecureBytes> opened = parts_.token.unwrap(kek, *wrapped, as_bytes(kCanaryContext));
  if (!opened.ok()) return from_token(std::move(opened).error());
  const Reveal why{"a canary is compared with what was wrapped"};
  if (crypto::equal_constant_time(opened->expose(why), canary.expose(why))) return {};
  return make_error(ErrorCode::unavailable, "a new kek doesn't open what it wrapped");
}

Result<void> Changes::commit(Next next, WallTime now, std::optional<WrapCounter::Fresh> counter) {
  COFFER_TRY(const Bytes stored, seal_state(parts_.token, *next, now));
  const store::Key key = keyring_row_key();
  store::Transaction transaction;
  transaction.preconditions.push_back({key, parts_.sealings.current().row});
  transaction.writes.push_back({key, std::string(as_text(stored))});
  if (!next->announcements.empty()) {
    transaction.writes.push_back(
        {announcements_row_key(), pack_announcements(next->vault, next->announcements)});
  }
  if (counter) {
    transaction.preconditions.push_back({counter->row.key, counter->before});
    transaction.writes.push_back(std::move(counter->row));
  }
  COFFER_CHECK(put(std::move(transaction)));
  COFFER_TRY(const store::RowVersion row, version_of(*next, parts_.store));
  parts_.keyring.publish(std::move(next));
  parts_.sealings.publish(parts_.keyring.state(), row,
                          counter ? std::move(counter->counter) : nullptr);
  return {};
}

Result<void> Changes::put(store::Transaction transaction) {
  const MutexLock lock(committing_);
  if (ended_) return make_error(ErrorCode::unavailable, "Vault is sealed");
  const store::Transaction all[] = {std::move(transaction)};
  COFFER_TRY(const auto outcomes, parts_.store.commit(all));
  if (outcomes.front() == store::CommitOutcome::committed) return {};
  COFFER_TRY(const store::RowVersion row, row_version_of(parts_.keyring.state(), parts_.store));
  return make_error(ErrorCode::unavailable, row == parts_.sealings.current().row
                                                ? "the count of the new kek's wraps has changed"
                                                : "the stored keyring isn't the one that is open");
}

void Changes::end() {
  const MutexLock lock(committing_);
  ended_ = true;
}

Result<std::uint32_t> Changes::rotate_kek(WallTime now) {
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  COFFER_CHECK(has_room(next->our()));
  const std::uint32_t version = next->our().kek_version + 1;
  COFFER_CHECK(make_key(pkcs11::KeyRole::kek, kek_ref(next->vault, version),
                        "coffer kek v" + std::to_string(version)));
  return put_kek(std::move(next), version, now);
}

Result<std::uint32_t> Changes::rotate_kek_past(std::uint32_t past, WallTime now) {
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  COFFER_CHECK(has_room(next->our()));
  COFFER_TRY(const std::uint32_t version,
             make_fresh(pkcs11::KeyRole::kek, std::max(past, next->our().kek_version)));
  return put_kek(std::move(next), version, now);
}

Result<std::uint32_t> Changes::put_kek(Next next, std::uint32_t version, WallTime now) {
  EnrolledToken& ours = next->tokens[next->ours].token;
  const pkcs11::KeyRef kek = kek_ref(next->vault, version);
  COFFER_CHECK(prove_kek(version));
  Result<pkcs11::KekInfo> info = parts_.token.describe_kek(kek);
  if (!info.ok()) return from_token(std::move(info).error());
  ours.old_keks.push_back(std::exchange(ours.kek_version, version));
  ours.kek_installed = now;
  ours.algorithm = info->algorithm;
  ours.kek_public_key = std::move(info->public_key);
  COFFER_TRY(WrapCounter::Fresh counter,
             WrapCounter::start(parts_.keyring, parts_.store, WrapLimits{}, ours));
  COFFER_CHECK(commit(std::move(next), now, std::move(counter)));
  return version;
}

Result<std::uint32_t> Changes::rotate(KeyName name, WallTime now) {
  if (name == KeyName::name) {
    return make_error(ErrorCode::invalid_argument,
                      "the key of the rows' names changes only by an offline rekey");
  }
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  const std::uint32_t version = next->current_version(name) + 1;
  COFFER_TRY(SecureBytes key, mixed_random_key(parts_.token, kKeyringKeyLabel));
  next->keys.push_back({name, version, std::move(key)});
  next->sort_keys();
  COFFER_CHECK(commit(std::move(next), now));
  return version;
}

Result<std::uint32_t> Changes::rotate_sign(WallTime now) {
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  const std::uint32_t version = next->our().sign_version + 1;
  COFFER_CHECK(make_key(pkcs11::KeyRole::sign, sign_ref(next->vault, version),
                        "coffer sign v" + std::to_string(version)));
  return put_sign(std::move(next), version, now);
}

Result<std::uint32_t> Changes::rotate_sign_past(std::uint32_t past, WallTime now) {
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  COFFER_TRY(const std::uint32_t version,
             make_fresh(pkcs11::KeyRole::sign, std::max(past, next->our().sign_version)));
  return put_sign(std::move(next), version, now);
}

Result<std::uint32_t> Changes::put_sign(Next next, std::uint32_t version, WallTime now) {
  EnrolledToken& ours = next->tokens[next->ours].token;
  const EnrolledToken before = ours;
  Result<Bytes> spki = parts_.token.public_key(sign_ref(next->vault, version));
  if (!spki.ok()) return from_token(std::move(spki).error());
  ours.sign_version = version;
  ours.sign_public_key = *std::move(spki);
  COFFER_CHECK(announce(parts_.token, *next, before, EnrolledToken(ours), now));
  COFFER_CHECK(commit(std::move(next), now));
  return version;
}

Result<void> Changes::retire_kek(std::uint32_t version, WallTime now) {
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  std::vector<std::uint32_t>& old = next->tokens[next->ours].token.old_keks;
  const auto found = std::find(old.begin(), old.end(), version);
  if (found == old.end()) {
    return make_error(ErrorCode::precondition, "not an old version of this token's kek");
  }
  old.erase(found);
  // The key first: should we be cut short here, the keyring still has it to retire. That it isn't
  // found then means no harm: nothing refers to it, and below the token shows that it is there.
  Result<void> gone = parts_.token.destroy(pkcs11::KeyRole::kek, kek_ref(next->vault, version));
  if (!gone.ok() && gone.error().code != ErrorCode::not_found) return gone;
  return commit(std::move(next), now);
}

Result<Uuid> Changes::enrol(const Enrolment& enrolment, WallTime now) {
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  COFFER_CHECK(check_enrolment(enrolment, next->vault));
  const bool known =
      std::any_of(next->tokens.begin(), next->tokens.end(), [&](const KeyringToken& entry) {
        return entry.token.serial == enrolment.serial ||
               entry.token.sign_public_key == enrolment.sign_public_key;
      });
  if (known) return make_error(ErrorCode::precondition, "this token is enrolled already");
  if (next->tokens.size() >= kMaxRecipients) {
    return make_error(ErrorCode::precondition, "a vault has 8 tokens at most: retire one");
  }
  KeyringToken entry;
  COFFER_TRY(entry.token.id, crypto::random_uuid());
  entry.token.serial = enrolment.serial;
  entry.token.label = enrolment.label;
  entry.token.algorithm = enrolment.algorithm;
  entry.token.kek_public_key = enrolment.kek_public_key;
  entry.token.sign_public_key = enrolment.sign_public_key;
  entry.token.kek_installed = now;
  const Uuid id = entry.token.id;
  next->tokens.push_back(std::move(entry));
  COFFER_CHECK(commit(std::move(next), now));
  return id;
}

Result<void> Changes::retire_token(const Uuid& token, WallTime now) {
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  const auto found =
      std::find_if(next->tokens.begin(), next->tokens.end(),
                   [&](const KeyringToken& entry) { return entry.token.id == token; });
  if (found == next->tokens.end()) return make_error(ErrorCode::not_found, "no such token");
  const auto index = static_cast<std::size_t>(found - next->tokens.begin());
  if (index == next->ours) {
    return make_error(ErrorCode::precondition, "the token in use can't be retired");
  }
  next->tokens.erase(found);
  if (index < next->ours) --next->ours;
  return commit(std::move(next), now);
}

Result<void> Changes::take_over(WallTime now) {
  const Turn turn(*this);
  COFFER_CHECK(turn.check());
  if (parts_.keyring.signed_by_ours()) return {};
  COFFER_TRY(Next next, copy_of(parts_.keyring.state()));
  return commit(std::move(next), now);
}

}  // namespace coffer::envelope
