// What a write of a role asks for.
#include <algorithm>
#include <charconv>

#include "role.h"

namespace coffer::engines::ssh {
namespace {

using model::Fields;

constexpr std::size_t kMaxList = std::size_t{16} * 1024;
constexpr std::size_t kMaxOptions = 64;
constexpr std::size_t kMaxOptionName = 64;
constexpr std::size_t kMaxOptionValue = 1024;
constexpr std::size_t kMaxLengths = 32;
constexpr seconds kMaxTime{UINT32_MAX};

Error refused(std::string_view field, std::string_view why) {
  return make_error(ErrorCode::invalid_argument,
                    std::string("field \"").append(field).append("\": ").append(why));
}

/// Clients send all that they know, with "" for what wasn't said.
bool given(const Fields& fields, std::string_view name) {
  if (!fields.has(name)) return false;
  const auto text = fields.string(name);
  return !text.ok() || !*text || !(*text)->empty();
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7F;
  });
}

Result<void> read_text(const Fields& fields, std::string_view name, std::string& out) {
  COFFER_TRY(std::optional<std::string> text, fields.string(name));
  if (!text) return {};
  if (text->size() > kMaxList) return refused(name, "over 16 KiB");
  if (!printable(*text)) return refused(name, "a control character");
  out = *std::move(text);
  return {};
}

Result<void> read_flag(const Fields& fields, std::string_view name, bool& out) {
  if (!given(fields, name)) return {};
  COFFER_TRY(const std::optional<bool> flag, fields.boolean(name));
  out = flag.value_or(out);
  return {};
}

Result<void> read_time(const Fields& fields, std::string_view name, seconds& out) {
  if (!given(fields, name)) return {};
  COFFER_TRY(const std::optional<seconds> time, fields.duration(name));
  out = time.value_or(out);
  if (out < seconds(0) || out > kMaxTime) return refused(name, "wanted 0 to a hundred years");
  return {};
}

/// To take these and not to heed them would give certificates to others than was meant.
Result<void> check_unsupported(const Fields& fields) {
  COFFER_TRY(const auto type, fields.string("key_type"));
  if (!type || type->empty()) return refused("key_type", "missing key type: wanted \"ca\"");
  if (*type != "ca") return refused("key_type", "only \"ca\" is supported");
  for (const std::string_view name :
       {"allowed_users_template", "allowed_domains_template", "default_user_template",
        "default_extensions_template", "allow_empty_principals"}) {
    bool set = false;
    COFFER_CHECK(read_flag(fields, name, set));
    if (set) return refused(name, "true isn't supported");
  }
  COFFER_TRY(const auto algorithm, fields.string("algorithm_signer"));
  const std::string_view signer = algorithm ? std::string_view(*algorithm) : std::string_view();
  if (signer.empty() || signer == "default" || signer == "ecdsa-sha2-nistp256") return {};
  return refused("algorithm_signer", "the CA's key signs with ecdsa-sha2-nistp256 alone");
}

Result<void> read_flags(const Fields& fields, Role& role) {
  COFFER_CHECK(read_flag(fields, "allow_user_certificates", role.allow_user_certificates));
  COFFER_CHECK(read_flag(fields, "allow_host_certificates", role.allow_host_certificates));
  COFFER_CHECK(read_flag(fields, "allow_bare_domains", role.allow_bare_domains));
  COFFER_CHECK(read_flag(fields, "allow_subdomains", role.allow_subdomains));
  COFFER_CHECK(read_flag(fields, "allow_user_key_ids", role.allow_user_key_ids));
  if (role.allow_user_certificates || role.allow_host_certificates) return {};
  return make_error(ErrorCode::invalid_argument,
                    "either 'allow_user_certificates' or 'allow_host_certificates' must be set to "
                    "'true'");
}

Result<void> read_texts(const Fields& fields, Role& role) {
  COFFER_CHECK(read_text(fields, "allowed_users", role.allowed_users));
  COFFER_CHECK(read_text(fields, "allowed_domains", role.allowed_domains));
  COFFER_CHECK(read_text(fields, "default_user", role.default_user));
  COFFER_CHECK(read_text(fields, "allowed_critical_options", role.allowed_critical_options));
  COFFER_CHECK(read_text(fields, "allowed_extensions", role.allowed_extensions));
  return read_text(fields, "key_id_format", role.key_id_format);
}

Result<void> read_times(const Fields& fields, Role& role) {
  COFFER_CHECK(read_time(fields, "ttl", role.ttl));
  COFFER_CHECK(read_time(fields, "max_ttl", role.max_ttl));
  COFFER_CHECK(read_time(fields, "not_before_duration", role.not_before_duration));
  if (role.max_ttl == seconds(0) || role.ttl <= role.max_ttl) return {};
  return make_error(ErrorCode::invalid_argument,
                    "\"ttl\" value must be less than \"max_ttl\" when both are specified");
}

/// {"rsa": [2048, 4096], "ecdsa": 256, "ed25519": 0}; 0: any.
Result<void> read_lengths(const Fields& fields, std::vector<KeyLength>& lengths) {
  constexpr std::string_view kName = "allowed_user_key_lengths";
  if (!given(fields, kName)) return {};
  COFFER_TRY(const auto object, fields.object(kName));
  for (const std::string_view name : object->names()) {
    const auto type = key_type_of(name);
    if (!type) return refused(kName, "unknown type of key: wanted rsa, ecdsa, ed25519");
    std::vector<std::string> numbers;
    if (const auto single = object->integer(name); single.ok() && *single) {
      numbers.push_back(std::to_string(**single));
    } else {
      const auto several = object->strings(name);
      if (!several.ok() || !*several) return refused(kName, "wanted numbers of bits, or lists");
      numbers = **several;
    }
    for (const std::string& number : numbers) {
      std::uint32_t bits = 0;
      const char* end = number.data() + number.size();
      const auto [stop, problem] = std::from_chars(number.data(), end, bits);
      if (number.empty() || problem != std::errc{} || stop != end) {
        return refused(kName, "wanted numbers of bits, or lists of them");
      }
      lengths.push_back({*type, bits});
    }
  }
  if (lengths.size() > kMaxLengths) return refused(kName, "more than 32 numbers");
  const auto in_order = [](const KeyLength& a, const KeyLength& b) {
    return std::pair(a.type, a.bits) < std::pair(b.type, b.bits);
  };
  std::sort(lengths.begin(), lengths.end(), in_order);
  return {};
}

}  // namespace

Result<Options> read_options(const Fields& fields, std::string_view name) {
  Options options;
  if (!given(fields, name)) return options;
  COFFER_TRY(const auto object, fields.object(name));
  for (const std::string_view option : object->names()) {
    const auto value = object->string(option);
    if (!value.ok() || !*value) return refused(name, "wanted an object of strings");
    const bool fits = !option.empty() && option.size() <= kMaxOptionName && printable(option) &&
                      (*value)->size() <= kMaxOptionValue && printable(**value);
    if (!fits) {
      return refused(name,
                     "wanted names of 64 and values of 1024 bytes, without control characters");
    }
    options.emplace(option, **value);
  }
  if (options.size() > kMaxOptions) return refused(name, "more than 64 options");
  return options;
}

Result<Role> read_role(const Fields& fields) {
  COFFER_CHECK(check_unsupported(fields));
  Role role;
  COFFER_CHECK(read_texts(fields, role));
  COFFER_CHECK(read_times(fields, role));
  COFFER_TRY(role.default_critical_options, read_options(fields, "default_critical_options"));
  COFFER_TRY(role.default_extensions, read_options(fields, "default_extensions"));
  COFFER_CHECK(read_lengths(fields, role.allowed_user_key_lengths));
  COFFER_CHECK(read_flags(fields, role));
  return role;
}

}  // namespace coffer::engines::ssh
