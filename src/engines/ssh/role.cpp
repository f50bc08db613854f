#include "role.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/model/json_writer.h"

namespace coffer::engines::ssh {
namespace {

constexpr std::uint8_t kRowFormat = 1;

Error corrupt(std::string_view what) {
  return make_error(ErrorCode::corrupt, std::string("an ssh role's row: ").append(what));
}

void append(Writer& row, const Options& options) {
  row.u32(static_cast<std::uint32_t>(options.size()));
  for (const auto& [name, value] : options) row.text(name).text(value);
}

Result<Options> read_pairs(Reader& row) {
  Options options;
  COFFER_TRY(const std::uint32_t count, row.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::string_view name, row.text());
    COFFER_TRY(const std::string_view value, row.text());
    if (!options.empty() && name <= options.rbegin()->first) return corrupt("options out of order");
    options.emplace(name, value);
  }
  return options;
}

Result<std::vector<KeyLength>> read_lengths(Reader& row) {
  std::vector<KeyLength> lengths;
  COFFER_TRY(const std::uint32_t count, row.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::uint8_t type, row.u8());
    COFFER_TRY(const std::uint32_t bits, row.u32());
    if (type == 0 || type > static_cast<std::uint8_t>(KeyType::ed25519_sk)) {
      return corrupt("an unknown type of key");
    }
    lengths.push_back({static_cast<KeyType>(type), bits});
  }
  return lengths;
}

// The members of a role in the order of the row.
constexpr bool Role::*kFlags[] = {&Role::allow_user_certificates, &Role::allow_host_certificates,
                                  &Role::allow_bare_domains, &Role::allow_subdomains,
                                  &Role::allow_user_key_ids};
constexpr std::string Role::*kTexts[] = {&Role::allowed_users,      &Role::allowed_domains,
                                         &Role::default_user,       &Role::allowed_critical_options,
                                         &Role::allowed_extensions, &Role::key_id_format};
constexpr seconds Role::*kTimes[] = {&Role::ttl, &Role::max_ttl, &Role::not_before_duration};

void append_lengths(model::JsonWriter& json, const std::vector<KeyLength>& lengths) {
  json.begin_object();
  for (std::size_t i = 0; i < lengths.size();) {
    const KeyType type = lengths[i].type;
    json.key(to_string(type)).begin_array();
    for (; i < lengths.size() && lengths[i].type == type; ++i) json.number(lengths[i].bits);
    json.end_array();
  }
  json.end_object();
}

void append_options(model::JsonWriter& json, const Options& options) {
  json.begin_object();
  for (const auto& [name, value] : options) json.key(name).string(value);
  json.end_object();
}

}  // namespace

bool Role::allows(KeyLength key) const noexcept {
  const auto& lengths = allowed_user_key_lengths;
  return lengths.empty() || std::any_of(lengths.begin(), lengths.end(), [&](const KeyLength& one) {
           return one.type == key.type && (one.bits == 0 || one.bits == key.bits);
         });
}

std::string encode(const Role& role) {
  Writer row;
  row.u8(kRowFormat);
  for (const auto flag : kFlags) row.u8(role.*flag ? 1 : 0);
  for (const auto text : kTexts) row.text(role.*text);
  for (const auto time : kTimes) row.u64(static_cast<std::uint64_t>((role.*time).count()));
  append(row, role.default_critical_options);
  append(row, role.default_extensions);
  row.u32(static_cast<std::uint32_t>(role.allowed_user_key_lengths.size()));
  for (const KeyLength& length : role.allowed_user_key_lengths) {
    row.u8(static_cast<std::uint8_t>(length.type)).u32(length.bits);
  }
  return std::string(as_text(row.view()));
}

Result<Role> decode_role(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kRowFormat) return corrupt("unknown format");
  Role role;
  for (const auto flag : kFlags) {
    COFFER_TRY(const std::uint8_t set, row.u8());
    if (set > 1) return corrupt("a flag is neither 0 nor 1");
    role.*flag = set == 1;
  }
  for (const auto text : kTexts) {
    COFFER_TRY(role.*text, row.text());
  }
  for (const auto time : kTimes) {
    COFFER_TRY(const std::uint64_t count, row.u64());
    if (count > UINT32_MAX) return corrupt("a time of over a hundred years");
    role.*time = seconds(count);
  }
  COFFER_TRY(role.default_critical_options, read_pairs(row));
  COFFER_TRY(role.default_extensions, read_pairs(row));
  COFFER_TRY(role.allowed_user_key_lengths, read_lengths(row));
  COFFER_CHECK(row.finish());
  return role;
}

std::string role_data(const Role& role) {
  model::JsonWriter json;
  json.begin_object();
  json.key("algorithm_signer").string("default");
  json.key("allow_bare_domains").boolean(role.allow_bare_domains);
  json.key("allow_host_certificates").boolean(role.allow_host_certificates);
  json.key("allow_subdomains").boolean(role.allow_subdomains);
  json.key("allow_user_certificates").boolean(role.allow_user_certificates);
  json.key("allow_user_key_ids").boolean(role.allow_user_key_ids);
  json.key("allowed_critical_options").string(role.allowed_critical_options);
  json.key("allowed_domains").string(role.allowed_domains);
  json.key("allowed_domains_template").boolean(false);
  json.key("allowed_extensions").string(role.allowed_extensions);
  append_lengths(json.key("allowed_user_key_lengths"), role.allowed_user_key_lengths);
  json.key("allowed_users").string(role.allowed_users);
  json.key("allowed_users_template").boolean(false);
  append_options(json.key("default_critical_options"), role.default_critical_options);
  append_options(json.key("default_extensions"), role.default_extensions);
  json.key("default_extensions_template").boolean(false);
  json.key("default_user").string(role.default_user);
  json.key("default_user_template").boolean(false);
  json.key("key_id_format").string(role.key_id_format);
  json.key("key_type").string("ca");
  json.key("max_ttl").number(role.max_ttl.count());
  json.key("not_before_duration").number(role.not_before_duration.count());
  json.key("ttl").number(role.ttl.count());
  json.end_object();
  return std::move(json).take();
}

std::vector<std::string> parts_of(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view part = list.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

}  // namespace coffer::engines::ssh
