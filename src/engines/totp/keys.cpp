#include "base32.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/model/json_writer.h"
#include "handlers.h"
#include "key_request.h"
#include "otpauth.h"
#include "png.h"

namespace coffer::engines::totp {
namespace {

using engine::Context;
using engine::Expect;
using model::Response;

/// Keys of one step of clearing; each is a row and a secret.
constexpr std::size_t kStep = 64;

Result<void> make_seed(KeyRequest& request) {
  COFFER_TRY(const SecureBytes random, crypto::random_secret(request.size));
  request.seed = as_text(random.expose(Reveal{"the seed of a new two-factor device"}));
  return {};
}

/// A PNG in base64.
Result<std::string> barcode(std::string_view url, int size) {
  COFFER_TRY(const QrCode code, make_qr(url));
  if (code.size() > size) {
    return make_error(ErrorCode::invalid_argument, "the qr_size value must be at least " +
                                                       std::to_string(code.size()) +
                                                       " for this url, or 0");
  }
  return to_base64(as_bytes(to_png(code, size)));
}

/// The one time that a seed is told.
Result<Response> with_url(const KeyRequest& request) {
  const Key& key = request.key;
  const std::string url = to_url({.issuer = key.issuer,
                                  .account_name = key.account_name,
                                  .secret = to_base32(request.seed),
                                  .period = std::to_string(key.period.count()),
                                  .digits = std::to_string(key.digits),
                                  .algorithm = std::string(to_string(key.hash))});
  model::JsonWriter json;
  json.begin_object();
  if (request.qr_size > 0) {
    COFFER_TRY(const std::string picture, barcode(url, request.qr_size));
    json.key("barcode").string(picture);
  }
  json.key("url").string(url).end_object();
  return Response{.data = std::move(json).take()};
}

/// Whether steps of the one are steps of the other; more digits of a code hold the fewer ones. A
/// seed that is damaged is no reason to refuse another in its place.
Result<bool> has_the_same_steps(Context& context, std::string_view name, const Key& before,
                                const KeyRequest& asked) {
  if (before.hash != asked.key.hash || before.period != asked.key.period) return false;
  const Uuid& mount = context.mount.uuid;
  auto seed = context.tx.open_secret(seed_row(mount, name, before.version),
                                     seed_context(mount, name, before.version));
  if (!seed.ok()) {
    if (seed.error().code == ErrorCode::unavailable) return seed.error();
    return false;
  }
  const bool same = crypto::equal_constant_time(as_bytes(*seed), as_bytes(asked.seed));
  wipe(*seed);
  return same;
}

}  // namespace

Result<std::optional<StoredKey>> load(Context& context, std::string_view name) {
  COFFER_TRY(const auto row, context.tx.read(key_row(context.mount.uuid, name)));
  if (!row) return std::optional<StoredKey>();
  COFFER_TRY(Key key, decode(row->value));
  return std::optional<StoredKey>(StoredKey{std::move(key), row->version});
}

Result<Response> list_keys(Context& context) {
  COFFER_TRY(const auto rows, context.tx.list({context.mount.uuid, kKeyTable}, {}));
  if (rows.empty()) return make_error(ErrorCode::not_found, "");
  model::JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const engine::ListedRow& row : rows) json.string(row.name);
  json.end_array().end_object();
  return Response{.data = std::move(json).take()};
}

Result<Response> read_key(Context& context, std::string_view name) {
  COFFER_TRY(const auto stored, load(context, name));
  if (!stored) return make_error(ErrorCode::not_found, "");
  const Key& key = stored->key;
  model::JsonWriter json;
  json.begin_object().key("account_name").string(key.account_name);
  json.key("algorithm").string(to_string(key.hash)).key("digits").number(key.digits);
  json.key("issuer").string(key.issuer).key("period").number(key.period.count()).end_object();
  return Response{.data = std::move(json).take()};
}

/// A key that is written anew is another one: its seed goes, and with it what was used of it;
/// unless it is the same, of which no code becomes good again.
Result<Response> write_key(Context& context, std::string_view name, const model::Request& request) {
  COFFER_TRY(KeyRequest asked, read_key_request(request.fields));
  const bool made = asked.seed.empty();
  if (made) COFFER_CHECK(make_seed(asked));
  const Uuid& mount = context.mount.uuid;
  COFFER_TRY(const auto before, load(context, name));
  if (before) {
    COFFER_TRY(const bool same, has_the_same_steps(context, name, before->key, asked));
    if (same) asked.key.used = before->key.used;
    COFFER_CHECK(context.tx.erase_secret(seed_row(mount, name, before->key.version)));
    asked.key.version = before->key.version + 1;
  }
  COFFER_CHECK(context.tx.seal_secret(seed_row(mount, name, asked.key.version),
                                      seed_context(mount, name, asked.key.version), asked.seed));
  COFFER_CHECK(context.tx.write(key_row(mount, name), encode(asked.key),
                                before ? Expect::unchanged(before->version) : Expect::absent()));
  auto answer = made && asked.exported
                    ? with_url(asked)
                    : Result<Response>(Response{.outcome = model::Outcome::empty});
  wipe(asked.seed);  // a short one stands in the string itself, which no heap wipes
  return answer;
}

Result<Response> remove_key(Context& context, std::string_view name) {
  COFFER_TRY(const auto stored, load(context, name));
  if (stored) {
    const Uuid& mount = context.mount.uuid;
    COFFER_CHECK(context.tx.erase_secret(seed_row(mount, name, stored->key.version)));
    context.tx.erase(key_row(mount, name), Expect::unchanged(stored->version));
  }
  return Response{.outcome = model::Outcome::empty};
}

Result<bool> clear_keys(engine::SealedTransaction& tx, const Uuid& mount) {
  COFFER_TRY(const auto rows, tx.list_some({mount, kKeyTable}, {}, kStep));
  for (const engine::ListedRow& row : rows) {
    COFFER_TRY(const Key key, decode(row.value));
    COFFER_CHECK(tx.erase_secret(seed_row(mount, row.name, key.version)));
    tx.erase(key_row(mount, row.name), Expect::anything());
  }
  return rows.size() < kStep;
}

}  // namespace coffer::engines::totp
