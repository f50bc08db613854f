#include "fields.h"

#include <algorithm>

#include "coffer/base/bytes.h"
#include "coffer/model/json_tree.h"
#include "coffer/model/json_writer.h"
#include "targets.h"

namespace coffer::engines::database {

using model::Fields;

namespace {

constexpr std::size_t kMostTemplates = 16;

/// As it stands in the text; empty if it doesn't.
std::string_view json_of(const Fields& fields, std::string_view name) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Fields::MemberView member = fields.member(i);
    if (member.name == name) return member.json;
  }
  return {};
}

bool is_text(const Fields& fields, std::string_view name) {
  return json_of(fields, name).starts_with('"');
}

bool says_nothing(std::string_view json) {
  constexpr std::string_view kNothing[] = {"null",    "false",      "0",  R"("")", R"("0")",
                                           R"("0s")", R"("false")", "{}", "[]"};
  return std::find(std::begin(kNothing), std::end(kNothing), json) != std::end(kNothing);
}

bool names_a_value(std::string_view text) { return text.find("{{") != std::string_view::npos; }

/// No statement is taken for base64: each has braces or brackets, which base64 hasn't. And what
/// comes out must have them.
std::string without_base64(std::string text) {
  std::string packed = text;
  std::erase_if(packed, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  const auto bytes = from_base64(packed);
  if (!bytes.ok()) return text;
  const std::string_view inside = as_text(*bytes);
  if (!model::is_utf8(inside) || !(names_a_value(inside) || inside.starts_with('['))) return text;
  return std::string(inside);
}

/// A JSON array of statements; of Redis' rules it is one statement, and names no value.
std::optional<Strings> in_array(std::string_view text) {
  if (!names_a_value(text)) return std::nullopt;
  const auto parsed = model::Json::parse(text);
  if (!parsed.ok() || !parsed->is_array()) return std::nullopt;
  Strings all;
  for (const model::Json& element : parsed->elements()) {
    if (element.kind() != model::Json::Kind::string) return std::nullopt;
    all.push_back(element.text());
  }
  return all;
}

/// The ways that Vault takes them in one string.
Strings unpack(std::string text) {
  std::string statement = without_base64(std::move(text));
  if (auto several = in_array(statement)) return *std::move(several);
  return {std::move(statement)};
}

}  // namespace

Error bad_field(std::string_view name, std::string_view why) {
  return make_error(ErrorCode::invalid_argument,
                    "field \"" + std::string(name) + "\": " + std::string(why));
}

Error bad_field(std::string_view name, const Error& why) {
  return make_error(ErrorCode::invalid_argument, "field \"" + std::string(name) + "\": " + why.text,
                    why.cause);
}

Result<void> refuse_unknown(const Fields& fields, std::initializer_list<std::string_view> names) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Fields::MemberView member = fields.member(i);
    const bool named = std::find(names.begin(), names.end(), member.name) != names.end();
    if (named && !says_nothing(member.json)) return bad_field(member.name, "isn't supported");
  }
  return {};
}

Result<std::optional<Strings>> statements(const Fields& fields, std::string_view name) {
  if (!fields.has(name)) return std::optional<Strings>();
  Strings all;
  if (is_text(fields, name)) {
    COFFER_TRY(const auto text, fields.string(name));
    if (text) all = unpack(*text);
  } else {
    COFFER_TRY(const auto list, fields.strings(name));
    if (list) all = *list;
  }
  std::erase_if(all, [](const std::string& text) { return text.empty(); });
  if (all.size() > kMostTemplates) return bad_field(name, "more than 16 statements");
  return std::optional(std::move(all));
}

Result<void> take(const Fields& fields, std::string_view name, Strings& into) {
  COFFER_TRY(auto given, statements(fields, name));
  if (given) into = *std::move(given);
  return {};
}

Result<void> take(const Fields& fields, std::string_view name, std::string& into) {
  COFFER_TRY(auto given, fields.string(name));
  if (!given) return {};
  if (given->size() > 4096) return bad_field(name, "longer than 4096 bytes");
  into = *std::move(given);
  return {};
}

Result<void> take(const Fields& fields, std::string_view name, std::chrono::seconds& into) {
  COFFER_TRY(const auto given, fields.duration(name));
  if (!given) return {};
  if (given->count() < 0) return bad_field(name, "must not be negative");
  into = *given;
  return {};
}

namespace {

constexpr std::string_view kConfig = "credential_config";
constexpr std::string_view kPolicy = "password_policy";

/// An object, or "password_policy=NAME", as Vault's command line sends it.
Result<std::string> policy_in(const Fields& fields) {
  std::string policy;
  if (says_nothing(json_of(fields, kConfig))) return policy;
  if (is_text(fields, kConfig)) {
    COFFER_TRY(const auto text, fields.string(kConfig));
    const std::string start = std::string(kPolicy) + "=";
    if (!text->starts_with(start)) {
      return bad_field(kConfig, "wanted an object with password_policy");
    }
    return text->substr(start.size());
  }
  COFFER_TRY(const auto config, fields.object(kConfig));
  if (!config) return policy;
  COFFER_CHECK(take(*config, kPolicy, policy));
  for (const std::string_view name : config->names()) {
    if (name != kPolicy) return bad_field(kConfig, "a password has password_policy alone");
  }
  return policy;
}

}  // namespace

Result<void> take_credential(const Fields& fields, std::string& password_policy) {
  COFFER_TRY(const auto type, fields.string("credential_type"));
  if (type && *type != "password") return bad_field("credential_type", "wanted \"password\"");
  if (!fields.has(kConfig)) return {};
  COFFER_TRY(password_policy, policy_in(fields));
  return {};
}

void put_credential(model::JsonWriter& json, const std::string& password_policy) {
  if (password_policy.empty()) return;
  json.key(kConfig).begin_object().key(kPolicy).string(password_policy).end_object();
}

Result<void> check_plugin(std::string_view plugin) {
  if (kind_of(plugin)) return {};
  return bad_field("plugin_name",
                   "wanted postgresql-, mysql-, mariadb-, redis- or valkey-database-plugin");
}

}  // namespace coffer::engines::database
