#include "transaction.h"

#include <algorithm>
#include <limits>

#include "contexts.h"
#include "row.h"

namespace coffer::envelope {
namespace {

bool starts_with(const store::Key& key, const store::Key& prefix) {
  return key.compare(0, prefix.size(), prefix) == 0;
}

Error no_such_row() { return make_error(ErrorCode::not_found, "no such secret"); }

}  // namespace

Result<std::optional<OpenedRow>> Transaction::read(const RowName& row) {
  COFFER_TRY(const store::Key key, parts_.places.of(row));
  const bool staged = staged_.contains(key);
  if (!staged) {
    COFFER_TRY(const store::RowVersion version, version_at(key));
    if (version == 0) return std::optional<OpenedRow>();
    if (auto known = parts_.opened.find(key, version)) {
      return std::optional<OpenedRow>({std::move(known->value), version});
    }
  }
  COFFER_TRY(const std::optional<store::Row> found, current(key));
  if (!found) return std::optional<OpenedRow>();
  COFFER_TRY(OpenRow opened, open(key, staged ? 0 : found->version, found->value));
  return std::optional<OpenedRow>({std::move(opened.value), found->version});
}

Result<OpenRow> Transaction::open(const store::Key& key, store::RowVersion version,
                                  std::string_view sealed) const {
  if (auto known = parts_.opened.find(key, version)) return *std::move(known);
  COFFER_TRY(OpenRow opened, open_row(parts_.keyring, key, sealed));
  parts_.opened.put(key, version, opened);
  return opened;
}

Result<void> Transaction::write(const RowName& row, std::string_view value, Expect expected) {
  COFFER_TRY(const store::Key key, parts_.places.of(row));
  COFFER_TRY(const FreshRow fresh, fresh_row());
  COFFER_TRY(std::string sealed, seal_row(fresh, parts_.keyring, key, row, value));
  expect(key, expected);
  staged_.insert_or_assign(key, std::move(sealed));
  return {};
}

void Transaction::erase(const RowName& row, Expect expected) {
  const Result<store::Key> key = parts_.places.of(row);
  if (!key.ok()) {
    broken_ = true;
    return;
  }
  expect(*key, expected);
  staged_.insert_or_assign(*key, std::nullopt);
}

Result<void> Transaction::require(const RowName& row, Expect expected) {
  COFFER_TRY(const store::Key key, parts_.places.of(row));
  expect(key, expected);
  return {};
}

Result<store::Key> Transaction::place(const RowName& row) const { return parts_.places.of(row); }

Result<store::RowVersion> Transaction::version_at(const store::Key& place) {
  COFFER_TRY(store::Snapshot * view, snapshot());
  return view->version(place);
}

Result<std::vector<ListedRow>> Transaction::list_some(const Space& space, std::string_view parent,
                                                      std::size_t at_most) {
  COFFER_TRY(const store::Key prefix, parts_.places.under(space, parent));
  std::vector<ListedRow> rows;
  if (at_most > 0) COFFER_CHECK(list_stored(prefix, at_most, rows));
  COFFER_CHECK(list_staged(prefix, at_most, rows));
  return rows;
}

Result<std::vector<ListedRow>> Transaction::list(const Space& space, std::string_view parent) {
  COFFER_TRY(std::vector<ListedRow> rows,
             list_some(space, parent, std::numeric_limits<std::size_t>::max()));
  std::sort(rows.begin(), rows.end(),
            [](const ListedRow& a, const ListedRow& b) { return a.name < b.name; });
  return rows;
}

Result<RowPage> Transaction::page(const Space& space, std::string_view parent,
                                  const store::Key& after, std::size_t at_most) {
  COFFER_TRY(const store::Key prefix, parts_.places.under(space, parent));
  COFFER_TRY(store::Snapshot * view, snapshot());
  RowPage page{.rows = {}, .next = after, .done = true};
  Result<void> added;
  const auto visit = [&](const store::Key& key, const store::Row& row) {
    if (!starts_with(key, prefix)) return false;
    page.done = page.rows.size() < at_most;
    if (!page.done) return false;
    added = add(key, row.version, row.value, page.rows);
    page.next = key;
    return added.ok();
  };
  COFFER_CHECK(after.empty() ? view->scan(prefix, visit) : view->scan_after(after, visit));
  COFFER_CHECK(added);
  return page;
}

Result<void> Transaction::fix() {
  COFFER_TRY(store::Snapshot * view, snapshot());
  return view->fix();
}

Result<std::size_t> Transaction::count(const Space& space, std::string_view parent) {
  COFFER_TRY(const store::Key prefix, parts_.places.under(space, parent));
  COFFER_TRY(store::Snapshot * view, snapshot());
  std::size_t rows = 0;
  COFFER_CHECK(view->scan(prefix, [&](const store::Key&, const store::Row&) {
    ++rows;
    return true;
  }));
  return rows;
}

Result<void> Transaction::seal_secret(const RowName& row, const SecretContext& context,
                                      std::string_view value) {
  COFFER_TRY(const store::Key key, parts_.places.of(row));
  COFFER_TRY(const FreshRecord fresh, fresh_record());
  const Sealing& sealing = parts_.sealings.current();
  const KeyringState& ring = *sealing.ring;
  COFFER_TRY(const WrappedDataKey made, parts_.data_keys.make(sealing, fresh.id));
  RecordKeys keys;
  keys.bind_version = ring.current_version(KeyName::bind);
  COFFER_TRY(keys.bind, ring.key(KeyName::bind, keys.bind_version, Reveal{"seal a secret"}));
  keys.data_key = made.key.expose(Reveal{"seal a secret"});
  COFFER_TRY(std::string sealed,
             seal_record(fresh, ring.vault, keys, views(made.wraps), context, value));
  expect_keyring(sealing);
  staged_.insert_or_assign(key, std::move(sealed));
  return parts_.watcher == nullptr ? Result<void>()
                                   : parts_.watcher->sealed(*this, row, context, value);
}

Result<std::string> Transaction::open_secret(const RowName& row, const SecretContext& secret) {
  COFFER_TRY(const store::Key key, parts_.places.of(row));
  COFFER_TRY(const std::optional<store::Row> found, current(key));
  if (!found) return no_such_row();
  COFFER_TRY(const Record record, parse_record(as_bytes(found->value)));
  const std::string context = content_context(record.vault, record.id, kRecordSuite, secret);
  COFFER_TRY(const SharedContentKey known, content_key_of(record, context));
  return open_content(record, known->key.expose(Reveal{"open a secret"}), context);
}

Result<SharedContentKey> Transaction::known_content_key(const Record& record,
                                                        const std::string& context) const {
  SharedContentKey known = parts_.content_keys.find(record.id);
  if (known == nullptr || known->is_of(record, context)) return known;
  if (!known->is_of_rewrapped(record, context)) return SharedContentKey();
  COFFER_TRY(const ByteView bind, bind_key(record));
  COFFER_CHECK(authenticate(record, bind));
  COFFER_TRY(SecureBytes key, known->key.clone());
  auto renewed = std::make_shared<const KnownContentKey>(
      KnownContentKey{std::string(as_text(record.head)), context, std::move(key)});
  parts_.content_keys.replace(record.id, renewed);
  return SharedContentKey(renewed);
}

Result<SharedContentKey> Transaction::content_key_of(const Record& record,
                                                     const std::string& context) {
  COFFER_TRY(SharedContentKey known, known_content_key(record, context));
  if (known != nullptr) return known;
  ContentKeyCache& cache = parts_.content_keys;
  COFFER_TRY(const ByteView bind, bind_key(record));
  // First of all: nothing of a record that someone else made reaches the token.
  COFFER_CHECK(authenticate(record, bind));
  const std::uint64_t generation = cache.generation();
  COFFER_TRY(const SecureBytes data_key,
             parts_.data_keys.unwrap(record, parts_.keyring.token().id));
  COFFER_TRY(SecureBytes key,
             content_key(record, bind, data_key.expose(Reveal{"open a secret"}), context));
  SharedContentKey made = std::make_shared<const KnownContentKey>(
      KnownContentKey{std::string(as_text(record.head)), context, std::move(key)});
  cache.put(record.id, made, generation);
  return made;
}

Result<void> Transaction::erase_secret(const RowName& row) {
  COFFER_TRY(const store::Key key, parts_.places.of(row));
  COFFER_TRY(const std::optional<store::Row> found, stored(key));
  if (found) {
    // A row that can't be read has no key in the cache, and is to go all the same.
    if (const auto record = parse_record(as_bytes(found->value)); record.ok()) {
      parts_.content_keys.forget(record->id);
    }
  }
  staged_.insert_or_assign(key, std::nullopt);
  return parts_.watcher == nullptr ? Result<void>() : parts_.watcher->erased(*this, row);
}

store::Transaction Transaction::take() {
  store::Transaction out;
  out.preconditions = std::exchange(preconditions_, {});
  if (broken_) {
    // No row ever has this version, so the store refuses all of it.
    out.preconditions.push_back({"coffer/never", std::numeric_limits<std::int64_t>::max()});
  }
  out.writes.reserve(staged_.size());
  for (auto& [key, value] : staged_) out.writes.push_back({key, std::move(value)});
  staged_.clear();
  snapshot_.reset();
  broken_ = false;
  return out;
}

Result<store::Snapshot*> Transaction::snapshot() {
  if (snapshot_ == nullptr) {
    COFFER_TRY(snapshot_, parts_.store.snapshot());
  }
  return snapshot_.get();
}

Result<std::optional<store::Row>> Transaction::stored(const store::Key& key) {
  COFFER_TRY(store::Snapshot * view, snapshot());
  return view->get(key);
}

Result<std::optional<store::Row>> Transaction::current(const store::Key& key) {
  COFFER_TRY(std::optional<store::Row> row, stored(key));
  const auto staged = staged_.find(key);
  if (staged == staged_.end()) return row;
  if (!staged->second) return std::optional<store::Row>();
  return std::optional<store::Row>({*staged->second, row ? row->version : 0});
}

Result<void> Transaction::list_stored(const store::Key& prefix, std::size_t at_most,
                                      std::vector<ListedRow>& rows) {
  COFFER_TRY(store::Snapshot * view, snapshot());
  Result<void> added;
  COFFER_CHECK(view->scan(prefix, [&](const store::Key& key, const store::Row& row) {
    if (!staged_.contains(key)) added = add(key, row.version, row.value, rows);
    return added.ok() && rows.size() < at_most;
  }));
  return added;
}

Result<void> Transaction::list_staged(const store::Key& prefix, std::size_t at_most,
                                      std::vector<ListedRow>& rows) {
  for (auto staged = staged_.lower_bound(prefix);
       rows.size() < at_most && staged != staged_.end() && starts_with(staged->first, prefix);
       ++staged) {
    if (staged->second) COFFER_CHECK(add(staged->first, 0, *staged->second, rows));
  }
  return {};
}

Result<void> Transaction::add(const store::Key& key, store::RowVersion version,
                              std::string_view sealed, std::vector<ListedRow>& rows) const {
  COFFER_TRY(OpenRow opened, open(key, version, sealed));
  rows.push_back({std::move(opened.row.name), std::move(opened.value)});
  return {};
}

Result<ByteView> Transaction::bind_key(const Record& record) const {
  if (record.vault != parts_.keyring.vault()) {
    return make_error(ErrorCode::corrupt, "a sealed record is another vault's");
  }
  Result<ByteView> key =
      parts_.keyring.key(KeyName::bind, record.bind_version, Reveal{"open a secret"});
  if (key.ok() || key.error().code != ErrorCode::not_found) return key;
  return make_error(ErrorCode::corrupt, "a sealed record names a key that isn't in the keyring");
}

void Transaction::replace(const store::Key& key, store::RowVersion version, std::string sealed) {
  expect(key, Expect::unchanged(version));
  staged_.insert_or_assign(key, std::move(sealed));
}

void Transaction::expect_keyring(const Sealing& sealing) {
  expect(keyring_row_key(), {sealing.row});
}

void Transaction::expect(const store::Key& key, const Expect& expected) {
  if (!expected.version) return;
  const bool known = std::any_of(preconditions_.begin(), preconditions_.end(),
                                 [&](const store::Precondition& other) {
                                   return other.key == key && other.version == *expected.version;
                                 });
  if (!known) preconditions_.push_back({key, *expected.version});
}

}  // namespace coffer::envelope
