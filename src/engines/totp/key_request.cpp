#include "key_request.h"

#include <charconv>

#include "base32.h"
#include "otpauth.h"

namespace coffer::engines::totp {
namespace {

using model::Fields;
using std::chrono::seconds;

constexpr std::int64_t kDefaultSize = 20;
// RFC 4226 section 4, R6: 128 bits at least. More than a block of SHA-512 would be hashed down.
constexpr std::int64_t kMinSize = 16;
constexpr std::size_t kMaxSize = 128;
constexpr std::size_t kMaxName = 256;
constexpr seconds kMaxPeriod = std::chrono::hours(24);
constexpr std::int64_t kDefaultQr = 200;
constexpr std::int64_t kMaxQr = 1000;

Error refused(std::string_view why) { return make_error(ErrorCode::invalid_argument, why); }

/// As the fields or a URL have them; the URL's word goes before.
struct Terms {
  std::string issuer;
  std::string account_name;
  std::string algorithm = "SHA1";
  std::string secret;  ///< base32
  std::int64_t digits = 6;
  seconds period{30};
  std::int64_t skew = 1;
};

Result<Terms> read_terms(const Fields& fields) {
  Terms terms;
  COFFER_TRY(const auto issuer, fields.string("issuer"));
  COFFER_TRY(const auto account_name, fields.string("account_name"));
  COFFER_TRY(const auto algorithm, fields.string("algorithm"));
  COFFER_TRY(const auto secret, fields.string("key"));
  COFFER_TRY(const auto digits, fields.integer("digits"));
  COFFER_TRY(const auto period, fields.duration("period"));
  COFFER_TRY(const auto skew, fields.integer("skew"));
  terms.issuer = issuer.value_or("");
  terms.account_name = account_name.value_or("");
  terms.algorithm = algorithm.value_or(terms.algorithm);
  terms.secret = secret.value_or("");
  terms.digits = digits.value_or(terms.digits);
  terms.period = period.value_or(terms.period);
  terms.skew = skew.value_or(terms.skew);
  return terms;
}

Result<std::int64_t> url_number(std::string_view text, std::string_view name) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return refused("field \"url\": an error occurred while parsing " + std::string(name) +
                 " value in url");
}

Result<void> apply_url(std::string_view url, Terms& terms) {
  COFFER_TRY(OtpAuth parts, parse_otpauth(url));
  terms.issuer = parts.issuer;
  terms.account_name = parts.account_name;
  terms.secret = std::move(parts.secret);
  if (parts.algorithm) terms.algorithm = *parts.algorithm;
  if (parts.digits) {
    COFFER_TRY(terms.digits, url_number(*parts.digits, "digits"));
  }
  if (parts.period) {
    COFFER_TRY(const std::int64_t period, url_number(*parts.period, "period"));
    terms.period = seconds(period);
  }
  return {};
}

/// In an app's list one name is told from another by its looks, and a colon parts issuer and name.
Result<void> check_name(std::string_view field, std::string_view text) {
  const std::string name(field);
  if (text.size() > kMaxName) return refused("field \"" + name + "\": over 256 bytes");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return refused("field \"" + name + "\": a control character");
    if (c == ':' && field == "issuer") return refused("field \"issuer\": a colon in it");
  }
  return {};
}

Result<Key> to_key(Terms terms) {
  if (terms.digits != 6 && terms.digits != 8) {
    return refused("the digits value can only be 6 or 8");
  }
  const auto hash = hash_of(terms.algorithm);
  if (!hash) return refused("the algorithm value is not valid: wanted SHA1, SHA256 or SHA512");
  if (terms.period <= seconds(0) || terms.period > kMaxPeriod) {
    return refused("the period value must be greater than zero, and 24 h at most");
  }
  if (terms.skew != 0 && terms.skew != 1) return refused("the skew value must be 0 or 1");
  COFFER_CHECK(check_name("issuer", terms.issuer));
  COFFER_CHECK(check_name("account_name", terms.account_name));
  return Key{.version = 0,
             .hash = *hash,
             .digits = static_cast<std::uint8_t>(terms.digits),
             .skew = static_cast<std::uint8_t>(terms.skew),
             .period = terms.period,
             .issuer = std::move(terms.issuer),
             .account_name = std::move(terms.account_name)};
}

Result<std::string> read_seed(std::string_view secret) {
  if (secret.empty()) return refused("the key value is required");
  auto seed = from_base32(secret);
  if (!seed.ok() || seed->empty()) return refused("invalid key value: it isn't base32");
  if (seed->size() > kMaxSize) return refused("invalid key value: over 128 bytes");
  return seed;
}

}  // namespace

Result<KeyRequest> read_key_request(const Fields& fields) {
  COFFER_TRY(const auto generate, fields.boolean("generate"));
  COFFER_TRY(const auto exported, fields.boolean("exported"));
  COFFER_TRY(const auto url, fields.string("url"));
  COFFER_TRY(const auto size, fields.integer("key_size"));
  COFFER_TRY(const auto qr_size, fields.integer("qr_size"));
  COFFER_TRY(Terms terms, read_terms(fields));
  const bool make = generate.value_or(false);
  if (make && !terms.secret.empty())
    return refused("a key should not be passed if generate is true");
  if (make && url && !url->empty())
    return refused("a url should not be passed if generate is true");
  if (url && !url->empty()) COFFER_CHECK(apply_url(*url, terms));
  const std::int64_t pixels = qr_size.value_or(kDefaultQr);
  if (pixels < 0 || pixels > kMaxQr) {
    return refused("the qr_size value must be greater than or equal to zero, and 1000 at most");
  }
  const std::int64_t bytes = size.value_or(kDefaultSize);
  if (bytes < kMinSize || bytes > static_cast<std::int64_t>(kMaxSize)) {
    return refused("the key_size value must be 16 to 128 (bytes)");
  }
  KeyRequest request{.size = static_cast<std::size_t>(bytes),
                     .exported = exported.value_or(true),
                     .qr_size = static_cast<int>(pixels)};
  const std::string secret = std::move(terms.secret);
  COFFER_TRY(request.key, to_key(std::move(terms)));
  if (!make) {
    COFFER_TRY(request.seed, read_seed(secret));
    return request;
  }
  if (request.key.account_name.empty()) {
    return refused("the account_name value is required for generated keys");
  }
  if (request.key.issuer.empty()) return refused("the issuer value is required for generated keys");
  return request;
}

}  // namespace coffer::engines::totp
