#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/model/json_writer.h"
#include "handlers.h"

namespace coffer::engines::totp {
namespace {

using engine::Context;
using engine::Expect;
using model::Response;

Error no_such_key() {
  return make_error(ErrorCode::invalid_argument, "unknown key: there is none of this name");
}

/// RFC 6238 section 4.2: how many periods have passed since 1970.
std::uint64_t step_at(WallTime now, std::chrono::seconds period) {
  const auto passed = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  return passed.count() < 0 ? 0 : static_cast<std::uint64_t>(passed / period);
}

Result<std::string> open_seed(Context& context, std::string_view name, const Key& key) {
  const Uuid& mount = context.mount.uuid;
  return context.tx.open_secret(seed_row(mount, name, key.version),
                                seed_context(mount, name, key.version));
}

/// The steps, of those that count at `now`, whose code this is. All are looked at whatever fits, so
/// that the time it takes says nothing.
Result<std::vector<std::uint64_t>> steps_of(const Key& key, std::string_view seed,
                                            std::string_view code, std::uint64_t now) {
  std::vector<std::uint64_t> steps;
  for (std::uint64_t step = now - std::min<std::uint64_t>(key.skew, now); step <= now + key.skew;
       ++step) {
    COFFER_TRY(const std::string right, crypto::hotp(key.hash, as_bytes(seed), step, key.digits));
    if (crypto::equal_constant_time(as_bytes(right), as_bytes(code))) steps.push_back(step);
  }
  return steps;
}

Response validity(bool valid) {
  model::JsonWriter json;
  json.begin_object().key("valid").boolean(valid).end_object();
  return {.data = std::move(json).take()};
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Response> make_code(Context& context, std::string_view name) {
  COFFER_TRY(const auto stored, load(context, name));
  if (!stored) return no_such_key();
  COFFER_TRY(std::string seed, open_seed(context, name, stored->key));
  const auto code = crypto::hotp(stored->key.hash, as_bytes(seed),
                                 step_at(context.now, stored->key.period), stored->key.digits);
  wipe(seed);
  if (!code.ok()) return code.error();
  model::JsonWriter json;
  json.begin_object().key("code").string(*code).end_object();
  return Response{.data = std::move(json).take()};
}

/// That a code was used is committed with the answer that it was good, under the precondition that
/// nobody else used one meanwhile: the loser of a race looks again, and finds it used.
Result<Response> check_code(Context& context, std::string_view name,
                            const model::Request& request) {
  COFFER_TRY(const auto code, request.fields.string("code"));
  if (!code || code->empty()) {
    return make_error(ErrorCode::invalid_argument, "the code value is required");
  }
  COFFER_TRY(auto stored, load(context, name));
  if (!stored) return no_such_key();
  Key& key = stored->key;
  const std::uint64_t now = step_at(context.now, key.period);
  COFFER_TRY(std::string seed, open_seed(context, name, key));
  const auto steps = steps_of(key, seed, trimmed(*code), now);
  wipe(seed);
  if (!steps.ok()) return steps.error();
  if (steps->empty()) return validity(false);
  if (std::any_of(steps->begin(), steps->end(), [&](auto step) { return key.used.has(step); })) {
    return make_error(ErrorCode::invalid_argument,
                      "code already used; wait until the next time period");
  }
  for (const std::uint64_t step : *steps) key.used.add(step);
  key.used.forget_below(now - std::min<std::uint64_t>(key.skew, now));
  COFFER_CHECK(context.tx.write(key_row(context.mount.uuid, name), encode(key),
                                Expect::unchanged(stored->version)));
  return validity(true);
}

}  // namespace coffer::engines::totp
