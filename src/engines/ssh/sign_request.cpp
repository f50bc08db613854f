#include "sign_request.h"

#include <algorithm>

#include "coffer/crypto/digest.h"

namespace coffer::engines::ssh {
namespace {

using model::Fields;

// sshkey.h of OpenSSH: SSHKEY_CERT_MAX_PRINCIPALS.
constexpr std::size_t kMaxPrincipals = 256;
constexpr std::size_t kMaxPrincipal = 255;
constexpr std::size_t kMaxKeyId = 1024;

Error refused(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

bool contains(const std::vector<std::string>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

bool lists(std::string_view list, std::string_view one) {
  return list == "*" || contains(parts_of(list), one);
}

/// Printable ASCII without blanks: what OpenSSH compares byte by byte.
bool fits(std::string_view principal) {
  return principal.size() <= kMaxPrincipal &&
         std::all_of(principal.begin(), principal.end(),
                     [](char c) { return c > ' ' && c <= '~'; });
}

Result<CertificateType> read_type(const Fields& fields, const Role& role) {
  COFFER_TRY(const auto asked, fields.string("cert_type"));
  const std::string type = asked.value_or("user");
  if (type != "user" && type != "host") return refused("cert_type must be either 'user' or 'host'");
  const bool user = type == "user";
  if (!(user ? role.allow_user_certificates : role.allow_host_certificates)) {
    return refused("cert_type '" + type + "' is not allowed by role");
  }
  return user ? CertificateType::user : CertificateType::host;
}

/// OpenSSH's client takes a host's principals as patterns (sshkey_cert_check_authority()): one of
/// these would speak for hosts that nobody named.
bool is_pattern(std::string_view host) {
  return host.find_first_of("*?") != std::string_view::npos || host.starts_with('.') ||
         host.find("..") != std::string_view::npos;
}

bool allowed_host(const Role& role, const std::vector<std::string>& domains,
                  std::string_view host) {
  return std::any_of(domains.begin(), domains.end(), [&](const std::string& domain) {
    if (host == domain) return role.allow_bare_domains;
    return role.allow_subdomains && host.ends_with("." + domain) && !is_pattern(host);
  });
}

/// None would be a certificate for everybody: refused.
Result<std::vector<std::string>> read_principals(const Fields& fields, const Role& role,
                                                 CertificateType type) {
  const bool user = type == CertificateType::user;
  COFFER_TRY(const auto asked, fields.string("valid_principals"));
  std::vector<std::string> principals;
  for (std::string& one : parts_of(asked && !asked->empty() ? *asked
                                   : user                   ? role.default_user
                                                            : std::string())) {
    if (!contains(principals, one)) principals.push_back(std::move(one));
  }
  if (principals.empty()) {
    return refused("field \"valid_principals\": empty valid principals not allowed by role");
  }
  if (principals.size() > kMaxPrincipals) {
    return refused("field \"valid_principals\": more than 256");
  }
  const std::string& list = user ? role.allowed_users : role.allowed_domains;
  const std::vector<std::string> allowed = parts_of(list);
  if (allowed.empty()) return refused("role is not configured to allow any principals");
  for (const std::string& one : principals) {
    if (!fits(one)) {
      return refused("field \"valid_principals\": wanted up to 255 printable ASCII characters");
    }
    const bool good =
        list == "*" || (user ? contains(allowed, one) : allowed_host(role, allowed, one));
    if (!good) return refused("one of these is not a valid value for valid_principals");
  }
  return principals;
}

Result<seconds> read_ttl(const Fields& fields, const Role& role, const Circumstances& around) {
  COFFER_TRY(const auto asked, fields.duration("ttl"));
  if (asked && *asked < seconds(0)) return refused("field \"ttl\": it is negative");
  const bool specified = asked && *asked > seconds(0);
  const seconds longest = role.max_ttl > seconds(0) ? role.max_ttl : around.max_ttl;
  const seconds usual = role.ttl > seconds(0) ? role.ttl : around.default_ttl;
  const seconds ttl = specified ? *asked : usual;
  if (specified && ttl > longest) {
    return refused("ttl is larger than maximum allowed " + std::to_string(longest.count()));
  }
  return std::min(ttl, longest);
}

/// A critical option forbids something, so a role's own stay whatever a request says: were they
/// replaced as a whole, to ask for any other would lift a forced command.
Result<Options> read_critical(const Fields& fields, const Role& role) {
  COFFER_TRY(const Options asked, read_options(fields, "critical_options"));
  Options options = role.default_critical_options;
  for (const auto& [name, value] : asked) {
    const auto own = options.find(name);
    const bool changes = own != options.end() && own->second != value;
    const bool listed = lists(role.allowed_critical_options, name);
    if (changes ? !listed : !listed && !role.allowed_critical_options.empty()) {
      return refused("field \"critical_options\": critical options not on allowed list");
    }
    options[name] = value;
  }
  return options;
}

Result<Options> read_extensions(const Fields& fields, const Role& role) {
  COFFER_TRY(Options asked, read_options(fields, "extensions"));
  if (asked.empty()) return role.default_extensions;
  for (const auto& [name, value] : asked) {
    if (!lists(role.allowed_extensions, name)) {
      return refused("field \"extensions\": extensions not on allowed list");
    }
  }
  return asked;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

Result<std::string> read_key_id(const Fields& fields, const Role& role, const PublicKey& key,
                                const Circumstances& around) {
  COFFER_TRY(const auto asked, fields.string("key_id"));
  std::string id;
  if (asked && !asked->empty()) {
    if (!role.allow_user_key_ids) return refused("setting key_id is not allowed by role");
    id = *asked;
  } else {
    id = !role.key_id_format.empty()   ? role.key_id_format
         : around.display_name.empty() ? "vault-{{public_key_hash}}"
                                       : "vault-{{token_display_name}}-{{public_key_hash}}";
    COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(key.blob));
    replace_all(id, "{{public_key_hash}}", to_hex(hash));
    replace_all(id, "{{role_name}}", around.role_name);
    // The last: a name that looks like one of the others isn't replaced.
    replace_all(id, "{{token_display_name}}", around.display_name);
  }
  // sshd writes it into its log.
  const bool clean = std::all_of(id.begin(), id.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
  if (clean && id.size() <= kMaxKeyId) return id;
  return refused("field \"key_id\": over 1024 bytes, or a control character");
}

std::uint64_t unix_time(WallTime time) {
  const auto since = std::chrono::floor<seconds>(time.time_since_epoch());
  return since.count() < 0 ? 0 : static_cast<std::uint64_t>(since.count());
}

}  // namespace

Result<PublicKey> read_public_key(const Fields& fields, const Role& role) {
  COFFER_TRY(const auto line, fields.string("public_key"));
  if (!line || line->empty()) return refused("missing public_key");
  COFFER_TRY(PublicKey key, parse_public_key(*line));
  if (role.allows({key.type, key.bits})) return key;
  return refused("field \"public_key\": key type and length are not allowed by role");
}

Result<Certificate> read_sign_request(const Fields& fields, const Role& role,
                                      const Circumstances& around, PublicKey key) {
  Certificate certificate;
  certificate.key = std::move(key);
  COFFER_TRY(certificate.type, read_type(fields, role));
  COFFER_TRY(certificate.principals, read_principals(fields, role, certificate.type));
  COFFER_TRY(const seconds ttl, read_ttl(fields, role, around));
  COFFER_TRY(certificate.critical_options, read_critical(fields, role));
  COFFER_TRY(certificate.extensions, read_extensions(fields, role));
  COFFER_TRY(certificate.key_id, read_key_id(fields, role, certificate.key, around));
  // A host whose clock is behind takes it at once.
  certificate.valid_after = unix_time(around.now - role.not_before_duration);
  certificate.valid_before = unix_time(around.now + ttl);
  return certificate;
}

}  // namespace coffer::engines::ssh
